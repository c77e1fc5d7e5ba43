#!/bin/bash
# Alerts, dashboard, runbook, metrics.def and log.def tell of the same things.
exec python3 -B tests/lint/observability.py
