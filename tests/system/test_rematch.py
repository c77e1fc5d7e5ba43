#!/usr/bin/env python3
"""An entry of the index whose title, author or subgroup changes is matched again: each person it matches now for a
new reason is told, once, whatever dies meanwhile."""
import copy
import unittest

from rig import FleetCase, wait_until
from rig.speaker import SECRET, Speaker


def entry(title, author, subgroup):
    return {"type": "paper", "title": title, "author": author, "date": "2026-01-01", "subgroup": subgroup,
            "link": "https://example.org/p"}


INDEX = {"P0060R0": entry("Lists", "Jane Doe", "EWG"), "P0061R0": entry("Sets", "John Roe", "LEWG")}
WATCHES = {"UAUTHOR": "watchlist add köppe", "UBOTH": "watchlist add köppe", "UNUMBER": "watchlist add 60",
           "UDOE": "watchlist add doe", "USUB": "watch subgroup LEWG", "UTITLE": "watch /^vectors/"}


class Rematch(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet({"index": {"inline": INDEX}}, POLL_INTERVAL_SECONDS=1, ENABLE_ISO_PROBE="false",
                                     SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1")
        self.index = copy.deepcopy(INDEX)
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.notifier = self.fleet.start_slack_notifier()
        wait_until(self.notifier.ready, 20, "the notifier is ready")
        self.fleet.wait_cycles(1)
        speaker = Speaker(int(self.notifier.wait_event("EVENTS-LISTEN")["port"]))
        for user, words in [*WATCHES.items(), ("UBOTH", "watchlist add 60")]:
            self.assertEqual(speaker.say(words, channel=f"D{user}", user=user), 200)
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 20,
                   "everything said is done")

    def change(self, paper="P0060R0", **fields):
        self.index[paper].update(fields)
        self.fleet.upstream.patch({"index": {"inline": self.index}})

    def polls(self, count=2):
        closed = sum(row["status"] != "running" for row in self.fleet.cycles())
        self.fleet.wait_cycles(closed + count, 30)
        self.fleet.wait_sent()

    def told(self):
        """{user: messages that name P0060R0}"""
        told = {}
        for message in self.fleet.upstream.slack():
            if message["channel"] in WATCHES and "P0060R0" in message["text"]:
                told.setdefault(message["channel"], []).append(message["text"])
        return told

    def check_told(self, *users):
        told = self.told()
        self.assertEqual(sorted(told), sorted(users))
        self.assertEqual({user: len(texts) for user, texts in told.items()}, {user: 1 for user in users})

    def test_each_change_is_told_once(self):
        self.polls()
        self.check_told()
        self.change(author="Jane Doe, Thomas Köppe")
        wait_until(lambda: len(self.told()) == 2, 20, "the author's watchers are told")
        self.assertIn("changed in the index: author; author: köppe", self.told()["UAUTHOR"][0])
        event = self.scheduler.wait_event("INDEX-UPD", 5, paper="P0060R0")
        self.assertEqual(event["changed"], "author")
        self.polls()
        self.check_told("UAUTHOR", "UBOTH")
        # A change that says nothing new to anybody; one taken back and made again.
        self.change(date="2026-02-02")
        self.polls()
        self.change(author="Jane Doe")
        self.polls()
        self.change(author="Jane Doe, Thomas Köppe")
        self.polls()
        self.check_told("UAUTHOR", "UBOTH")
        # The next leader tells nothing again, and goes on.
        self.scheduler.kill()
        self.scheduler = self.fleet.start("scheduler", name="scheduler-after-a-kill")
        self.polls(3)
        self.check_told("UAUTHOR", "UBOTH")
        # What changes while nobody polls is told by who polls next.
        self.scheduler.stop()
        self.change(subgroup="EWG, LEWG", title="Vectors of lists")
        self.scheduler = self.fleet.start("scheduler", name="scheduler-after-a-stop")
        wait_until(lambda: len(self.told()) == 4, 30, "the subgroup's and the title's watchers are told")
        self.assertIn("changed in the index: title and subgroup; subgroup: lewg", self.told()["USUB"][0])
        self.polls()
        self.check_told("UAUTHOR", "UBOTH", "USUB", "UTITLE")
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE kind = 'watchlist'"), 4)


if __name__ == "__main__":
    unittest.main()
