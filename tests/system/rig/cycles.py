"""Cases about whole cycles while something is taken away: what must hold whatever happened."""
import collections
import datetime
import re

from .case import FleetCase
from .index import made_index
from .wait import wait_until

DRAFT = re.compile(r"[DP]\d{4}R\d+")


class CycleCase(FleetCase):
    """A fleet whose cycles take a second or two. Each new draft must be told once, each cycle must
    end with as many outcomes as it planned."""

    def start_fleet(self, schedulers=2, delay_ms=20, **settings):
        settings = {"POLL_INTERVAL_SECONDS": 3, "HTTP_CONCURRENCY": 10,
                    "TASK_VISIBILITY_SECONDS": 6, **settings}
        self.drafts = []
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()}, "drafts": {},
             "rules": {"slow": {"match": "/files/*", "delay_ms": delay_ms}}}, **settings)
        self.fleet.start_servers()
        self.before_programs(self.fleet)
        self.notifier = self.fleet.start("notifier")
        self.fleet.start("worker")
        for _ in range(schedulers):
            self.fleet.start("scheduler")

    def before_programs(self, fleet):
        """For a case that wants something between the servers and the programs."""

    def add_drafts(self, count=1):
        """Drafts nobody has announced, in the window of the frontier."""
        fresh = [f"D{1050 + len(self.drafts) + i:04d}R0" for i in range(count)]
        self.fleet.upstream.patch({"drafts": {f"{draft}.pdf": {"modified": "-1h", "text": draft}
                                              for draft in fresh}})
        self.drafts += fresh

    def schedulers(self):
        return [program for program in self.fleet.programs
                if program.component == "scheduler" and program.alive()]

    def leader(self, seconds=15):
        """The living scheduler that holds the lease."""
        def look():
            value = self.fleet.redis.call("GET", self.fleet.redis.key("leader")) or ""
            return next((program for program in self.schedulers()
                         if program.name == value.rpartition(":")[0]), None)
        return wait_until(look, seconds, "somebody leads")

    def next_of(self, old, seconds=15):
        """Who leads once the old one does not."""
        def look():
            now = self.leader()
            return now if now is not old else None
        return wait_until(look, seconds, "another leads")

    def wait_running(self, probed=100):
        """Waits until a cycle runs and so many of its probes are settled; its row."""
        def look():
            row = self.fleet.cycles()[-1]
            done = self.fleet.postgres.value("SELECT count(outcome) AS n FROM probes "
                                             f"WHERE cycle = {row['number']}")
            return row if row["status"] == "running" and done >= probed else None
        return wait_until(look, 20, f"a cycle runs and has {probed} results")

    def told(self):
        """How often people were told of each draft."""
        return collections.Counter(draft for message in self.fleet.messages()
                                   for draft in set(DRAFT.findall(message["text"])))

    def wait_told(self, seconds=40):
        wait_until(lambda: set(self.drafts) <= set(self.told()), seconds,
                   "people are told of every draft", every=0.2)

    def wait_more_cycles(self, count, seconds=40):
        """Waits until so many more cycles than now are closed."""
        last = max((row["number"] for row in self.fleet.cycles()), default=0)
        wait_until(lambda: any(row["number"] == last + count and row["status"] != "running"
                               for row in self.fleet.cycles()), seconds, f"{count} more cycles",
                   every=0.2)

    def check_cycles(self):
        """Numbers without a gap; planned = settled = one outcome each, in each closed cycle."""
        cycles = self.fleet.cycles()
        self.assertEqual([row["number"] for row in cycles], list(range(1, len(cycles) + 1)))
        counts = {row["cycle"]: row for row in self.fleet.postgres.query(
            "SELECT cycle, count(*) AS planned, count(outcome) AS settled, "
            "count(DISTINCT url) AS urls FROM probes GROUP BY cycle")}
        for row in cycles:
            if row["status"] == "running" or row["number"] < min(counts):
                continue  # probes of old cycles are not kept
            count = counts[row["number"]]
            planned = row["planned"]
            self.assertGreater(planned, 0)
            self.assertEqual((count["planned"], count["settled"], count["urls"]),
                             (planned, planned, planned), f"cycle {row['number']}")
            summary = row["summary"]
            self.assertEqual(sum(summary[name] for name in ("hit_total", "miss", "errors")) +
                             summary.get("suspect", 0), planned)
        return cycles

    def check_told_once(self):
        self.assertEqual(self.told(), collections.Counter(self.drafts))

    def finish(self):
        """Everything is told, everything closes, nothing is left over."""
        self.wait_told()
        self.wait_more_cycles(1)
        self.fleet.wait_sent()
        self.check_told_once()
        return self.check_cycles()

    def epochs(self):
        """[(time, scheduler, epoch)] of every election, in the order of the logs' clocks."""
        return sorted((event["ts"], program.name, event["epoch"]) for program in self.fleet.programs
                      if program.component == "scheduler"
                      for event in program.events("LEADER-ACQUIRED"))

    def check_epochs(self):
        epochs = [epoch for _, _, epoch in self.epochs()]
        self.assertEqual(epochs, sorted(set(epochs)), "an epoch came twice or went back")


def seconds_between(earlier, later):
    """Of two times as the logs write them."""
    first, second = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                     for text in (earlier, later))
    return (second - first).total_seconds()
