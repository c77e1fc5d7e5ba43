#!/bin/bash
# The alert rules are rules, and fire when they should: promtool's own tests. Skipped without promtool.
if ! command -v promtool >/dev/null; then
    echo "alerts: promtool is not installed (deploy/packages.sh test names its package); skipped"
    exit 77
fi
promtool check rules deploy/alerts/paperscout.yml && promtool test rules tests/alerts/paperscout_test.yml
