"""The three programs, with the servers they need, in one temporary folder."""
import http.client
import json
import os
import shutil
import subprocess
import tempfile

from .journal import Journal
from .pace import paced, paced_settings
from .places import program_path
from .postgres import Postgres
from .process import Process
from .redis import Redis
from .upstream import Upstream
from .wait import wait_until

# Fast enough for tests, kind to two cores. A test overrides what it is about.
DEFAULTS = {
    # Most tests are about what happens to a plan that they can foretell; tests of the adaptive planner set it.
    "PROBE_PLANNER": "classic",
    "POLL_INTERVAL_SECONDS": "2",
    "POLL_OVERRUN_COOLDOWN_SECONDS": "0.2",
    "COLD_SPREAD_RATIO": "0",
    "CACHE_TTL_HOURS": "0",
    "PROBE_RATE_LIMIT": "0",
    "PROBE_HOST_CONCURRENCY": "0",
    "PROBE_BACKOFF_MS": "20",
    "HTTP_TIMEOUT_SECONDS": "5",
    "ALLOW_PRIVATE_UPSTREAMS": "true",
    "NOTIFICATION_CHANNEL": "#papers",
    "SLACK_CHANNEL_INTERVAL_MS": "0",
    "TASK_VISIBILITY_SECONDS": "12",
    "SHUTDOWN_GRACE_SECONDS": "20",
    "LEADER_TTL_MS": "2000",
    "HEALTH_PORT": "0",
    "PORT": "0",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "DEBUG",
}


class Program(Process):
    """One of the three programs as a daemon."""

    def __init__(self, component, name, settings, folder, build=None, program=None, prefix=()):
        program = program or f"paperscout-{component}"
        path = program_path(program, build)
        if path is None:
            raise FileNotFoundError(f"{program} is not built")
        self.component = component
        home = os.path.join(folder, f"{name}.cwd")  # no .env of the checkout is picked up
        os.makedirs(home, exist_ok=True)
        super().__init__(name, [*prefix, path], folder, cwd=home, env=environment(settings))
        self.journal = Journal(self.log_path)
        self._port = None

    def events(self, name=None, **fields):
        """The JSON log lines, of one event when named, whose fields are as given."""
        return self.journal.events(name, **fields)

    def wait_event(self, name, seconds=10, count=1, **fields):
        """The count-th such event."""
        def look():
            found = self.events(name, **fields)
            if len(found) < count and not self.alive():
                raise AssertionError(f"{self.name} ended before {name}\n{self.tail()}")
            return found[count - 1] if len(found) >= count else None
        return wait_until(look, seconds, f"{self.name} logs {name} ({count})")

    @property
    def port(self):
        """Of /health; from the log, so that a port of 0 works."""
        if self._port is None:
            self._port = int(self.wait_event("HEALTH-LISTEN")["port"])
        return self._port

    def get(self, path, timeout=5):
        """(status, text) of a health path."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=paced(timeout))
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()

    def health(self):
        return json.loads(self.get("/health")[1])

    def ready(self):
        return self.get("/readyz")[0] == 200

    def sent(self):
        """Messages of the console sink."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]


