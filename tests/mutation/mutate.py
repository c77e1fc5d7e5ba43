#!/usr/bin/env python3
"""Mutation tests: makes one small fault at a time in a core/ file or a Redis script, and sees whether a test fails.

    mutate.py [options] [FILE...]      default: every file in */core and shared/lua

    --build DIR      build folder with the tests (default: build/debug)
    --sample N       at most so many faults of a file, drawn by --seed (default: all)
    --seed N         default 1
    --report FILE    writes each file's result into this JSON too, beside those of other files; tests/mutation/scores.json is
                     such a file, which the page of deploy/test.sh --report shows
    --sanitized DIR  plays what survives again with this build, such as build/asan: it finds a buffer that is one byte too short and
                     memory that is not freed, and only survivors pay for its slower tests
    --programs N     plays a fault with at most so many test programs of each build (default: all that have the file's code); the
                     score can only be lower then
    --resume         leaves out the files that the report has with the same --sample and --seed
    --list           prints the faults that would be made, and makes none

A fault is a flipped comparison, && for ||, a number one larger, + for -, a negated condition, true for false, or a
dropped statement. A core/ file is tested by the unit tests and simulations that its code is linked into, the one of its own
name first; a script by component_scripts and component_rate_limiter. A fault that no test finds survives. Survivors that change nothing, or
nothing that anybody could see, are listed in judged.txt with the reason, and do not count.
Wanted: a score of 85 in each file. Exit status: 0 every file reaches it, 1 some do not. Faults are made in a
copy; the tree is left alone, and must not be built meanwhile.

A fault may never end, or allocate without end: each test has a time limit, a limit of memory, and a session that is killed whole.
"""
import argparse
import glob
import hashlib
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WANTED = 85
MEMORY_MAX = 2 << 30
LINKER = ["-fuse-ld=mold"] if shutil.which("mold") else []  # several times as fast as ld
COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "~=": "=="}


def code_only(text, lua):
    """The text with comments and strings blanked, so that positions stay."""
    pattern = r'--[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'' if lua else \
        r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*'
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group(0)), text, flags=re.DOTALL | re.MULTILINE)


