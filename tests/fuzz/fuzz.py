#!/usr/bin/env python3
"""Runs libFuzzer on each parser, one after the other, and prints which part of each parser its inputs reach.

    fuzz.py [--seconds N] [--only NAME ...] [--build DIR] [--report FILE]

    --seconds N     the time of each target (600)
    --only NAME     these targets only: url for fuzz_url.c
    --build DIR     build folder of the preset fuzz (default: build/fuzz; made here)
    --report FILE   where the figures go as JSON (build/report/fuzz.json)

Each target begins with its known inputs, tests/fuzz/corpora/NAME, and with what earlier runs found, DIR/found/NAME.
An input that makes a target crash, leak, take 10 s or 2 GB is kept in DIR/failed/NAME; add it to the corpus with the repair.
The share of a file is that of its edges (libFuzzer's counters) which at least one input took; a file is a parser's own if it
has the target's name or is reached for at least a third. The sanitizers' checks are edges too, which no input takes, so that
shares stay well below 100 %. Exit status: 0 clean, 1 a target failed, 2 no build.
"""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
HERE = os.path.join(ROOT, "tests", "fuzz")
FUNCTION = re.compile(r"^(?:UN)?COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) \S+ (\S+?):\d+")
OWN_SHARE = 1 / 3


def targets():
    return sorted(os.path.basename(path)[len("fuzz_"):-len(".c")] for path in glob.glob(f"{HERE}/fuzz_*.c"))


def make(build, names):
    launcher = subprocess.run(["which", "ccache"], capture_output=True, text=True, check=False).stdout.strip()
    preset = ["cmake", "-S", ROOT, "-B", build, "--preset", "fuzz", f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}"]
    for command in (preset, ["cmake", "--build", build, "--target", *(f"libfuzz_{name}" for name in names)]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            print((done.stdout + done.stderr)[-4000:])
            return False
    return True


def edges_by_file(output):
    """{file: [taken, all]} of the files of the project that the target links."""
    found = collections.defaultdict(lambda: [0, 0])
    for line in output.splitlines():
        match = FUNCTION.match(line)
        if match and match.group(3).startswith(ROOT + "/") and "/core/" in match.group(3):
            counts = found[os.path.relpath(match.group(3), ROOT)]
            counts[0] += int(match.group(1))
            counts[1] += int(match.group(2))
    return found


def last_number(pattern, output):
    numbers = re.findall(pattern, output)
    return int(numbers[-1]) if numbers else 0


def fuzz(build, name, seconds):
    found, failed = (os.path.join(build, kind, name) for kind in ("found", "failed"))
    os.makedirs(found, exist_ok=True)
    os.makedirs(failed, exist_ok=True)
    began, before = time.monotonic(), len(os.listdir(found))
    command = [f"{build}/tests/fuzz/libfuzz_{name}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", "-print_coverage=1", f"-artifact_prefix={failed}/", found, f"{HERE}/corpora/{name}"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, timeout=seconds + 1800)
    files = edges_by_file(done.stdout)
    own = {path: counts for path, counts in files.items()
           if os.path.basename(path) == f"{name}.c" or (counts[1] and counts[0] / counts[1] >= OWN_SHARE)}
    row = {"target": name, "seconds": round(time.monotonic() - began), "good": done.returncode == 0,
           "runs": last_number(r"stat::number_of_executed_units: (\d+)", done.stdout),
           "edges": last_number(r" cov: (\d+) ", done.stdout), "new_inputs": len(os.listdir(found)) - before,
           "files": {path: {"taken": counts[0], "edges": counts[1]} for path, counts in sorted(own.items())}}
    return row, done.stdout


def show(row):
    shares = ", ".join(f"{os.path.basename(path)} {100 * one['taken'] / one['edges']:.0f} % of {one['edges']}"
                       for path, one in row["files"].items())
    print(f"{row['target']:16} {'clean' if row['good'] else 'FAILED':6} {row['seconds']:5} s {row['runs']:10} runs "
          f"{row['edges']:6} edges {row['new_inputs']:5} new inputs; {shares or 'no file measured'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--only", nargs="+", default=targets(), metavar="NAME")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "fuzz"))
    parser.add_argument("--report", default=os.path.join(ROOT, "build", "report", "fuzz.json"))
    options = parser.parse_args()
    unknown = set(options.only) - set(targets())
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(targets())}")
    build = os.path.abspath(options.build)
    if not make(build, options.only):
        print("the fuzz build failed")
        return 2
    rows = []
    os.makedirs(os.path.dirname(os.path.abspath(options.report)), exist_ok=True)
    for name in options.only:
        row, output = fuzz(build, name, options.seconds)
        if not row["good"]:
            print("\n".join(line for line in output.splitlines() if "COVERED_FUNC" not in line)[-6000:])
        show(row)
        rows.append(row)
        with open(options.report, "w", encoding="utf-8") as file:
            json.dump({"seconds": options.seconds, "targets": rows}, file, indent=1)
    bad = [row["target"] for row in rows if not row["good"]]
    print(f"{len(rows)} targets, {options.seconds} s each: " + (f"failed: {', '.join(bad)}" if bad else "all clean"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
