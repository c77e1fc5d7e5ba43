#!/usr/bin/env python3
"""Checks one Promela model with spin.

    check.py MODEL                the model keeps its promises, in every state within its bounds
    check.py MODEL GUARD          without this guard of the code a promise is broken: spin finds the counterexample
    check.py MODEL --trace FILE   the model accepts a recorded run (record.py says what its lines mean)
    check.py --names [MODEL...]   each step and guard names something that exists in the tree
    check.py --guards MODEL       prints the guards

    --deep            the larger bounds of the model's line "deep:", for deploy/test.sh --soak
    --show            prints the counterexample

Exit status: 0 as expected, 1 not, 77 spin is not installed.
"""
import argparse
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77


def model_text(model):
    with open(os.path.join(HERE, f"{model}.pml"), encoding="utf-8") as file:
        return file.read()


def guards(model):
    """{guard: what it is}, from the comment at the model's beginning."""
    return {name: what for name, _, what in
            re.findall(r"^ \* guard ([A-Z_]+)( \[[^]]+\])?: (.+)$", model_text(model), re.MULTILINE)}


def guard_bounds(model, guard):
    """Other bounds for the search without this guard: "guard NAME [-DEPOCHS=3]: …"."""
    found = re.search(rf"^ \* guard {guard} \[([^]]+)\]:", model_text(model), re.MULTILINE)
    return found.group(1).split() if found else []


def models():
    return sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob(f"{HERE}/*.pml")
                  if not path.endswith("steps.pml"))


def deep_bounds(model):
    found = re.search(r"^ \* deep: (.+)$", model_text(model), re.MULTILINE)
    return found.group(1).split() if found else []


