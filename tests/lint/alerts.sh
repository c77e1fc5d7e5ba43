#!/bin/bash
# The alert rules are rules, and fire when they should: promtool plays the table in tests/alerts/cases.py. Skipped without promtool.
if ! command -v promtool >/dev/null; then
    echo "alerts: promtool is not installed (deploy/packages.sh test names its package); skipped"
    exit 77
fi
promtool check rules deploy/alerts/paperscout.yml && python3 tests/alerts/cases.py
