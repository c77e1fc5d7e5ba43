"""The demo: a sample mailing, told while it happens on real servers and the real programs."""
import datetime
import http.client
import json
import os
import re
import time

from process import Process
from servers import wait_for

INTERVAL = 8  # seconds between polls
# Fewer than are under way at once: else those left are refused after the pause, and the rate halved again
# makes the cycle so long that an alert comes in between.
REFUSED = 4
CHANNEL = "#cpp-papers"
SETTINGS = {
    "PROBE_PLANNER": "classic",  # a mailing in minutes: the adaptive planner learns from days
    "POLL_INTERVAL_SECONDS": str(INTERVAL), "POLL_OVERRUN_COOLDOWN_SECONDS": "1",
    "COLD_SPREAD_RATIO": "0",
    "COLD_CYCLE_DIVISOR": "480",  # some 800 probes a cycle: 4 s at 200 a second
    "NOTIFICATION_CHANNEL": CHANNEL, "OPS_ALERT_CHANNEL": "#cpp-papers-ops",
    "NOTIFY_SINK": "console", "ALLOW_PRIVATE_UPSTREAMS": "true", "SHUTDOWN_GRACE_SECONDS": "20",
}


class NotShown(Exception):
    """Something that the demo is there to show did not come."""


class Site:
    """The scripted upstream in place of wg21.link and isocpp.org."""

    def __init__(self, program, folder, logs, ledger, user):
        self.user = user
        self.program, self.folder, self.logs, self.ledger = program, folder, logs, ledger
        self.process = self.port = None

    def start(self, scenario):
        path = os.path.join(self.folder, "scenario.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(scenario, file)
        self.process = Process("site", [self.program, "--scenario", path], self.logs, self.ledger,
                               cwd=self.folder, **self.user)
        wait_for("The sample site", self._find_port, 10, self.process)

    def _find_port(self):
        with open(self.process.out_path, encoding="utf-8") as file:
            found = re.findall(r"listening http://127\.0\.0\.1:(\d+)", file.read())
        self.port = int(found[-1]) if found else None
        return self.port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def control(self, method, what, value=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request(method, f"/_control/{what}", None if value is None else json.dumps(value))
            answer = link.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise NotShown(f"the sample site refused {what}: {text.decode()}")
            return json.loads(text)
        finally:
            link.close()

    def stop(self):
        return self.process is None or self.process.stop(5)


def dated(index):
    """"-20d" becomes the day twenty days ago."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return {name: {**entry, "date": (today - datetime.timedelta(int(entry["date"][1:-1]))).isoformat()}
            for name, entry in index.items()}


class Demo:
    def __init__(self, folder, narrator):
        with open(os.path.join(folder, "mailing.json"), encoding="utf-8") as file:
            self.mailing = json.load(file)
        self.narrator = narrator
        self.fleet = self.postgres = self.site = None

    def scenario(self):
        return {"index": {"inline": dated(self.mailing["index"])}, "drafts": self.mailing["drafts"]}

    def wait(self, what, check, seconds):
        """Goes on telling until check() gives something."""
        limit = time.monotonic() + seconds
        while True:
            self.narrator.look(self.fleet)
            found = check()
            if found:
                return found
            fallen = self.fleet.fallen()
            if fallen:
                raise NotShown(f"{fallen.name} ended by itself:\n{fallen.process.tail()}")
            if time.monotonic() > limit:
                raise NotShown(f"{what}: not within {seconds} seconds")
            time.sleep(0.1)

    def closed(self):
        return [event for event in self.narrator.events
                if event.get("event") == "PROBE-CYCLE-SUMMARY"]

    def wait_cycle(self, number, seconds=30):
        return self.wait(f"cycle {number} is closed", lambda: next(
            (event for event in self.closed() if event["cycle"] >= number), None), seconds)

    def wait_message(self, recipient, paper, seconds=30):
        return self.wait(f"a message to {recipient} about {paper}", lambda: next(
            (message for message in self.narrator.messages if message["channel"] == recipient and
             paper in message["text"]), None), seconds)

    def cold_start(self):
        self.narrator.heading("A first poll: everything is new, so nothing is news")
        self.wait_cycle(1)
        time.sleep(1.5)
        self.narrator.look(self.fleet)
        if self.narrator.messages:
            raise NotShown("the first poll announced something")
        self.narrator.step("one old draft was found and written down; nobody was told, as it must be")

    def watch(self):
        self.narrator.heading("Three people say what they wait for")
        for user, entries in self.mailing["watch"].items():
            for entry in entries:
                status, text = self.fleet.command("notifier", "watchlist", user, "add", entry)
                if status != 0:
                    raise NotShown(f"watchlist {user} add {entry}: {text}")
                self.narrator.step(f"paperscout-notifier watchlist {user} add {entry}")

    def publish(self):
        papers, drafts = self.mailing["mailing"], self.mailing["mailing_drafts"]
        self.narrator.heading("A mailing: new papers in the index, new drafts on the site")
        before = len(self.closed())
        self.site.control("POST", "patch", {"index": {"inline": dated(
            {**self.mailing["index"], **papers})}, "drafts": drafts})
        self.narrator.step(f"published in the index: {', '.join(papers)}")
        self.narrator.step(f"uploaded, and announced nowhere: {', '.join(drafts)}")
        near, revision = (name.partition(".")[0] for name in drafts)
        first = next(iter(papers))
        self.wait_message(CHANNEL, first)
        self.wait_message(CHANNEL, near)
        self.wait_message(CHANNEL, revision)
        self.wait_message("U0NUMBERS", first)
        self.wait_message("U0IMARAFAN", revision)
        self.wait_message("U0TEXTONLY", near)
        self.wait_cycle(before + 1)

    def too_many_requests(self):
        self.narrator.heading("The site says 429, Too Many Requests")
        before = len(self.closed())
        draft = next(iter(self.mailing["late_draft"]))
        self.site.control("POST", "patch", {
            "drafts": self.mailing["late_draft"],
            "rules": {"busy": {"match": "/files/papers/*", "retry_after": 2, "times": REFUSED}}})
        self.narrator.step(f"uploaded: {draft}; the site refuses the next {REFUSED} requests for 2 s")
        self.wait("a worker heeds the 429", lambda: any(
            event.get("event") == "PROBE-COOLDOWN" for event in self.narrator.events), 20)
        self.wait_message(CHANNEL, draft.partition(".")[0])
        summary = self.wait_cycle(before + 1)
        if summary["errors"]:
            raise NotShown(f"{summary['errors']} probes ended in errors")
        self.narrator.step("the workers paused, asked again, and found it: a 429 is never a miss")

    def summary(self):
        tell = self.narrator
        value = self.postgres.value
        tell.heading("What there is now")
        planned = value("SELECT sum(planned) FROM cycles WHERE status <> 'running'")
        settled = value("SELECT count(*) FROM probes p JOIN cycles c ON c.number = p.cycle "
                        "WHERE c.status <> 'running' AND p.outcome IS NOT NULL")
        lines = (
            ("cycles closed", value("SELECT count(*) FROM cycles WHERE status <> 'running'")),
            ("probes planned in them", planned),
            ("probes with their one outcome", settled),
            ("papers in the stored index", value("SELECT count(*) FROM papers")),
            ("drafts found", value("SELECT count(*) FROM discovered")),
            ("things told, each once", value("SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL")),
            ("in so many messages", str(len(tell.messages))),
            ("things not told yet", value("SELECT count(*) FROM outbox WHERE sent_at IS NULL")),
        )
        for what, number in lines:
            tell.say(f"  {number or '0':>6}  {what}")
        stats = self.site.control("GET", "stats")["folders"]["/files/papers/"]
        tell.say(f"  {stats['peak_rate']:>6}  requests in the site's busiest second "
                 "(PROBE_RATE_LIMIT is 200, and a burst of 20)")
        for member in self.fleet.members:
            health = member.health()
            work = {"scheduler": lambda h: f"{h['role']}, {h['poll_count']} polls",
                    "worker": lambda h: f"{h['probes_total']:,} probes",
                    "notifier": lambda h: f"{h['sent_total']} messages sent"}
            tell.say(f"  {member.name + ':':11} {health['status']}, "
                     f"{work[member.component](health)}")
        if planned != settled:
            raise NotShown("a probe that was planned has no outcome")

    def play(self, fleet, postgres, site):
        self.fleet, self.postgres, self.site = fleet, postgres, site
        self.cold_start()
        self.watch()
        self.publish()
        self.too_many_requests()
        self.wait("everything is told", lambda: self.postgres.value(
            "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == "0", 20)
        self.summary()