def read_run(path):
    """(steps, names that the run shows, bounds, a step that cannot follow) of a recorded run."""
    steps, shows, bounds, refused = [], [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("# shows:"):
                shows = line.split(":", 1)[1].split()
            elif line.startswith("# bounds:"):
                bounds = line.split(":", 1)[1].split()
            elif line.startswith("# cannot follow:"):
                refused = line.split(":", 1)[1].split()
            elif line.split("#")[0].split():
                steps.append(line.split("#")[0].split())
    return steps, shows, bounds, refused


def trace_header(steps, shows):
    """A recorded run as macros: which steps it shows, and whether a step is its next line."""
    cases = " || ".join(f"(trace_at == {number} && (name) == {name} && (who) == {who} && (outcome) == {outcome})"
                        for number, (name, who, outcome) in enumerate(steps))
    seen = " || ".join(f"(name) == {name}" for name in shows)
    return (f"#define TRACE_LENGTH {len(steps)}\n#define TRACE_SHOWS(name) ({seen})\n"
            f"#define TRACE_NEXT(name, who, outcome) ({cases})\n")


def run(command, folder):
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


class Verifier:
    """A model as the program that searches its states. It is compiled once for all guards: which of them is left out is the
    variable `broken`, and the generated code takes its first value from the environment."""

    def __init__(self, model, defines=(), trace=None):
        self.model, self.defines, self.trace = model, list(defines), trace
        self.sources = {"steps.pml": model_text("steps"), f"{model}.pml": self._text()}
        if trace is not None:
            self.sources["trace.pml"] = trace
        key = hashlib.sha256(repr((sorted(self.sources.items()), self.defines)).encode()).hexdigest()[:16]
        cache = os.environ.get("PAPERSCOUT_MODEL_CACHE") or os.path.join(tempfile.gettempdir(),
                                                                         f"paperscout-model-{os.getuid()}")
        os.makedirs(cache, exist_ok=True)
        self.folder = os.path.join(cache, f"{model}-{key}")
        with open(f"{self.folder}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(os.path.join(self.folder, "pan")):
                self._build()

    def _text(self):
        text = model_text(self.model)
        for number, guard in enumerate(guards(self.model), 1):
            text = text.replace(f"#define {guard} true\n", f"#define {guard} (broken != {number})\n")
        return "hidden byte broken;\n" + text

    def _build(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        for name, text in self.sources.items():
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        claim = [] if self.trace is not None else ["-DNOCLAIM"]
        self._must(["spin", "-a", *self.defines, f"{self.model}.pml"])
        path = os.path.join(self.folder, "pan.c")
        with open(path, encoding="utf-8") as file:
            code = file.read()
        if "\t\tbroken = 0;" not in code:
            raise SystemExit("this spin generates other code than 6.5: the variable `broken` is not set where it was")
        with open(path, "w", encoding="utf-8") as file:
            file.write(code.replace("\t\tbroken = 0;", '\t\tbroken = getenv("BROKEN") ? atoi(getenv("BROKEN")) : 0;'))
        self._must(["gcc", "-O1", "-w", "-DSAFETY", "-DMEMLIM=6000", *claim, "-o", "pan", "pan.c"])

    def _must(self, command):
        done = run(command, self.folder)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}:\n{done.stdout}")

    def search(self, guard=None):
        number = 0 if guard is None else 1 + list(guards(self.model)).index(guard)
        with tempfile.TemporaryDirectory(prefix="paperscout-model-") as folder:  # for the trail
            done = subprocess.run([os.path.join(self.folder, "pan"), "-n", "-m200000"], cwd=folder, check=False,
                                  env={**os.environ, "BROKEN": str(number)}, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
        return Found(self.model, done.stdout)


class Found:
    """What a search found: error (the assertion or claim; None), states, text."""

    def __init__(self, model, text):
        self.text = text
        found = re.search(r"^pan:\d+: (.+) \(at depth (\d+)\)$", text, re.MULTILINE)
        self.error = found.group(1) if found else None
        states = re.search(r"^\s*(\d\S*) states, stored", text, re.MULTILINE)
        self.states = int(float(states.group(1))) if states else 0
        if "errors:" not in text or "max search depth too small" in text or "out of memory" in text:
            raise SystemExit(f"{model}: the search did not end:\n{text}")


def counterexample(model, defines):
    """The steps to a broken promise, as spin replays them. Compiled anew, with the guard as a switch for spin."""
    with tempfile.TemporaryDirectory(prefix="paperscout-model-") as folder:
        for name in ("steps", model):
            shutil.copy(f"{HERE}/{name}.pml", folder)
        run(["spin", "-a", *defines, f"{model}.pml"], folder)
        run(["gcc", "-O1", "-w", "-DSAFETY", "-DNOCLAIM", "-DMEMLIM=6000", "-o", "pan", "pan.c"], folder)
        run(["./pan", "-n", "-m200000"], folder)
        return run(["spin", "-t", "-p", "-g", *defines, f"{model}.pml"], folder).stdout


def check_whole(model, options):
    defines = deep_bounds(model) if options.deep else []
    found = Verifier(model, defines).search()
    if found.error is None:
        print(f"{model}: {found.states} states, every promise kept")
        return True
    print(f"{model}: {found.error}\n{counterexample(model, defines)}")
    return False


def check_guard(model, guard, options):
    known = guards(model)
    if guard not in known:
        raise SystemExit(f"{model} has no guard {guard}; it has {', '.join(known)}")
    bounds = guard_bounds(model, guard)
    found = Verifier(model, bounds).search(guard)
    if found.error is None:
        print(f"{model} without {guard} ({known[guard]}): no promise is broken; the guard is not needed, or the "
              f"model does not show what for ({found.states} states)")
        return False
    print(f"{model} without {guard} ({known[guard]}): {found.error}, after {found.states} states")
    if options.show:
        print(counterexample(model, [f"-D{guard}=false", *bounds]))
    return True


def check_trace(model, path):
    steps, shows, bounds, refused = read_run(path)
    if accepts(model, steps, shows, bounds):
        # A model that takes everything would accept it too.
        if refused and accepts(model, steps + [refused], shows, bounds):
            print(f"{model}: after the recorded run it takes {' '.join(refused)}, which cannot be")
            return False
        print(f"{model}: the recorded run {os.path.basename(path)} is accepted, all {len(steps)} lines, "
              f"and {' '.join(refused)} after it is refused")
        return True
    taken = 0  # how far any path came
    while taken < len(steps) and accepts(model, steps[:taken + 1], shows, bounds):
        taken += 1
    print(f"{model}: the recorded run {path} is not accepted: no path takes line {taken + 1} of {len(steps)}, "
          f"{' '.join(steps[taken])}")
    return False


def accepts(model, steps, shows, bounds):
    """Whether some path of the model takes these steps in their order."""
    found = Verifier(model, ["-DTRACE", *bounds], trace=trace_header(steps, shows)).search()
    return found.error is not None and "end state in claim" in found.error


def check_names(names):
    """Step names are scripts or functions; a renamed function must not leave a model behind that speaks of nothing."""
    sources = ""
    for folder in ("scheduler", "worker", "notifier", "shared"):
        for path in glob.glob(f"{ROOT}/{folder}/**/*", recursive=True):
            if path.endswith((".c", ".h", ".sql")):
                with open(path, encoding="utf-8") as file:
                    sources += file.read()
    scripts = {os.path.splitext(os.path.basename(path))[0] for path in glob.glob(f"{ROOT}/shared/lua/*.lua")}
    wrong = []
    for model in names:
        text = model_text(model)
        steps = set(re.findall(r"\bSTEP\((\w+),", text))
        # Comments name what a step stands for: ps_… functions, on_… callbacks, scripts, statements sql_….
        mentioned = set(re.findall(r"\b(?:ps|on|sql)_[a-z_]+\b", text)) | steps
        files = set(re.findall(r"\b(\w+)\.lua\b", text))
        if not steps:
            wrong.append(f"{model}.pml has no STEP")
        for name in sorted(mentioned):
            if name not in scripts and not re.search(rf"\b{name}\b", sources):
                wrong.append(f"{model}.pml names {name}, which is no script and no function")
        wrong += [f"{model}.pml names {name}.lua, which does not exist" for name in sorted(files - scripts)]
        for guard in guards(model):
            if not re.search(rf"^#ifndef {guard}\n#define {guard} true\n#endif$", text, re.MULTILINE):
                wrong.append(f"{model}.pml: guard {guard} has no default")
            if len(re.findall(rf"\b{guard}\b", text)) < 4:
                wrong.append(f"{model}.pml: guard {guard} is not used")
    print("\n".join(wrong) if wrong else f"every name of {len(names)} models exists")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("guard", nargs="?")
    parser.add_argument("--trace", metavar="FILE")
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--guards", action="store_true")
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    if options.names:
        return 0 if check_names([options.model] if options.model else models()) else 1
    if options.model not in models():
        parser.error(f"the models are {', '.join(models())}")
    if options.guards:
        print("\n".join(f"{name}: {what}" for name, what in guards(options.model).items()))
        return 0
    if shutil.which("spin") is None:
        print("spin is not installed (deploy/packages.sh test)")
        return SKIPPED
    if options.trace:
        good = check_trace(options.model, options.trace)
    elif options.guard:
        good = check_guard(options.model, options.guard, options)
    else:
        good = check_whole(options.model, options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
