#!/usr/bin/env python3
"""How well title and authors of documents are read: tests/bench/documents.py [--facts TSV] FOLDER|FILE…

Runs `paperscout-worker read` on every HTML and PDF file and prints how many have a title, authors and words, and
which texts hold an e-mail address. With --facts, a table judged by hand (file name, title, authors joined by "; ",
separated by tabs), it prints the rates and every document that differs. --print-facts prints what was read in that
form, as a start for judging. Needs no network; PAPERSCOUT_BUILD names another build folder than build/debug."""
import argparse
import json
import os
import re
import subprocess
import sys
import unicodedata

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
BUILD = os.environ.get("PAPERSCOUT_BUILD", os.path.join(ROOT, "build", "debug"))
SUFFIXES = (".html", ".htm", ".pdf")
ADDRESS = re.compile(r"\S@\S|\(at\)|\bat \S+ dot ")


def files_of(paths):
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, _, names in sorted(os.walk(path)):
            yield from (os.path.join(folder, name) for name in sorted(names) if name.lower().endswith(SUFFIXES))


def read(paths):
    """One dictionary for each file, as the worker prints it."""
    worker = os.path.join(BUILD, "worker", "paperscout-worker")
    done = subprocess.run([worker, "read", *paths], stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def plain(text):
    """Letters and digits only: white space, quotes and dashes are written in many ways."""
    return "".join(c for c in unicodedata.normalize("NFKD", text or "").casefold() if c.isalnum())


def facts_of(path):
    with open(path, encoding="utf-8") as table:
        rows = (line.rstrip("\n").split("\t") for line in table if line.strip() and not line.startswith("#"))
        return {row[0]: (row[1], [name for name in row[2].split("; ") if name]) for row in rows}


def rate(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def compare(documents, facts):
    judged = titles = authors = 0
    for document in documents:
        fact = facts.get(os.path.basename(document["file"]))
        if fact is None:
            continue
        judged += 1
        title_right = plain(document["title"]) == plain(fact[0])
        authors_right = [plain(name) for name in document["authors"]] == [plain(name) for name in fact[1]]
        titles += title_right
        authors += authors_right
        if not title_right:
            print(f"{document['file']}: title {document['title']!r}, not {fact[0]!r}")
        if not authors_right:
            print(f"{document['file']}: authors {document['authors']}, not {fact[1]}")
    print(f"titles right: {rate(titles, judged)}; author lists right: {rate(authors, judged)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", metavar="TSV")
    parser.add_argument("--print-facts", action="store_true")
    parser.add_argument("paths", nargs="+", metavar="FOLDER|FILE")
    options = parser.parse_args()
    documents = read(list(files_of(options.paths)))
    if options.print_facts:
        for document in documents:
            print(os.path.basename(document["file"]), document["title"] or "", "; ".join(document["authors"]), sep="\t")
        return 0
    addresses = [d["file"] for d in documents if any(ADDRESS.search(t) for t in [d["title"] or "", *d["authors"]])]
    print(f"with a title: {rate(sum(bool(d['title']) for d in documents), len(documents))}; with authors: "
          f"{rate(sum(bool(d['authors']) for d in documents), len(documents))}; with words: "
          f"{rate(sum(bool(d['words']) for d in documents), len(documents))}; errors: "
          f"{sum('error' in d for d in documents)}; with an e-mail address: {len(addresses)}")
    for name in addresses:
        print(f"{name}: an e-mail address")
    if options.facts:
        compare(documents, facts_of(options.facts))
    return 1 if addresses else 0


if __name__ == "__main__":
    sys.exit(main())
