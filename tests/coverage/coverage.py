#!/usr/bin/env python3
"""Line and branch coverage of each core/ file by the unit tests, known fuzz inputs and simulations.

    coverage.py [--build DIR] [--jobs N] [--report FILE] [--missing FILE]

    --build DIR     build folder of the preset coverage (default: build/coverage; made here)
    --report FILE   writes the figures as JSON, for the page of deploy/test.sh --report
                    (default: build/report/coverage.json)
    --missing FILE  lists the lines of one core/ file of which a branch was never taken, and runs nothing

A branch of an assertion counts for nothing: it is taken only by a fault. Exit status: 0 measured, 1 a test failed, 2 no build.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LABELS = "^(unit|fuzz|simulation)$"
CORE = re.compile(r"^(?:shared|scheduler|worker|notifier)/core/[^/]+\.c$")


def tests_of(build):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1", "-L", LABELS], check=True,
                           capture_output=True, text=True).stdout
    return json.loads(shown)["tests"]


def make(build, jobs):
    """Builds the programs of these tests; whether that went well."""
    preset = ["cmake", "-S", ROOT, "-B", build, "--preset", "coverage"]
    if subprocess.run(preset, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        return False
    # A test has no command before its program is built; the program is named after it.
    targets = sorted({test["name"].replace(".", "_", 1) for test in tests_of(build)})
    return subprocess.run(["cmake", "--build", build, "--parallel", str(jobs), "--target", *targets],
                          stdout=subprocess.DEVNULL, check=False).returncode == 0


def gcov(build):
    """What gcov says of each object file of core: one JSON document each."""
    for data in sorted(glob.glob(f"{build}/*/CMakeFiles/*/core/*.gcda")):
        text = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data], check=True,
                              capture_output=True, text=True, cwd=build).stdout
        for line in text.splitlines():
            yield json.loads(line)


def is_assertion(text):
    return re.search(r"\bassert\(", text) is not None


def figures(build):
    """{file: {"lines": {number: count}, "branches": {number: [count, ...]}}} of each core/ file"""
    found = {}
    for document in gcov(build):
        for entry in document["files"]:
            path = os.path.relpath(os.path.join(document["current_working_directory"], entry["file"]), ROOT)
            if not CORE.match(path) or not os.path.exists(os.path.join(ROOT, path)):
                continue
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                source = ["", *file.read().splitlines()]
            one = found.setdefault(path, {"lines": {}, "branches": {}})
            for line in entry["lines"]:
                number = line["line_number"]
                one["lines"][number] = one["lines"].get(number, 0) + line["count"]
                if line["branches"] and not (number < len(source) and is_assertion(source[number])):
                    counts = [branch["count"] for branch in line["branches"]]
                    one["branches"].setdefault(number, []).extend(counts)
    return found


def share(part, whole):
    return round(100 * part / whole, 1) if whole else 100.0


def summary(found):
    rows = []
    for path, one in sorted(found.items()):
        branches = [count for counts in one["branches"].values() for count in counts]
        rows.append({"file": path, "lines": len(one["lines"]), "lines_run": sum(count > 0 for count in one["lines"].values()),
                     "branches": len(branches), "branches_taken": sum(count > 0 for count in branches)})
        rows[-1]["line_share"] = share(rows[-1]["lines_run"], rows[-1]["lines"])
        rows[-1]["branch_share"] = share(rows[-1]["branches_taken"], rows[-1]["branches"])
    return rows


def show_missing(found, path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        source = ["", *file.read().splitlines()]
    one = found.get(path, {"branches": {}})
    for number, counts in sorted(one["branches"].items()):
        if 0 in counts:
            print(f"{path}:{number}: {sum(count > 0 for count in counts)} of {len(counts)}: {source[number].strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "coverage"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--report", default=os.path.join(ROOT, "build", "report", "coverage.json"))
    parser.add_argument("--missing")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    if options.missing:
        show_missing(figures(build), os.path.relpath(os.path.abspath(options.missing), ROOT))
        return 0
    if not make(build, options.jobs):
        print("the coverage build failed")
        return 2
    for data in glob.glob(f"{build}/**/*.gcda", recursive=True):
        os.unlink(data)
    good = subprocess.run(["ctest", "--test-dir", build, "--parallel", str(options.jobs), "-L", LABELS, "--quiet"],
                          check=False).returncode == 0
    rows = summary(figures(build))
    os.makedirs(os.path.dirname(options.report), exist_ok=True)
    with open(options.report, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
    for row in sorted(rows, key=lambda row: row["branch_share"]):
        print(f"{row['branch_share']:5.1f} % of {row['branches']:4} branches, {row['line_share']:5.1f} % of {row['lines']:4} lines  "
              f"{row['file']}")
    taken, all_of_them = sum(row["branches_taken"] for row in rows), sum(row["branches"] for row in rows)
    print(f"{share(taken, all_of_them)} % of {all_of_them} branches in {len(rows)} core files"
          + ("" if good else "; some tests failed"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
