#!/usr/bin/env python3
"""The command `paperscout`: its texts as golden files, completion in the real shells, manual pages, finds and search.

PAPERSCOUT_GOLDEN=write   writes tests/golden anew instead of comparing; read the difference before you commit it
"""
import glob
import json
import os
import pty
import re
import select
import signal
import shutil
import subprocess
import tempfile
import time
import unittest

from rig import FleetCase, wait_until
from rig.fleet import environment
from rig.index import made_index
from rig.pace import paced
from rig.places import CHECKOUT, build_dir
from rig.webhook import WebhookReceiver

BIN = os.path.join(build_dir(), "bin")
GOLDEN = os.path.join(CHECKOUT, "tests", "golden")
LINES = ("paperscout s", "paperscout dead ", "paperscout dead rep", "paperscout watch U1 ", "paperscout status --",
         "paperscout plan --planner ", "paperscout plan --index ind", "paperscout help ex", "paperscout completion ",
         "paperscout read ind")
WANTED = ({"status", "search", "simulate", "send"}, {"list", "show", "replay", "drop"}, {"replay"},
          {"list", "add", "remove", "mute", "unmute", "snooze", "unsnooze", "digest"}, {"--json", "--watch", "--help"},
          {"classic", "adaptive"}, {"index.json"}, {"explain"}, {"bash", "zsh", "fish"}, {"index.json"})

# What zsh offers goes through compadd: it is noted in the file out, and a line "==" ends each answer.
ZSH_SETUP = """
autoload -U compinit
compinit -u -d dump
source {script}
compadd() {{
    local -a found
    builtin compadd -O found "$@"
    print -rl -- $found >>out
    builtin compadd "$@"
}}
finish() {{ BUFFER=''; print -r -- '==' >>out }}
zle -N finish
bindkey '^F' finish
bindkey '^I' complete-word
"""


