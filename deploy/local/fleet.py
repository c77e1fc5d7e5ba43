"""The programs of one machine: two schedulers, two workers, a notifier, and what they say."""
import functools
import http.client
import json
import os
import subprocess
import time

from process import Process

MEMBERS = (("scheduler", "scheduler-1"), ("scheduler", "scheduler-2"),
           ("worker", "worker-1"), ("worker", "worker-2"), ("notifier", "notifier"))
STATUS_MEMBER = "scheduler-1"  # whose port has the page that is named; each scheduler serves it


class Member:
    """One program and the events it has logged since it was started."""

    def __init__(self, component, name, settings, start):
        """start(settings) gives the process."""
        self.component, self.name, self.settings, self._start = component, name, settings, start
        self.process = start(settings)
        self.log_at, self.out_at = self.process.log_start, self.process.out_start
        self.port = None

    @staticmethod
    def _lines(path, at):
        """Whole lines past at, and where the next read begins."""
        with open(path, "rb") as file:
            file.seek(at)
            text = file.read()
        whole = text.rpartition(b"\n")[0]
        return whole.decode("utf-8", "replace").splitlines(), at + len(whole) + bool(whole)

    @staticmethod
    def _objects(lines):
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value

    def new_events(self):
        lines, self.log_at = self._lines(self.process.log_path, self.log_at)
        events = list(self._objects(lines))
        for event in events:
            if event.get("event") == "HEALTH-LISTEN":
                self.port = event["port"]
        return events

    def new_messages(self):
        """What the console sink wrote."""
        lines, self.out_at = self._lines(self.process.out_path, self.out_at)
        return list(self._objects(lines))

    def revive(self):
        """Starts it again, where it was."""
        if self.port is not None:
            self.settings = {**self.settings, "HEALTH_PORT": str(self.port)}
        self.process = self._start(self.settings)

    def health(self):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", "/health")
            return json.loads(link.getresponse().read())
        finally:
            link.close()

    def ready(self):
        if self.port is None:
            return False
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", "/readyz")
            return link.getresponse().status == 200
        except OSError:
            return False
        finally:
            link.close()


class Fleet:
    def __init__(self, build, logs, ledger, settings, databases, cwd, user):
        """databases: DATABASE_URL by component, where they differ. user: what Popen takes to run the programs as another."""
        self.user = user
        self.build, self.logs, self.ledger = build, logs, ledger
        self.settings, self.databases, self.cwd = settings, databases, cwd
        self.members = []

    def program(self, component):
        return os.path.join(self.build, component, f"paperscout-{component}")

    def settings_of(self, component):
        own = {"DATABASE_URL": self.databases[component]} if component in self.databases else {}
        return {**self.settings, **own}

    def start(self, ports):
        """Health ports by name: any free one unless named, None for the one in the settings."""
        for component, name in MEMBERS:
            settings = {**self.settings_of(component), "INSTANCE_ID": name, "LOG_FORMAT": "json"}
            port = ports.get(name, "0")
            if port is not None:
                settings["HEALTH_PORT"] = port
            self.members.append(Member(component, name, settings, functools.partial(
                self._process, component, name)))

    def _process(self, component, name, settings):
        return Process(name, [self.program(component)], self.logs, self.ledger, cwd=self.cwd,
                       env=settings, **self.user)

    def of(self, component):
        return [member for member in self.members if member.component == component]

    def fallen(self):
        """The first that ended by itself."""
        return next((member for member in self.members if not member.process.alive()), None)

    def wait_ready(self, seconds, look):
        """look() reads the logs. The names of those that are not ready in time."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and not self.fallen():
            look()
            if all(member.ready() for member in self.members):
                return []
            time.sleep(0.1)
        return [member.name for member in self.members if not member.ready()]

    def command(self, component, *arguments):
        """Runs a command to its end; its exit status and what it printed."""
        done = subprocess.run([self.program(component), *arguments], env=self.settings_of(component),
                              cwd=self.cwd, capture_output=True, text=True, timeout=30, check=False, **self.user)
        return done.returncode, (done.stdout + done.stderr).strip()

    def stop(self, seconds):
        """In the order of the flow, so that nothing new comes. True when each ended by itself."""
        obeyed = True
        for component in ("scheduler", "worker", "notifier"):
            for member in self.of(component):
                member.process.ask_to_stop()
            for member in self.of(component):
                obeyed = member.process.stop(seconds) and obeyed
        return obeyed
