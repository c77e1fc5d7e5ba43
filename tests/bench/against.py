#!/usr/bin/env python3
"""Measures this version and the last release in turns on this machine, and prints the ratios of their costs.

    against.py [REVISION] [--rounds N] [--report FILE]

    REVISION   a commit or tag; default: the newest tag, else tests/skew/baseline
    --rounds   measurements of each version, in turns (3)
    --report   where the figures go (build/report/bench.json), for the page of deploy/test.sh --report

It builds both with the preset release: the other one in build/against/<commit>. Only figures that both print are compared.
Above 1 this version costs more. Some ten minutes; best on a machine that does nothing else.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PARTS = ("index", "planner", "publish", "queue")
TARGETS = ("bench_index", "bench_planner", "bench_tasks", "bench_heads", "bench_queue", "bench_noop_worker", "paperscout-worker")


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)


def last_release():
    tag = git("describe", "--tags", "--abbrev=0")
    if tag.returncode == 0:
        return tag.stdout.strip()
    with open(os.path.join(ROOT, "tests", "skew", "baseline"), encoding="utf-8") as file:
        return next(line.strip() for line in file if line.strip() and not line.startswith("#"))


def build(source, folder):
    """Whether the programs of the benchmark that the version has were built."""
    configure = ["cmake", "-S", source, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
    subprocess.run(configure, stdout=subprocess.DEVNULL, check=True)
    targets = subprocess.run(["ninja", "-C", folder, "-t", "targets", "all"], capture_output=True, text=True, check=True).stdout
    wanted = [name for name in TARGETS if f"\n{name}: phony" in targets]
    subprocess.run(["cmake", "--build", folder, "--target", *wanted], stdout=subprocess.DEVNULL, check=True)


def unpack(commit):
    folder = os.path.join(ROOT, "build", "against", commit)
    source = os.path.join(folder, "source")
    if not os.path.isdir(source):
        os.makedirs(source)
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-C", source, "-x"], input=archive, check=True)
    return source, os.path.join(folder, "build")


def measure(source, folder):
    """{name: (median, unit, whether more is better)}; a part that a version does not have is left out."""
    out, found = os.path.join(folder, "bench.json"), {}
    with open(os.path.join(source, "tests", "bench", "run.py"), encoding="utf-8") as file:
        text = file.read()
    for part in PARTS:
        if "--only" not in text:
            break
        done = subprocess.run([sys.executable, "-B", os.path.join(source, "tests", "bench", "run.py"), "--runs", "1", "--only", part,
                               "--json", out], env={**os.environ, "PAPERSCOUT_BUILD": folder}, capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            with open(out, encoding="utf-8") as file:
                for row in json.load(file)["figures"]:
                    found[row["name"]] = (row["median"], row["unit"], row["unit"] in ("/s", ""))
        else:
            print(f"against: {part} is not measured in {source}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return found


def compare(then, now):
    """Rows of the figures that both versions have in each round. The bare loops say what the machine did, not the programs."""
    names = [name for name in now[0] if all(name in one for one in then + now) and "bare" not in name]
    rows = []
    for name in names:
        unit, more = now[0][name][1:]
        before, after = (statistics.median(one[name][0] for one in rounds) for rounds in (then, now))
        if before > 0 and after > 0:
            rows.append({"name": name, "unit": unit, "then": before, "now": after,
                         "ratio": before / after if more else after / before})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--report", default=os.path.join(ROOT, "build", "report", "bench.json"))
    options = parser.parse_args()
    revision = options.revision or last_release()
    commit = git("rev-parse", "--verify", "--quiet", revision + "^{commit}").stdout.strip()
    if not commit:
        sys.exit(f"against: {revision} is not in this repository (a shallow clone? git fetch --unshallow)")
    source, folder = unpack(commit)
    ours = os.path.join(ROOT, "build", "release")
    build(source, folder)
    build(ROOT, ours)
    then, now = [], []
    for _ in range(options.rounds):
        then.append(measure(source, folder))
        now.append(measure(ROOT, ours))
    rows = compare(then, now)
    for row in rows:
        print(f"{row['name'] + ' (' + row['unit'] + ')':56}{row['then']:>12,.2f}{row['now']:>12,.2f}{row['ratio']:>8.2f}")
    if not rows:
        sys.exit("against: the two versions have no figure in common")
    os.makedirs(os.path.dirname(options.report), exist_ok=True)
    with open(options.report, "w", encoding="utf-8") as file:
        json.dump({"release": revision, "figures": rows}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
