#!/usr/bin/env python3
"""Writes two files beside this one: prometheusrule.yaml, which is deploy/alerts/paperscout.yml as the Prometheus
operator takes it, and dashboard.json, which is deploy/dashboards/paperscout.json on one line. The Helm chart gets the
same two.

Kustomize and Helm read no file outside their folder, so both are there again; a test compares them.
--print prints what prometheusrule.yaml should hold, --print-dashboard the other, and nothing is written.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DASHBOARD = os.path.join(HERE, "..", "..", "..", "deploy", "dashboards", "paperscout.json")
CHART = os.path.join(HERE, "..", "..", "helm", "paperscout", "files")
RULES = os.path.join(HERE, "..", "..", "..", "deploy", "alerts", "paperscout.yml")
HEAD = """# Made by make_rule.py from deploy/alerts/paperscout.yml: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: paperscout
  labels:
    app.kubernetes.io/instance: paperscout
    app.kubernetes.io/part-of: paperscout
    app.kubernetes.io/managed-by: kustomize
    app.kubernetes.io/version: 0.1.0
spec:
"""


def text():
    with open(RULES, encoding="utf-8") as file:
        lines = file.read().splitlines()
    rules = lines[lines.index("groups:"):]
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in rules)


def groups():
    """The rules as the chart includes them."""
    with open(RULES, encoding="utf-8") as file:
        lines = file.read().splitlines()
    return "\n".join(lines[lines.index("groups:"):]) + "\n"


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.dumps(json.load(file), separators=(",", ":"), ensure_ascii=False) + "\n"


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
        out.write(content)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text())
    elif sys.argv[1:] == ["--print-dashboard"]:
        sys.stdout.write(dashboard())
    else:
        write(HERE, "prometheusrule.yaml", text())
        write(HERE, "dashboard.json", dashboard())
        if os.path.isdir(CHART):
            write(CHART, "rules.yaml", groups())
            write(CHART, "dashboard.json", dashboard())
