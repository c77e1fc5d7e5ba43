#!/usr/bin/env python3
"""One page of what the last runs proved: build/report/index.html. deploy/test.sh writes it at its end.

    report.py [--folder DIR] [--out FILE]

    --folder DIR   where the runs left their figures (default: build/report)
    --out FILE     the page (default: DIR/index.html)

It reads, each where it is there:
    stages.tsv                 builds and tests of deploy/test.sh: name, seconds, ok or failed; the pace of the machine
    tests-debug.xml, -asan.xml what ctest --output-junit wrote
    coverage.json              of tests/coverage/coverage.py
    mutation.json              of tests/mutation/mutate.py --report; else the scores kept in tests/mutation/scores.json
    bench.json                 of tests/bench/against.py
    growth.json                of tests/growth/growth.py
    fuzz.json                  of tests/fuzz/fuzz.py

Each section has a limit (LIMITS). Exit status: 0 every limit is kept, 1 one is not, 2 there is nothing to show.
"""
import argparse
import html
import json
import os
import re
import sys
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMITS = {
    "run_seconds": 900,     # of a whole run on a quiet machine; 600 is the goal
    "test_seconds": 180,    # of one test on a quiet machine
    "branch_share": 70,     # per cent of one core/ file's branches
    "branch_total": 85,     # of all of them
    "mutation_score": 85,   # per cent of one file's faults
    "bench_ratio": 1.3,     # of a cost now to that of the last release
}
# Files whose branches other tests take, those of servers and of whole commands, with what the unit tests take today: a limit that
# only rises.
BRANCHES_TODAY = {
    "shared/core/completion.c": 39, "notifier/core/channel_queues_view.c": 41, "scheduler/core/adaptive_plan.c": 44,
    "notifier/core/slack_check.c": 49, "scheduler/core/sighting.c": 53, "shared/core/html.c": 61, "scheduler/core/reader_pages.c": 65}
