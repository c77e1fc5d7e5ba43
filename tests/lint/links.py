#!/usr/bin/env python3
"""What the documents point at is there: relative links, files and folders named by their path, settings.

usage: links.py PROGRAM     in the source folder; PROGRAM knows the settings (--markdown-settings)
"""
import os
import re
import subprocess
import sys

SKIPPED = {".git", "build", "node_modules", "corpora", "vendor"}
TOP = ("deploy/", "k8s/", "notifier/", "scheduler/", "shared/", "tests/", "worker/", ".ci/")
MADE_UP = re.compile(r"[*<>…{}]|NNNN|\.\.\.|secrets/|/\.env")  # patterns, and what a command makes
NO_SETTINGS = {"RATE_LIMIT", "DATA_DIR", "NO_COLOR"}  # a category of failures; of the Python service; a convention
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
SETTING = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def documents():
    for folder, folders, names in os.walk("."):
        folders[:] = [name for name in folders
                      if name not in SKIPPED and not name.startswith("build-")]
        yield from (os.path.normpath(os.path.join(folder, name)) for name in names if name.endswith(".md"))


def missing(document, text, settings):
    folder = os.path.dirname(document)
    for target in LINK.findall(text):
        path = target.partition("#")[0]
        if path and not re.match(r"[a-z]+:", path) and not os.path.exists(os.path.join(folder, path)):
            yield f"link to {target}"
    for code in CODE.findall(text):
        for word in code.split():
            word = word.strip("(),;:")
            if word.startswith(TOP) and not MADE_UP.search(word) and not os.path.exists(word) \
                    and not os.path.exists(os.path.join(folder, word)):
                yield word
        if SETTING.fullmatch(code) and code not in settings | NO_SETTINGS \
                and code.removesuffix("_FILE") not in settings and not code.startswith("PAPERSCOUT_"):
            yield f"setting {code}"


def main():
    table = subprocess.run([sys.argv[1], "--markdown-settings"], capture_output=True, text=True, check=True)
    settings = set(re.findall(r"^\| `([A-Z0-9_]+)`", table.stdout, re.M))
    faults = 0
    for document in sorted(documents()):
        with open(document, encoding="utf-8") as file:
            for what in missing(document, file.read(), settings):
                print(f"docs: {document} names what is not there: {what}")
                faults += 1
    return 1 if faults or not settings else 0


if __name__ == "__main__":
    sys.exit(main())
