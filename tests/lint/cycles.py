"""Include cycles between modules under ROOT (first argument).

A module is NAME.c with NAME.h. Its private header NAME_private.h counts as part of it, so two files of one module
may include each other. Every other cycle means that two modules can only be understood and changed together.
"""
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def module(path):
    return re.sub(r"(_private)?\.[ch]$", "", path)


def graph_of(root):
    graph = {}
    for component in ("shared", "scheduler", "worker", "notifier"):
        for folder, _, names in os.walk(os.path.join(root, component)):
            for name in names:
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.join(folder, name)
                uses = graph.setdefault(module(os.path.relpath(path, root)), set())
                with open(path, encoding="utf-8") as file:
                    uses.update(module(include) for include in INCLUDE.findall(file.read()))
    return {name: {use for use in uses if use in graph and use != name} for name, uses in graph.items()}


def reachable(graph, start):
    seen, todo = set(), list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


def cycles_of(graph):
    """The strongly connected groups of more than one module, each as one line of text."""
    reach = {name: reachable(graph, name) for name in graph}
    return {" ".join(sorted({name} | {other for other in reach[name] if name in reach[other]}))
            for name in graph if name in reach[name]}


def main():
    found = cycles_of(graph_of(sys.argv[1]))
    bad = [f"include cycle: {cycle}" for cycle in sorted(found)]
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
