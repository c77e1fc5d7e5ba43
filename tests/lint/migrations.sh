#!/bin/bash
# Migrations since the baseline only add, so that two versions can run at once.
exec python3 -B tests/lint/migrations.py
