#!/usr/bin/env python3
"""Runs Paperscout on one machine; deploy/up.sh prepares and calls this, its --help says what it does."""
import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from demo import SETTINGS as DEMO_SETTINGS
from demo import Demo, NotShown, Site
from fleet import STATUS_MEMBER, Fleet
from narrator import Narrator
from process import Ledger, Patience, end
from servers import NotStarted, Postgres, Redis
from settings import forget, given, is_free, keep, kept
from user import copy_programs, name_of, run_as, working_folder

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(os.path.dirname(HERE), "demo")
INDEX_URL = "https://wg21.link/index.json"
FAILED, UNAVAILABLE = 1, 69
STATUS_PORT = 8080  # of the status page, where nothing else has it


class Interrupted(Exception):
    """Ctrl-C, or SIGTERM."""


def state_folder():
    named = os.environ.get("PAPERSCOUT_STATE")
    if named:
        return os.path.abspath(named)
    if os.geteuid() == 0:
        return "/var/lib/paperscout"
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(base, "paperscout")


def index_answers():
    request = urllib.request.Request(os.environ.get("WG21_INDEX_URL") or INDEX_URL, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


class Home:
    """The state folder, and the lock that says that one run has it."""

    def __init__(self):
        self.state = state_folder()
        os.makedirs(self.state, exist_ok=True)
        self.ledger = Ledger(os.path.join(self.state, "processes.json"))
        self.lock = open(os.path.join(self.state, "lock"), "a+", encoding="ascii")
        self.chosen = os.path.join(self.state, "run.json")

    def take(self):
        """False when another run has it; its process number is in the file."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.lock.seek(0)
        self.lock.truncate()
        self.lock.write(f"{os.getpid()}\n")
        self.lock.flush()
        return True

    def holder(self):
        self.lock.seek(0)
        return self.lock.read().strip()

    def clear_leftovers(self, narrator):
        """What a run that crashed has left. Servers come first in the list, so last here."""
        forget(self.chosen)
        left = self.ledger.read()
        for entry in reversed(left):
            narrator.step(f"stopping {entry['name']} (process {entry['pid']}), left by an earlier run")
            server = entry["name"] == "postgresql"
            end(entry, 30, signal.SIGINT if server else signal.SIGTERM)
        self.ledger.remove()
        return len(left)


def down(home, narrator, wipe):
    if not home.take():
        holder = int(home.holder() or 0)
        narrator.step(f"asking the run that goes on (process {holder}) to stop")
        os.kill(holder, signal.SIGTERM)
        fcntl.flock(home.lock, fcntl.LOCK_EX)
    if home.clear_leftovers(narrator) == 0:
        narrator.say("Nothing is running.")
    if wipe:
        for name in os.listdir(home.state):
            path = os.path.join(home.state, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        narrator.say(f"Everything stored in {home.state} is deleted.")
    return 0


def beside(home, command):
    """Becomes a command with the settings and in the folder of the run that goes on."""
    run = kept(home.chosen)
    if not home.take():
        if run is None:
            print("up.sh: it is still starting, or stopping; try again in a moment", file=sys.stderr)
            return FAILED
    else:
        print(f"up.sh: nothing runs with its data in {home.state}; start deploy/up.sh in another terminal\n"
              "first, or name its folder in PAPERSCOUT_STATE", file=sys.stderr)
        return FAILED
    environment = {**run["environment"],
                   "PATH": os.pathsep.join([*run["path"], os.environ.get("PATH", os.defpath)])}
    if os.path.basename(command[0]) in run["databases"]:
        environment["DATABASE_URL"] = run["databases"][os.path.basename(command[0])]
    if os.path.basename(command[0]) in run["ports"]:
        environment["HEALTH_PORT"] = run["ports"][os.path.basename(command[0])]
    try:
        os.chdir(run["folder"])
        os.execvpe(command[0], command, environment)
    except OSError as error:
        print(f"up.sh: {command[0]}: {error.strerror}", file=sys.stderr)
    return FAILED


class Run:
    def __init__(self, home, narrator, arguments):
        self.home, self.narrator = home, narrator
        self.build, self.stay = arguments.build, arguments.stay
        self.demo = None
        self.folder = home.state
        self.environment = dict(os.environ)
        self.cwd = os.getcwd()
        if arguments.demo:
            self.demo = Demo(DEMO, narrator)
            self.folder = os.path.join(home.state, "demo")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.cwd = self.folder
            self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "ASAN_OPTIONS")
                                if name in os.environ}
        self.logs = os.path.join(self.folder, "logs")
        os.makedirs(self.logs, exist_ok=True)
        self.redis = self.postgres = self.site = self.fleet = None
        self.databases = {}  # DATABASE_URL by component
        self.given = set() if self.demo else given(self.cwd, self.environment)
        self.user, self.programs = {}, self.build

    def leave_root(self):
        """As root: programs and Redis run as another user."""
        self.user = run_as()
        if not self.user:
            return
        self.narrator.step(f"programs and Redis run as the user {name_of(self.user)}, not as root")
        for folder in (self.home.state, self.folder):
            os.chmod(folder, os.stat(folder).st_mode | 0o011)  # to be entered, whatever root's umask is
        self.programs = copy_programs(self.build, self.home.state, self.user)
        if not self.demo:
            self.cwd = working_folder(self.cwd, self.home.state, self.environment, self.user)

    def start_servers(self):
        tell = self.narrator
        settings = {}
        if not self.given & {"REDIS_URL", "REDIS_SENTINELS"}:
            self.redis = Redis(self.folder, self.logs, self.home.ledger, self.user)
            self.redis.start()
            settings["REDIS_URL"] = self.redis.url
            tell.step("Redis is up: it carries the work in flight")
        if "DATABASE_URL" not in self.given:
            self.postgres = Postgres(self.folder, self.logs, self.home.ledger)
            self.postgres.start()
            self.databases = self.postgres.make_roles(
                os.path.join(self.programs, "scheduler", "paperscout-scheduler"), self.user)
            tell.step("PostgreSQL is up: it keeps what must last")
        if self.demo:
            program = os.path.join(self.programs, "tests", "paperscout-upstream")
            self.site = Site(program, self.folder, self.logs, self.home.ledger, self.user)
            self.site.start(self.demo.scenario())
            tell.step("the sample site is up: it plays wg21.link and isocpp.org")
            settings.update(DEMO_SETTINGS, WG21_INDEX_URL=f"{self.site.url}/index.json",
                            ISO_BASE_URL=f"{self.site.url}/files/papers/")
        elif not self.given & {"SLACK_BOT_TOKEN", "NOTIFICATION_CHANNEL"}:
            settings["NOTIFICATION_CHANNEL"] = "#papers"  # shown here, so that there is something to see
        return settings

    def ports(self):
        """Any free ones; live, the status page has a place that can be kept as a bookmark."""
        if self.demo:
            return {}
        if "HEALTH_PORT" in self.given:
            return {STATUS_MEMBER: None}
        return {STATUS_MEMBER: str(STATUS_PORT)} if is_free(STATUS_PORT) else {}

    def start_fleet(self, settings):
        self.fleet = Fleet(self.programs, self.logs, self.home.ledger, {**self.environment, **settings},
                           self.databases, self.cwd, self.user)
        self.fleet.start(self.ports())
        late = self.fleet.wait_ready(30, lambda: self.narrator.look(self.fleet))
        fallen = self.fleet.fallen()
        if fallen:
            raise NotStarted(f"{fallen.name} ended by itself:\n{fallen.process.tail()}")
        if late:
            raise NotStarted(f"not ready within 30 s: {', '.join(late)}; their logs are in {self.logs}")
        for member in self.fleet.members:
            what = {"scheduler": "plans, keeps the ledger, decides what is told",
                    "worker": "asks the site for drafts", "notifier": "sends the messages"}
            self.narrator.say(f"          {member.name + ':':11} {what[member.component]} "
                              f"(http://127.0.0.1:{member.port}/health)")
        keep(self.home.chosen, {
            "folder": self.cwd,
            "environment": {**self.fleet.settings, **({"DATABASE_URL": self.postgres.url} if self.postgres else {})},
            "databases": {f"paperscout-{name}": url for name, url in self.databases.items()},
            "path": [os.path.join(self.build, name) for name in ("bin", "scheduler", "worker", "notifier")],
            "ports": {f"paperscout-{member.component}": str(member.port)
                      for member in reversed(self.fleet.members)}})

    def show_where(self):
        tell = self.narrator
        tell.say(f"\nStatus page, in a browser: http://127.0.0.1:{self.fleet.of('scheduler')[0].port}/")
        tell.say(f"Logs: {self.logs}. In another terminal, while it runs:")
        for command, what in (("paperscout status", "what is wrong, who does what"),
                              ("paperscout finds", "what was found lately"),
                              ("paperscout explain P2300", "what happens about one number")):
            tell.say(f"  deploy/up.sh run {command:26} # {what}")
        cli = self.redis.cli if self.redis else "redis-cli -u \"$REDIS_URL\""
        for command, what in (("XLEN paperscout:tasks", "work outstanding"),
                              ("XINFO GROUPS paperscout:tasks", "what workers hold"),
                              ("HGETALL paperscout:cycle", "the running cycle"),
                              ("GET paperscout:leader", "who leads"),
                              ("LRANGE paperscout:notify 0 -1", "messages on their way")):
            tell.say(f"  {cli} {command:33} # {what}")

    def watch(self):
        """Until Ctrl-C. What falls is started again."""
        patience = Patience()
        while True:
            self.narrator.look(self.fleet)
            for part in (self.redis, self.postgres, *self.fleet.members):
                if part is None or part.process.alive():
                    continue
                process = part.process
                if patience.ends(process.name):
                    raise NotStarted(f"{process.name} does not stay up:\n{process.tail()}")
                self.narrator.step(f"{process.name} {process.how_it_ended()}; it is started again")
                time.sleep(1)  # what it held is let go of meanwhile
                part.revive()
            time.sleep(0.2)

    def check_slack(self):
        """Live, with a token: what is wrong with the set-up at Slack is said before anything starts."""
        if self.demo or "SLACK_BOT_TOKEN" not in self.given:
            return
        program = os.path.join(self.programs, "notifier", "paperscout-notifier")
        found = subprocess.run([program, "check-slack"], env=self.environment, cwd=self.cwd, **self.user,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               check=False, text=True, errors="replace")
        if found.returncode:
            raise NotStarted(f"Slack would not take our messages:\n{found.stdout.rstrip()}")
        self.narrator.step("Slack takes our messages (paperscout check-slack says more)")

    def go(self):
        self.leave_root()
        self.check_slack()
        self.narrator.heading("Starting servers and programs")
        self.start_fleet(self.start_servers())
        self.show_where()
        if self.demo:
            self.demo.play(self.fleet, self.postgres, self.site)
        if not self.demo or self.stay:
            self.narrator.say("\nIt goes on until Ctrl-C.")
            self.watch()

    def stop(self):
        self.narrator.heading("Stopping")
        clean = True
        for part, stop in ((self.fleet, lambda: self.fleet.stop(30)),
                           (self.site, lambda: self.site.stop()),
                           (self.postgres, lambda: self.postgres.stop()),
                           (self.redis, lambda: self.redis.stop())):
            if part is not None:
                clean = stop() and clean
        self.home.ledger.remove()
        forget(self.home.chosen)
        self.narrator.step("everything has stopped, nothing was lost" if clean else
                           f"stopped, but not everything by itself; see {self.logs}")
        return clean


def on_signal(number, _frame):
    """Once: what follows is the clean stop, and that is not to be cut short."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)


def up(home, narrator, arguments):
    status = 0
    home.clear_leftovers(narrator)
    if not arguments.demo and not arguments.live:
        arguments.demo = not index_answers()
        narrator.say("wg21.link does not answer: this is the demo, with a sample mailing of invented "
                     "papers." if arguments.demo else "wg21.link answers: this is live.")
    narrator.by_clock = not arguments.demo
    run = Run(home, narrator, arguments)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, on_signal)
    try:
        run.go()
    except Interrupted as interrupted:
        narrator.say(f"\n{interrupted}: a clean stop")
    except NotStarted as error:
        narrator.say(f"\nup.sh: {error}")
        status = UNAVAILABLE
    except NotShown as error:
        narrator.say(f"\nup.sh: the demo did not show what it must: {error}\nLogs: {run.logs}")
        status = FAILED
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        if not run.stop() and status == 0:
            status = FAILED
    if status == 0 and arguments.demo:
        narrator.say("\nThat was Paperscout. deploy/up.sh --live watches the real sites; README.md says how it tells\n"
                     "your Slack.")
    return status


def main():
    parser = argparse.ArgumentParser(prog="up.sh", add_help=False)
    parser.add_argument("command", choices=("up", "down", "run"))
    parser.add_argument("beside", nargs="*")
    parser.add_argument("--build", required=True)
    for name in ("--demo", "--live", "--stay", "--wipe"):
        parser.add_argument(name, action="store_true")
    arguments = parser.parse_args()
    narrator = Narrator()
    home = Home()
    if arguments.command == "run":
        return beside(home, arguments.beside)
    if arguments.command == "down":
        return down(home, narrator, arguments.wipe)
    if not home.take():
        print(f"up.sh: it runs already (process {home.holder()}); deploy/up.sh down stops it",
              file=sys.stderr)
        return FAILED
    return up(home, narrator, arguments)


if __name__ == "__main__":
    sys.exit(main())