def content(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def compare_golden(case, name, text):
    path = os.path.join(GOLDEN, name)
    if os.environ.get("PAPERSCOUT_GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        case.maxDiff = None
        case.assertEqual(file.read(), text, f"{name}; if the change is wanted, run with PAPERSCOUT_GOLDEN=write")


def command_names():
    """Every command, from the table of deploy/COMMANDS.md."""
    table = subprocess.run([os.path.join(BIN, "paperscout"), "--markdown-commands"], capture_output=True, text=True,
                           check=True).stdout
    return re.findall(r"^\| `paperscout ([a-z-]+)", table, re.MULTILINE)


def shape_of(value):
    """The members of JSON and their types, without what differs from run to run."""
    if isinstance(value, dict):
        return {name: shape_of(member) if name != "settings" else "settings" for name, member in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return "text" if isinstance(value, str) else "null" if value is None else \
        "boolean" if isinstance(value, bool) else "number"


class FrontCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def front(self, *arguments, program="paperscout", **settings):
        return subprocess.run([os.path.join(BIN, program), *arguments], cwd=self.folder, env=environment(settings),
                              capture_output=True, text=True, timeout=paced(30), check=False)

    def names(self):
        return command_names()

    def compare(self, name, text):
        compare_golden(self, name, text)


class Texts(FrontCase):
    def test_help_of_every_command(self):
        parts = [self.front().stdout]
        for name in self.names():
            done = self.front(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertEqual(self.front("help", name).stdout, done.stdout, name)
            parts.append(done.stdout)
        self.compare("help.txt", ("\n" + "-" * 80 + "\n").join(parts))

    def test_errors(self):
        """What each command says to arguments that it does not know, and its exit status."""
        cases = [("sttaus",), ("xyzzy",), ("--jsno",), ("--verison",), ("help", "fidns"), ("help", "a", "b"),
                 ("completion",), ("completion", "zhs"), ("check", "now")]
        cases += [(name, "--no-such-option") for name in self.names() if name not in ("help", "completion", "check")]
        cases += [("dead", "shwo", "1"), ("watch", "U1"), ("watch", "U1", "ad", "P1"), ("finds", "--since", "soon"),
                  ("finds", "--count", "0"), ("search",), ("search", "--count", "0", "x"), ("explain", "X1"),
                  ("history", "0"), ("queue", "x"), ("send", "C1"), ("probe",), ("read",), ("plan",), ("simulate",),
                  ("diff",)]
        text = ""
        for arguments in cases:
            done = self.front(*arguments, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
                              REDIS_URL="redis://127.0.0.1:1/0")
            self.assertEqual(done.stdout, "", arguments)
            text += f"$ paperscout {' '.join(arguments)}\n{done.stderr}[{done.returncode}]\n\n"
        self.compare("errors.txt", text)

    def test_it_becomes_the_program_beside_it_or_in_path(self):
        shutil.copy(os.path.join(BIN, "paperscout"), self.folder)
        alone = os.path.join(self.folder, "paperscout")

        def run(path):
            return subprocess.run([alone, "status"], env=environment({"PATH": path}), cwd=self.folder,
                                  capture_output=True, text=True, timeout=paced(30), check=False)

        done = run("/nonexistent")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("is a part of paperscout-scheduler, which is neither beside paperscout nor in PATH", done.stderr)
        done = run(f"/nonexistent:{BIN}")
        self.assertEqual(done.returncode, 78)
        self.assertIn("paperscout-scheduler: DATABASE_URL: required", done.stderr)

    def test_check(self):
        good = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "NOTIFY_SINK": "console"}
        done = self.front("check", **good)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("skipped  Slack", done.stdout)
        done = self.front("check", "--json", **good)
        self.assertEqual([(check["program"], check["result"]) for check in json.loads(done.stdout)["checks"]],
                         [("paperscout-scheduler", "ok"), ("paperscout-worker", "ok"), ("paperscout-notifier", "ok"),
                          ("paperscout-notifier", "skipped"), ("paperscout-notifier", "skipped")])
        self.assertIn("webhooks", [check["name"] for check in json.loads(done.stdout)["checks"]])
        done = self.front("check", PROBE_MAX_ATTEMPTS="many", **good)
        self.assertEqual(done.returncode, 78)
        self.assertIn("problem  settings of paperscout-worker", done.stdout)
        self.assertIn("PROBE_MAX_ATTEMPTS", done.stderr)

    def test_plan_and_diff_as_json(self):
        one, two = ({"P0001R0": {"type": "paper", "title": "A", "date": "2026-01-01"}},
                    {"P0001R0": {"type": "paper", "title": "B", "date": "2026-01-01"},
                     "P0002R0": {"type": "paper", "title": "C", "date": "2026-01-02"}})
        for name, index in (("one", one), ("two", two)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                json.dump(index, file)
        done = self.front("diff", "--before", "one", "--after", "two", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)), (0, {"new": ["P0002R0"], "updated": ["P0001R0"]}))
        plain = self.front("plan", "--index", "two", "--today", "2026-01-03")
        done = self.front("plan", "--index", "two", "--today", "2026-01-03", "--json")
        tasks = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([f"{task['tier']} {task['url']}" for task in tasks], plain.stdout.splitlines())
        self.assertGreater(len(tasks), 0)

    def test_manual_pages(self):
        pages = glob.glob(os.path.join(build_dir(), "generated", "front", "man1", "*.1"))
        self.assertEqual(len(pages), len(self.names()) + 4)
        checked = 0
        for tool, command in (("mandoc", ["mandoc", "-Tlint", "-W", "warning"]),
                              ("man", ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"])):
            if shutil.which(tool) is None:
                continue
            for page in pages if tool == "mandoc" else pages[:3]:
                done = subprocess.run([*command, page], capture_output=True, text=True, timeout=paced(30), check=False)
                told = done.stderr + (done.stdout if tool == "mandoc" else "")
                self.assertEqual((done.returncode, told), (0, ""), page)
                checked += 1
        if checked == 0:
            self.skipTest("neither mandoc nor man is installed (deploy/packages.sh test)")


class Completion(FrontCase):
    def setUp(self):
        super().setUp()
        with open(os.path.join(self.folder, "index.json"), "w", encoding="utf-8"):
            pass

    def script(self, shell):
        if shutil.which(shell) is None:
            self.skipTest(f"{shell} is not installed (deploy/packages.sh test)")
        done = self.front("completion", shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        path = os.path.join(self.folder, f"script.{shell}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(done.stdout)
        return path

    def run_shell(self, *command):
        done = subprocess.run(command, cwd=self.folder, env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": self.folder,
                                                             "TERM": "dumb"},
                              capture_output=True, text=True, timeout=paced(60), check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_bash(self):
        path = self.script("bash")
        calls = "".join(f"c {' '.join(word or repr('') for word in line.split(' '))}\n" for line in LINES)
        told = self.run_shell("bash", "-c", f"source {path}\n"
                              "c() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _paperscout; echo \"${COMPREPLY[*]}\"; }\n"
                              + calls)
        self.assertEqual([set(line.split()) for line in told.splitlines()], list(WANTED))

    def test_fish(self):
        path = self.script("fish")
        calls = "".join(f"complete -C '{line}'; echo ==\n" for line in LINES)
        told = self.run_shell("fish", "-c", f"source {path}\n{calls}")
        answers = [{line.split("\t")[0] for line in part.splitlines()} for part in told.split("==\n")[:-1]]
        self.assertEqual(answers, list(WANTED))

    def test_zsh(self):
        """zsh completes in its line editor only: a terminal is typed into, and the choices are read off it."""
        with open(os.path.join(self.folder, "setup"), "w", encoding="utf-8") as file:
            file.write(ZSH_SETUP.format(script=self.script("zsh")))
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": self.folder,
                                                    "TERM": "dumb", "COLUMNS": "200", "LINES": "50"})
        self.addCleanup(os.close, terminal)

        def read_until(mark, seconds=30):
            text, end = "", time.monotonic() + paced(seconds)
            while mark not in text and time.monotonic() < end:
                if select.select([terminal], [], [], 0.2)[0]:
                    text += os.read(terminal, 65536).decode(errors="replace")
            self.assertIn(mark, text)
            return text

        os.write(terminal, b"source setup; echo rea''dy\n")
        read_until("ready")
        out = os.path.join(self.folder, "out")
        for number, line in enumerate(LINES, 1):
            os.write(terminal, line.encode() + b"\t")
            os.write(terminal, b"\x06")
            wait_until(lambda: content(out).count("==\n") >= number, 30, f"zsh's answer to {line!r}")
        os.write(terminal, b"\x15exit\n")
        os.waitpid(pid, 0)
        answers = [set(part.splitlines()) for part in content(out).split("==\n")[:-1]]
        for line, answer, wanted in zip(LINES, answers, WANTED):
            self.assertLessEqual(wanted, answer, line)


class Finds(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet({"index": {"inline": {}}})
        self.fleet.start_servers()
        self.assertEqual(self.fleet.command("scheduler", "migrate")[0], 0)
        self.fleet.postgres.execute(
            "INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, status, first_seen_at) VALUES "
            "('P0001R0', 'paper', 'Old', 'A. Author', '2026-01-01', 'EWG', '', '', '', now() - interval '9 days'), "
            "('P2300R9', 'paper', 'std::execution', 'Eric Niebler', '2026-11-01', 'LEWG', 'https://wg21.link/p2300r9', '', "
            "'', now() - interval '3 days')")
        self.find("D2300R10", "hit_recent", "1 hour")
        self.find("D0001R1", "hit_old", "1 hour")

    def find(self, name, outcome, ago):
        self.fleet.postgres.execute(
            "INSERT INTO discovered (url, paper_id, tier, outcome, last_modified, cycle, discovered_at) VALUES "
            f"('https://isocpp.org/files/papers/{name}.pdf', '{name}', 'frontier', '{outcome}', NULL, 7, "
            f"now() - interval '{ago}')")

    def test_finds(self):
        code, text, error = self.fleet.command("scheduler", "finds")
        self.assertEqual((code, error), (0, ""))
        self.assertRegex(text, r"\A\d{4}-\d\d-\d\d \d\d:\d\d  paper  P2300R9 +std::execution\n"
                               r" +Eric Niebler; LEWG\n +https://wg21.link/p2300r9\n"
                               r".* draft  D2300R10 +std::execution\n +Eric Niebler; LEWG\n"
                               r" +https://isocpp.org/files/papers/D2300R10.pdf\n\Z")
        code, text, _ = self.fleet.command("scheduler", "finds", "--since", "2h", "--json")
        (find,) = [json.loads(line) for line in text.splitlines()]
        self.assertRegex(find.pop("found_at"), r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(find, {"kind": "draft", "id": "D2300R10", "title": "std::execution", "authors": "Eric Niebler",
                                "subgroup": "LEWG", "url": "https://isocpp.org/files/papers/D2300R10.pdf",
                                "last_modified": None, "cycle": 7})
        self.assertEqual(self.fleet.command("scheduler", "finds", "--since", "1m")[:2], (0, ""))
        self.assertEqual(self.fleet.command("scheduler", "finds", "--count", "1", "--since", "2000-01-01")[1].count("\n"), 3)

    def test_follow(self):
        """Each find is printed once, as it is stored; a restart of PostgreSQL does not end it."""
        process = self.fleet.watch("scheduler", "finds", "--follow", "--json", "--since", "2h")
        self.assertTrue(wait_until(lambda: "D2300R10" in process.output(), 30, "the first find"))
        self.find("D2300R11", "hit_recent", "0 seconds")
        wait_until(lambda: "D2300R11" in process.output(), 30, "the second find")
        self.fleet.postgres.stop()
        self.fleet.postgres.start()
        self.find("D2300R12", "hit_no_lm", "0 seconds")
        wait_until(lambda: "D2300R12" in process.output(), 60, "the third find")
        for name in ("D2300R10.", "D2300R11.", "D2300R12."):
            self.assertEqual(process.output().count(name), 1, process.output())

    def test_json_of_every_command(self):
        """Each command that offers --json prints JSON, whose members and types are in a golden file."""
        receiver = WebhookReceiver()
        self.addCleanup(receiver.close)
        index, other = (os.path.join(self.fleet.folder, name) for name in ("index.json", "other.json"))
        papers = made_index()
        for path in (index, other):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(papers, file)
            papers = {**papers, "P9000R0": {"type": "paper", "title": "New", "date": "2026-01-01"}}
        page = os.path.join(self.fleet.folder, "page.html")
        with open(page, "w", encoding="utf-8") as file:
            file.write("<title>A title</title><p>A text</p>")
        self.fleet.upstream.patch({"drafts": {"D1R0.pdf": {}}})
        webhooks = {"WEBHOOK_URL": receiver.url, "WEBHOOK_ALLOW_PRIVATE": "true"}
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify:dead"), json.dumps(
            {"id": "m1", "kind": "manual", "channel": "C1", "text": "x", "reason": "is_archived"}))
        runs = (("scheduler", {}, "status"), ("scheduler", {}, "finds"), ("scheduler", {}, "search", "niebler"),
                ("scheduler", webhooks, "explain", "P2300"), ("scheduler", {}, "history"),
                ("scheduler", {}, "plan", "--index", index), ("scheduler", {}, "diff", "--before", index, "--after", other),
                ("scheduler", {"POLL_INTERVAL_SECONDS": 1800}, "simulate", "--index", index, "--from", "2018-05-20", "--to", "2018-05-25", "--planner",
                 "classic"),
                ("scheduler", {}, "pause", "why"), ("scheduler", {}, "resume"), ("scheduler", {}, "poll-now"),
                ("scheduler", {}, "migrate"), ("scheduler", {}, "accept-index"), ("scheduler", {}, "check-config"),
                ("notifier", {}, "watchlist", "U1", "add", "P2300,", "P1"), ("notifier", {}, "watchlist", "U1", "list"),
                ("notifier", {}, "watchlist", "U1", "mute", "P2300", "3d"), ("notifier", {}, "watchlist", "U1", "digest", "off"),
                ("notifier", {}, "queue"), ("notifier", {}, "dead", "list"), ("notifier", {}, "dead", "replay", "m1"),
                ("notifier", {}, "dead", "drop", "--all"), ("notifier", {}, "send", "--no-wait", "C1", "hello"),
                ("notifier", {"SLACK_BOT_TOKEN": "xoxb-1"}, "check-slack"), ("notifier", webhooks, "check-webhooks", "--send"),
                ("worker", {}, "probe", self.fleet.upstream.drafts_url + "D1R0.pdf"), ("worker", {}, "read", page))
        parts = []
        for component, settings, name, *arguments in runs:
            json_first = name in ("send", "search", "probe", "read", "pause")
            words = ["--json", *arguments] if json_first else [*arguments, "--json"]
            code, text, error = self.fleet.command(component, name, *words, **settings)
            self.assertIn(code, (0, 1), (name, text, error))
            lines = [json.loads(line) for line in text.splitlines()]
            self.assertTrue(lines, name)
            parts.append(f"{name} {' '.join(argument for argument in arguments if '/' not in argument)}".strip() + "\n" +
                         json.dumps(shape_of(lines[0]), indent=1, ensure_ascii=False))
        compare_golden(self, "json.txt", "\n\n".join(parts) + "\n")
        shown = {name for _, _, name, *_ in runs} | {"import-legacy", "check"}  # test_import_legacy, test_check
        for name in command_names():
            if "--json" in subprocess.run([os.path.join(BIN, "paperscout"), name, "--help"], capture_output=True, text=True,
                                          check=True).stdout:
                self.assertIn({"watch": "watchlist"}.get(name, name), shown)
            else:
                self.assertIn(name, ("completion", "help"), f"{name} has no --json")

    def test_send_and_dead_letters_as_json(self):
        code, text, _ = self.fleet.command("notifier", "send", "--json", "--no-wait", "C1", "hello")
        answer = json.loads(text)
        self.assertEqual((code, answer.pop("id")[0], answer), (0, "m", {"state": "queued", "reason": None}))
        self.assertEqual(self.fleet.command("notifier", "dead", "list", "--json")[:2], (0, "[]\n"))
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify:dead"), json.dumps(
            {"id": "m1", "kind": "manual", "channel": "C1", "text": "x", "reason": "is_archived"}))
        code, text, _ = self.fleet.command("notifier", "dead", "list", "--json")
        (letter,) = json.loads(text)
        self.assertEqual((letter["number"], letter["id"], letter["reason"]), (1, "m1", "is_archived"))
        self.assertEqual(self.fleet.command("notifier", "dead", "replay", "m1", "--json")[:2], (0, '{"replayed":1}\n'))
        self.assertEqual(self.fleet.command("notifier", "dead", "drop", "--all", "--json")[:2], (0, '{"dropped":0}\n'))

    def on_terminal(self, *arguments, **settings):
        """What a command writes to a terminal until it has shown the cycles."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(os.path.join(BIN, "paperscout"), ["paperscout", *arguments],
                       environment(self.fleet.settings_for(TERM="xterm", **settings)))
        text, end = "", time.monotonic() + paced(30)
        while "cycle  status" not in text and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                text += os.read(terminal, 65536).decode(errors="replace")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        self.assertIn("cycle  status", text)
        return text

    def test_status_on_a_terminal(self):
        """Colours for what is wrong, none with NO_COLOR; --watch begins at the upper left each time."""
        self.assertIn("\x1b[", self.on_terminal("status"))
        self.assertNotIn("\x1b", self.on_terminal("status", NO_COLOR="1"))
        watched = self.on_terminal("status", "--watch", "1", NO_COLOR="1")
        self.assertTrue(watched.startswith("\x1b[H\x1b[J"), repr(watched[:40]))
        self.assertNotIn("u001b", watched)
        self.assertNotIn("\x1b", self.fleet.command("scheduler", "status", TERM="xterm")[1])

    def test_search(self):
        """The command, the page and Slack give the same groups in the same order; spellings do not matter."""
        code, text, error = self.fleet.command("scheduler", "search", "EXECUTION", "lewg")
        self.assertEqual((code, error), (0, ""))
        self.assertTrue(text.startswith("matches: 1\n"), text)
        self.assertIn("D2300R10", text)
        code, text, _ = self.fleet.command("scheduler", "search", "--json", "--count", "5", "niebler")
        found = json.loads(text)
        self.assertEqual([(one["key"], one["name"], one["subgroup"]) for one in found["results"]],
                         [("P2300", "D2300R10.pdf", "LEWG")])
        self.assertEqual(self.fleet.command("scheduler", "search", "100%")[:2], (0, "matches: 0\n"))
        code, _, error = self.fleet.command("scheduler", "search", *"abcdefghi")
        self.assertEqual((code, error), (64, "search: give 1 to 8 words of at most 200 bytes in all\n"))


if __name__ == "__main__":
    unittest.main()