GOAL_SECONDS = 600
OUTPUT_MAX = 20000
BARS_MAX = 60

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --good: #2e7d32; --bar: #4a7fb5; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); } .dim { opacity: .65; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #81c784; --bar: #6fa8dc; } }
.bar { background: var(--bar); height: .6rem; border-radius: 2px; min-width: 1px; }
pre { overflow-x: auto; font-size: 12px; background: #8881; padding: .6rem; } svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
"""


def text(value):
    return html.escape(str(value))


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def took(seconds):
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


class Page:
    def __init__(self):
        self.parts, self.checks = [], []

    def check(self, name, what, good, limit):
        """One line of the summary at the top."""
        self.checks.append((name, what, good, limit))

    def section(self, title, *parts):
        self.parts.append(f"<h2>{text(title)}</h2>\n" + "\n".join(parts))

    def render(self, subtitle):
        rows = [[text(name), text(what), text(limit), "<span class=good>kept</span>" if good else "<span class=bad>NOT KEPT</span>"]
                for name, what, good, limit in self.checks]
        bad = sum(not good for _, _, good, _ in self.checks)
        verdict = f"<p class=bad>{bad} of {len(self.checks)} limits are not kept.</p>" if bad else \
            f"<p class=good>All {len(self.checks)} limits are kept.</p>"
        return ("<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
                f"<title>Paperscout: test report</title><style>{STYLE}</style>\n"
                f"<h1>Paperscout: test report</h1>\n<p class=dim>{text(subtitle)}</p>\n{verdict}\n"
                + table(["", "measured", "limit", ""], rows) + "\n" + "\n".join(self.parts) + "\n</html>\n")


def table(heads, rows, numbers=()):
    def cells(row, tag):
        return "".join(f"<{tag}{' class=n' if i in numbers else ''}>{cell}</{tag}>" for i, cell in enumerate(row))
    return "<div class=wide><table><thead><tr>" + cells(map(text, heads), "th") + "</tr></thead><tbody>\n" + \
        "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows) + "</tbody></table></div>"


def marked(value, good):
    return text(value) if good else f"<span class=bad>{text(value)}</span>"


def stages(folder):
    """([(name, seconds, ok)], pace) of the last run of deploy/test.sh"""
    rows, pace = [], 1.0
    try:
        with open(os.path.join(folder, "stages.tsv"), encoding="utf-8") as file:
            for line in file:
                name, seconds, state = line.rstrip("\n").split("\t")
                if name == "pace":
                    pace = float(seconds)
                else:
                    rows.append((name, float(seconds), state == "ok"))
    except FileNotFoundError:
        pass
    return rows, pace


def tests(folder, preset):
    """[{name, seconds, status, output}] of one build's tests; None where it was not run"""
    try:
        suite = xml.etree.ElementTree.parse(os.path.join(folder, f"tests-{preset}.xml")).getroot()
    except (FileNotFoundError, xml.etree.ElementTree.ParseError):
        return None
    return [{"name": case.get("name"), "seconds": float(case.get("time") or 0),
             "status": {"run": "passed", "fail": "failed"}.get(case.get("status"), "skipped"),
             "output": case.findtext("system-out") or ""} for case in suite.iter("testcase")]


def add_times(page, rows, pace, played):
    whole = sum(seconds for _, seconds, _ in rows)
    if rows:
        page.check("whole run", f"{took(whole)}, at pace {pace:g}", whole <= LIMITS["run_seconds"] * pace,
                   f"{took(LIMITS['run_seconds'])} at pace 1; the goal is {took(GOAL_SECONDS)}")
        page.section("Builds and tests", table(["stage", "time", ""], [
            [text(name), took(seconds), marked("ok" if good else "failed", good)] for name, seconds, good in rows], {1}))
    longest = max((test["seconds"] for run in played.values() for test in run), default=0)
    page.check("longest test", took(longest), longest <= LIMITS["test_seconds"] * pace, f"{took(LIMITS['test_seconds'])} at pace 1")
    by_name = {}
    for preset, run in played.items():
        for test in run:
            by_name.setdefault(test["name"], {})[preset] = test["seconds"]
    order = sorted(by_name, key=lambda name: -max(by_name[name].values()))

    def row(name):
        bars = "".join(f"<div class=bar style='width:{100 * by_name[name].get(preset, 0) / (longest or 1):.1f}%'></div>"
                       for preset in played)
        return [text(name), *(f"{by_name[name][preset]:.1f}" if preset in by_name[name] else "" for preset in played), bars]
    heads = ["test", *(f"{preset}, s" for preset in played), ""]
    numbers = set(range(1, 1 + len(played)))
    page.section("Durations", table(heads, map(row, order[:BARS_MAX]), numbers),
                 f"<details><summary>{max(0, len(order) - BARS_MAX)} shorter ones</summary>"
                 + table(heads, map(row, order[BARS_MAX:]), numbers) + "</details>")


def add_failures(page, played):
    bad = [(preset, test) for preset, run in played.items() for test in run if test["status"] == "failed"]
    skipped = sorted({test["name"] for run in played.values() for test in run if test["status"] == "skipped"})
    count = sum(len(run) for run in played.values())
    page.check("tests", f"{count - len(bad)} of {count} passed or skipped", not bad, "none fails")
    parts = [f"<details open><summary class=bad>{text(preset)}: {text(test['name'])}</summary><pre>"
             f"{text(test['output'][-OUTPUT_MAX:])}</pre></details>" for preset, test in bad]
    if skipped:
        parts.append(f"<p>Skipped: {text(', '.join(skipped))}</p>")
    page.section("Failures", *(parts or ["<p class=good>None.</p>"]))


def add_models(page, played):
    models = [test for run in played.values() for test in run if re.match(r"(model|simulation)\.", test["name"])]
    if not models:
        return
    rows = []
    for test in models:
        states = re.search(r"(\d+) (?:states|steps)", test["output"])
        said = next((line for line in test["output"].splitlines() if line.strip()), "")
        rows.append([text(test["name"]), f"{int(states[1]):,}" if states else "", marked(test["status"], test["status"] != "failed"),
                     text(said)])
    good = all(test["status"] != "failed" for test in models)
    page.check("models and random schedules", f"{len(models)} played", good, "every promise kept, every missing guard found")
    page.section("Models and random schedules", table(["", "states or steps", "", "result"], rows, {1}))


def add_coverage(page, rows):
    if not rows:
        page.section("Coverage of core", "<p>Not measured: tests/coverage/coverage.py</p>")
        return
    def limit(row):
        return BRANCHES_TODAY.get(row["file"], LIMITS["branch_share"])
    low = [row for row in rows if row["branch_share"] < limit(row)]
    least = min(low or rows, key=lambda row: row["branch_share"])
    whole = 100 * sum(row["branches_taken"] for row in rows) / max(1, sum(row["branches"] for row in rows))
    page.check("branch coverage of core", f"{whole:.1f} %", whole >= LIMITS["branch_total"], f"{LIMITS['branch_total']} %")
    page.check("branch coverage of each core file", f"{least['branch_share']} % in {least['file']}", not low,
               f"{LIMITS['branch_share']} %, of {len(BRANCHES_TODAY)} files less")
    page.section("Coverage of core", table(["file", "lines", "run, %", "branches", "taken, %"], [
        [text(row["file"]), row["lines"], f"{row['line_share']:.1f}", row["branches"],
         marked(f"{row['branch_share']:.1f}", row["branch_share"] >= limit(row))]
        for row in sorted(rows, key=lambda row: row["branch_share"])], {1, 2, 3, 4}))


def add_mutation(page, rows):
    if not rows:
        return
    low = [row for row in rows if row["score"] < LIMITS["mutation_score"]]
    found, made = sum(row["killed"] for row in rows), sum(row["faults"] for row in rows)
    page.check("faults made on purpose", f"{found} of {made} found, {len(rows) - len(low)} of {len(rows)} files reach the limit",
               not low, f"{LIMITS['mutation_score']} % in each file")
    survivors = [f"{row['file']}:{one['line']}: {one['before']}  =>  {one['after']}" for row in rows for one in row["survivors"]]
    page.section("Faults made on purpose", table(["file", "made", "found", "judged", "score, %"], [
        [text(row["file"]), row["faults"], row["killed"], row["judged"],
         marked(f"{row['score']:.1f}", row["score"] >= LIMITS["mutation_score"])]
        for row in sorted(rows, key=lambda row: row["score"])], {1, 2, 3, 4}),
        f"<details><summary>{len(survivors)} survivors</summary><pre>{text(chr(10).join(survivors))}</pre></details>")


def add_bench(page, document):
    if not document:
        page.section("Benchmark against the last release", "<p>Not measured: tests/bench/against.py</p>")
        return
    rows = document["figures"]
    worst = max(rows, key=lambda row: row["ratio"])
    page.check("benchmark against the last release", f"at most {worst['ratio']:.2f} times the cost ({worst['name']})",
               worst["ratio"] <= LIMITS["bench_ratio"], f"{LIMITS['bench_ratio']} times")
    page.section(f"Benchmark against {document['release']}", table(["figure", "then", "now", "cost, ratio"], [
        [text(f"{row['name']} ({row['unit']})"), f"{row['then']:,.2f}", f"{row['now']:,.2f}",
         marked(f"{row['ratio']:.2f}", row["ratio"] <= LIMITS["bench_ratio"])] for row in rows], {1, 2, 3}))


def add_growth(page, document):
    if not document:
        return
    bad = [curve["name"] for curve in document if not curve["good"]]
    page.check("growth", f"{len(document) - len(bad)} of {len(document)} curves within n log n", not bad, "none above n log n")
    parts = []
    for curve in document:
        parts.append(f"<h3>{text(curve['name'])}: {marked(curve['verdict'], curve['good'])}</h3>" + curve["svg"])
        parts.append(table([curve["unit_n"], *curve["series"]], [[f"{row[0]:,}", *(f"{value:,.2f}" for value in row[1:])]
                                                               for row in curve["rows"]], set(range(1 + len(curve["series"])))))
    page.section("Growth", *parts)


def add_fuzz(page, document):
    if not document:
        return
    rows = document["targets"]
    clean = sum(row["good"] for row in rows)
    page.check("fuzzing", f"{clean} of {len(rows)} targets clean after {document['seconds']} s each", clean == len(rows), "all clean")
    page.section("Fuzzing", table(["target", "", "runs", "edges", "new inputs", "what its inputs reach"], [
        [text(row["target"]), marked("clean" if row["good"] else "failed", row["good"]), f"{row['runs']:,}", f"{row['edges']:,}",
         f"{row['new_inputs']:,}", text(", ".join(f"{os.path.basename(path)} {100 * one['taken'] / one['edges']:.0f} %"
                                                  for path, one in row["files"].items()))] for row in rows], {2, 3, 4}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=os.path.join(ROOT, "build", "report"))
    parser.add_argument("--out")
    options = parser.parse_args()
    folder, page = options.folder, Page()
    rows, pace = stages(folder)
    played = {preset: run for preset in ("debug", "asan") if (run := tests(folder, preset)) is not None}
    scores = {row["file"]: row for source in (os.path.join(ROOT, "tests", "mutation", "scores.json"),
                                              os.path.join(folder, "mutation.json")) for row in load(source) or []}
    coverage, bench, growth, fuzz = (load(os.path.join(folder, f"{name}.json")) for name in ("coverage", "bench", "growth", "fuzz"))
    if not (rows or played or coverage or bench or growth or fuzz):
        print(f"report: {folder} holds nothing; run deploy/test.sh first", file=sys.stderr)
        return 2
    if played:
        add_failures(page, played)
        add_times(page, rows, pace, played)
        add_models(page, played)
    add_coverage(page, coverage)
    add_mutation(page, list(scores.values()))
    add_bench(page, bench)
    add_growth(page, growth)
    add_fuzz(page, fuzz)
    out = options.out or os.path.join(folder, "index.html")
    with open(out, "w", encoding="utf-8") as file:
        file.write(page.render("written by tests/report/report.py from what the last runs left"))
    print(f"report: {os.path.relpath(out)}")
    for name, what, good, limit in page.checks:
        if not good:
            print(f"report: {name}: {what}; the limit is {limit}")
    return 0 if all(good for _, _, good, _ in page.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
