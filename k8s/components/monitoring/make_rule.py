#!/usr/bin/env python3
"""Writes prometheusrule.yaml beside this file: deploy/alerts/paperscout.yml as the Prometheus operator takes it.

Kustomize reads no file outside its folder, so the rules are here a second time; a test compares them.
With --print it prints what the file should hold and writes nothing.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(HERE, "..", "..", "..", "deploy", "alerts", "paperscout.yml")
HEAD = """# Made by make_rule.py from deploy/alerts/paperscout.yml: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: paperscout
spec:
"""


def text():
    with open(RULES, encoding="utf-8") as file:
        lines = file.read().splitlines()
    rules = lines[lines.index("groups:"):]
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in rules)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text())
    else:
        with open(os.path.join(HERE, "prometheusrule.yaml"), "w", encoding="utf-8") as out:
            out.write(text())