def closing(text, at):
    """The position of the bracket that closes the one at `at`; -1 for none."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return -1


def mutants(text, lua=False):
    """[(start, end, replacement)]"""
    code, found = code_only(text, lua), []

    def each(pattern, replace):
        for match in re.finditer(pattern, code, re.MULTILINE):
            new = replace(match)
            if new is not None:
                found.append((match.start(1), match.end(1), new))

    comparisons = {**COMPARISONS, "==": "~="} if lua else COMPARISONS
    each(r"(?<=[\w)\]] )(==|!=|~=|<=|>=|<|>)(?= [\w(!*&'\"-])", lambda m: comparisons[m[1]])
    each(r"(?<=[\w)\]] )(\+|-)(?= [\w(*])", lambda m: "-" if m[1] == "+" else "+")
    each(r"(?<![\w.\[])(\d+)(?![\w.\]])", lambda m: "1" if m[1] == "0" else "0" if m[1] == "1" else str(int(m[1]) + 1))
    each(r"\b(true|false)\b", lambda m: "false" if m[1] == "true" else "true")
    if lua:
        each(r"(?<= )(and|or)(?= )", lambda m: "or" if m[1] == "and" else "and")
        each(r"^ *(?:if|elseif) ()(?=[^\n]* then)", lambda m: None)
        for match in re.finditer(r"\b(?:if|elseif) (.+?) then\b", code):
            found.append((match.start(1), match.end(1), f"not ({text[match.start(1):match.end(1)]})"))
        each(r"^( *(?:redis\.call|redis\.pcall|call|table\.insert)\([^\n]*\))$", lambda m: " ")
        each(r"^( *[\w.\[\]]+ = [^\n{]+)$", lambda m: None if "local" in m[1] else " ")
    else:
        each(r"(?<= )(&&|\|\|)(?= |\n)", lambda m: "||" if m[1] == "&&" else "&&")
        each(r"(\+\+|--)(?=[;)\w])", lambda m: "--" if m[1] == "++" else "++")
        for match in re.finditer(r"\b(?:if|while) \(", code):
            start, end = match.end() - 1, closing(code, match.end() - 1)
            if end > 0:
                found.append((start, end + 1, f"(!{text[start:end + 1]})"))
        # A whole statement on a line of its own; declarations do not compile without, and drop out.
        each(r"^( +(?:[\w>.\[\]*()-]+ [-+*/|&]?= [^;\n]+|[\w>.-]+\([^;\n]*\)|\(void\)[^;\n]+|[\w>.\[\]-]+(?:\+\+|--)));$",
             lambda m: re.match(r" *", m[1])[0])
    return sorted({item for item in found if text[item[0]:item[1]] != item[2]})


class Judged:
    """Survivors that were looked at: lines "file<tab>line before<tab>line<tab>line as it was made<tab>why"."""

    def __init__(self):
        self.known = set()
        path = os.path.join(ROOT, "tests", "mutation", "judged.txt")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    parts = line.rstrip("\n").split("\t")
                    if len(parts) == 5 and not line.startswith("#"):
                        self.known.add(tuple(part.strip() for part in parts[:4]))

    def has(self, path, lines, after):
        return (path, *(line.strip() for line in lines), after.strip()) in self.known


class Bench:
    """Compiles one file anew and links it before the libraries, so that it is taken in place of theirs."""

    def __init__(self, build, folder):
        self.build, self.folder = os.path.abspath(build), folder
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
            self.compile = {entry["file"]: entry["command"] for entry in json.load(file)}
        self.sanitized = any("-fsanitize=address" in command for command in self.compile.values())
        self.programs = sorted(glob.glob(f"{self.build}/tests/unit_*") + glob.glob(f"{self.build}/tests/simulation_*"))
        self.links, self.symbols, self.limits = {}, {}, {}

    def defined(self, path):
        if path not in self.symbols:
            text = subprocess.run(["nm", "-g", "--defined-only", path], capture_output=True, text=True, check=True).stdout
            self.symbols[path] = {line.split()[-1] for line in text.splitlines()}
        return self.symbols[path]

    def tests_of(self, path):
        """Programs that have the file's code, the one of its own name first."""
        command = shlex.split(self.compile[path])
        own = self.defined(os.path.join(self.build, command[command.index("-o") + 1]))
        name = os.path.basename(path)[:-2]
        tests = [program for program in self.programs if own & self.defined(program)]
        header = os.path.relpath(path, ROOT)[:-2] + ".h"

        def order(test):
            """Its own test, those that include its header, those of the same first words, small ones before large ones."""
            about = os.path.basename(test).partition("_")[2]
            common = len(os.path.commonprefix([about, name]))
            return (about != name, not self.includes(test, header), -common, "simulation_" in test, len(self.defined(test)), test)
        return sorted(tests, key=order)

    def includes(self, test, header):
        kind, _, about = os.path.basename(test).partition("_")
        source = os.path.join(ROOT, "tests", kind, f"{'sim' if kind == 'simulation' else 'test'}_{about}.c")
        if not os.path.exists(source):
            return False
        with open(source, encoding="utf-8") as file:
            return f'"{header}"' in file.read()

    def link(self, program):
        if program not in self.links:
            target = os.path.relpath(program, self.build)
            text = subprocess.run(["ninja", "-C", self.build, "-t", "commands", "-s", target], capture_output=True, text=True,
                                  check=True).stdout.strip().splitlines()[-1]
            text = re.sub(r"^: && (.*) && :$", r"\1", text)
            self.links[program] = shlex.split(text)
        return self.links[program]

    def limit(self, program):
        """Seconds after which a fault in the program has no end; None where it fails without any."""
        if program not in self.limits:
            good, seconds = timed(program, self.sanitized)
            self.limits[program] = 5 + 10 * seconds if good else None
            if not good:
                print(f"    {os.path.basename(program)} fails without any fault, and is left out")
        return self.limits[program]

    def compiled(self, path, text, output):
        """Whether the text compiles, with the flags of path."""
        source = os.path.join(self.folder, "mutant.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        command = [word for word in shlex.split(self.compile[path]) if word != "-Werror" and not word.startswith("-W")]
        command[command.index("-c") + 1] = source
        command[command.index("-o") + 1] = output
        include = ["-I", os.path.dirname(path)]
        return subprocess.run([*command, *include, "-w", "-O0", "-g0"], cwd=self.build, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def linked(self, program, mutant, output):
        words = [word for word in self.link(program) if not word.endswith("ccache")]
        words[words.index("-o") + 1] = output
        first = next(i for i, word in enumerate(words) if word.endswith(".a"))
        words[first:first] = [mutant, "-Wl,--strip-debug", *LINKER]
        return subprocess.run(words, cwd=self.build, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0


def limited():
    """What a test with a fault in it may take of the machine, set between fork and exec."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def passes(program, seconds, sanitized=False):
    """True, False, or None when it did not end."""
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin",
           # Its shadow is larger than any limit of address space.
           "ASAN_OPTIONS": f"hard_rss_limit_mb={MEMORY_MAX >> 20}"}
    process = subprocess.Popen([program], cwd=os.path.join(ROOT, "tests"), env=env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
                               preexec_fn=None if sanitized else limited)
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # with the servers that it started
        except ProcessLookupError:
            pass
        process.wait()


def timed(program, sanitized):
    since = time.monotonic()
    return passes(program, 600, sanitized), time.monotonic() - since


class Subject:
    """One file: makes a mutant's programs, and runs them until one fails."""

    def __init__(self, bench, path, programs):
        self.bench, self.path, self.lua = bench, path, path.endswith(".lua")
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        if self.lua:
            self.tests = [f"{bench.build}/tests/component_scripts"]
            if os.path.basename(path).startswith("host_"):
                self.tests.append(f"{bench.build}/tests/component_rate_limiter")
            self.carrier = next(path for path in bench.compile if path.endswith("/scripts.c") and "generated" in path)
            with open(self.carrier, encoding="utf-8") as file:
                self.embedded = file.read()
        else:
            self.tests, self.carrier = bench.tests_of(path)[:programs], path

    def source_of(self, mutant):
        if not self.lua:
            return mutant
        name = os.path.basename(self.path)[:-4]
        data = mutant.encode()
        text = re.sub(rf"(text_{name}\[\] = \{{)[^}}]*\}}", rf"\g<1>{','.join(str(byte) for byte in data)},0}}", self.embedded)
        return re.sub(rf'(\{{"{name}", [^"]*")[0-9a-f]{{40}}"', rf'\g<1>{hashlib.sha1(data).hexdigest()}"', text)

    def killed_by(self, mutant):
        """The test that finds it; None for none; "" when it is no program."""
        made = os.path.join(self.bench.folder, "mutant.o")
        program = os.path.join(self.bench.folder, "test")
        if not self.bench.compiled(self.carrier, self.source_of(mutant), made):
            return ""
        for test in self.tests:
            limit = self.bench.limit(test)
            if limit is None:
                continue
            if not self.bench.linked(test, made, program):
                return ""
            if passes(program, limit, self.bench.sanitized) is not True:
                return os.path.basename(test)
        return None


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check(subjects, items, judged):
    """{made, killed, judged, survivors}; subjects are the same file in each build, and a later one plays what survived before."""
    subject = subjects[0]
    path = os.path.relpath(subject.path, ROOT)
    result = {"file": path, "faults": 0, "killed": 0, "judged": 0, "survivors": []}
    for start, end, new in items:
        mutant = subject.text[:start] + new + subject.text[end:]
        number = line_of(subject.text, start)
        lines = ["", *subject.text.split("\n")]
        before, after = lines[number], mutant.split("\n")[number - 1]
        if judged.has(path, lines[number - 1:number + 1], after):
            result["judged"] += 1
            continue
        by = subject.killed_by(mutant)
        if by == "":
            continue
        for other in subjects[1:]:
            by = by or other.killed_by(mutant) or None
        result["faults"] += 1
        if by is not None:
            result["killed"] += 1
        else:
            result["survivors"].append({"line": number, "before": before.strip(), "after": after.strip()})
            print(f"    survives: {path}:{number}: {before.strip()}  =>  {after.strip()}", flush=True)
    result["score"] = round(100 * result["killed"] / result["faults"], 1) if result["faults"] else 100.0
    return result


def note(report, result, options):
    """Puts one file's result into the report, in place of an older one."""
    known = []
    if os.path.exists(report):
        with open(report, encoding="utf-8") as file:
            known = [one for one in json.load(file) if one["file"] != result["file"]]
    known.append({**result, "sample": options.sample, "seed": options.seed})
    with open(report + ".new", "w", encoding="utf-8") as file:
        json.dump(sorted(known, key=lambda one: one["file"]), file, indent=1)
        file.write("\n")
    os.replace(report + ".new", report)


def reported(options):
    """The files that the report has with the same draw."""
    if not (options.resume and options.report and os.path.exists(options.report)):
        return set()
    with open(options.report, encoding="utf-8") as file:
        return {one["file"] for one in json.load(file) if (one.get("sample"), one.get("seed")) == (options.sample, options.seed)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "debug"))
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report")
    parser.add_argument("--sanitized")
    parser.add_argument("--programs", type=int)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    paths = [os.path.abspath(path) for path in options.files] or sorted(
        glob.glob(f"{ROOT}/*/core/*.c") + glob.glob(f"{ROOT}/shared/lua/*.lua"))
    known = reported(options)
    paths = [path for path in paths if os.path.relpath(path, ROOT) not in known]
    judged, results, folder = Judged(), [], tempfile.mkdtemp(prefix="paperscout-mutation-")
    benches = [Bench(build, folder) for build in (options.build, options.sanitized) if build]
    try:
        for path in paths:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            items = mutants(text, path.endswith(".lua"))
            total = len(items)
            if options.sample is not None and total > options.sample:
                items = sorted(random.Random(f"{options.seed} {os.path.basename(path)}").sample(items, options.sample))
            if options.list:
                for start, end, new in items:
                    print(f"{os.path.relpath(path, ROOT)}:{line_of(text, start)}: {text[start:end]!r} => {new!r}")
                continue
            subject = Subject(benches[0], path, options.programs)
            # A script has no memory of its own.
            subjects = [subject, *(Subject(bench, path, options.programs) for bench in benches[1:] if not subject.lua)]
            if not subject.tests:
                print(f"  0.0  {os.path.relpath(path, ROOT)}: no test has its code")
                results.append({"file": os.path.relpath(path, ROOT), "faults": 0, "killed": 0, "judged": 0, "score": 0.0,
                                "survivors": []})
            else:
                results.append(check(subjects, items, judged))
            if not subject.tests:
                continue
            result = results[-1]
            if options.report:
                note(options.report, result, options)
            print(f"{result['score']:5.1f}  {result['file']}: {result['killed']} of {result['faults']} found, "
                  f"{result['judged']} judged, {len(items)} of {total} faults drawn", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    low = [result["file"] for result in results if result["score"] < WANTED]
    if results:
        print(f"{len(results) - len(low)} of {len(results)} files reach {WANTED}" + (": below are " + ", ".join(low) if low else ""))
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