def environment(settings):
    """Only what a program needs, so that the settings of whoever runs the tests do not leak in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS",
                                                "UBSAN_OPTIONS", "LSAN_OPTIONS")
            if name in os.environ}
    kept.setdefault("PATH", "/usr/bin:/bin")
    kept.update({name: str(value) for name, value in settings.items() if value is not None})
    return kept


class Fleet:
    """Servers and programs of one test. close() ends them all."""

    def __init__(self, scenario=None, **settings):
        self.folder = tempfile.mkdtemp(prefix="paperscout-test-")
        self.settings = settings
        self.redis = Redis(self.folder, settings.get("REDIS_KEY_PREFIX", "paperscout:"))
        self.postgres = Postgres(self.folder)
        self.upstream = Upstream(self.folder, scenario)
        self.programs = []
        self.build = None  # of the programs; None: that of the tests
        self.prefix = ()  # before the command line of each program
        self.extras = []  # anything else with stop() and process

    def start_servers(self, postgres=True):
        self.upstream.start()
        self.redis.start()
        if postgres:
            self.postgres.start()

    def settings_for(self, **settings):
        sites = {} if self.upstream.port is None else {
            "WG21_INDEX_URL": self.upstream.index_url, "ISO_BASE_URL": self.upstream.drafts_url,
            "SLACK_API_URL": self.upstream.slack_url}
        return paced_settings({**DEFAULTS, "REDIS_URL": self.redis.url, "DATABASE_URL": self.postgres.url,
                               **sites, **self.settings, **settings})

    def start(self, component, name=None, build=None, program=None, **settings):
        """Starts one program; its name is its INSTANCE_ID too. program: another binary that is this component."""
        number = 1 + sum(program.component == component for program in self.programs)
        name = name or f"{component}-{number}"
        program = Program(component, name, self.settings_for(INSTANCE_ID=name, **settings),
                          self.folder, build or self.build, program, self.prefix)
        self.programs.append(program)
        return program

    def start_slack_notifier(self, name=None, **settings):
        return self.start("notifier", name, NOTIFY_SINK="slack", SLACK_BOT_TOKEN="xoxb-test",
                          **settings)

    def command(self, component, *arguments, timeout=20, **settings):
        """Runs a command to its end; (exit status, standard output, standard error)."""
        done = subprocess.run([program_path(f"paperscout-{component}"), *arguments],
                              env=environment(self.settings_for(**settings)), cwd=self.folder,
                              capture_output=True, text=True, timeout=paced(timeout))
        return done.returncode, done.stdout, done.stderr

    def watch(self, component, *arguments, **settings):
        """Starts a command that goes on until the fleet is closed."""
        path = program_path(f"paperscout-{component}")
        process = Process(f"{component}-{arguments[0]}", [path, *arguments], self.folder,
                          env=environment(self.settings_for(**settings)), cwd=self.folder)
        process.process = process  # as the other extras
        self.extras.append(process)
        return process

    def wait_cycles(self, count, seconds=20):
        """Waits until so many cycles are closed; their rows, oldest first."""
        def look():
            rows = self.cycles()
            closed = [row for row in rows if row["status"] != "running"]
            return rows if len(closed) >= count else None
        return wait_until(look, seconds, f"{count} cycles are closed", every=0.1)

    def cycles(self):
        return self.postgres.query("SELECT * FROM cycles ORDER BY number")

    def wait_sent(self, seconds=20):
        """Waits until the outbox holds nothing unsent."""
        def look():
            return self.postgres.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL "
                                       "AND dead_at IS NULL") == 0
        return wait_until(look, seconds, "everything in the outbox is sent", every=0.1)

    def messages(self):
        """What people got: console output of every notifier, else what Slack took."""
        console = [message for program in self.programs if program.component == "notifier"
                   for message in program.sent()]
        return console or self.upstream.slack()

    def close(self, keep=False):
        for program in reversed(self.programs):
            program.stop(seconds=1)
        for part in reversed(self.extras):
            part.stop()
        self.upstream.stop()
        self.redis.stop()
        self.postgres.stop()
        if not keep:
            self.remove()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def sanitizer_reports(self):
        """Names of programs whose log holds a report of ASan, LSan or UBSan."""
        marks = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:")
        parts = [*self.programs, self.upstream.process,
                 *(pod for extra in self.extras for pod in getattr(extra, "all_pods", ()))]
        return [part.name for part in parts
                if part is not None and any(mark in part.log() for mark in marks)]

    def tails(self):
        parts = self.programs + [part.process for part in
                                 (*self.extras, self.upstream, self.redis, self.postgres)]
        return "\n".join(part.tail() for part in parts if part is not None)
