#!/usr/bin/env python3
"""One person floods: their backlog and their commands do not hold up what everybody else waits for, and a watchlist with the
worst patterns costs nobody the lease."""
import os
import time
import unittest

from rig import FleetCase, wait_until
from rig.speaker import SECRET, Speaker, sign, slash_body

FORM = "application/x-www-form-urlencoded"
LIMIT_S = 20  # one person's flood may delay the channel by this much
COMMANDS = int(os.environ.get("PAPERSCOUT_COMMANDS", "200"))  # of one person
ROWS = 30000
WORST = "/" + "[a-z]*" * 14 + "9{}/"


def paper(name, title):
    return {name: {"type": "paper", "title": title, "author": "Jane Doe", "date": "2026-01-01", "subgroup": "",
                   "link": f"https://wg21.link/{name.lower()}"}}


class HostilePeople(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": paper("P0042R1", "Old")}, "drafts": {}}, POLL_INTERVAL_SECONDS=2, ENABLE_ISO_PROBE="false",
            SLACK_SIGNING_SECRET=SECRET, EVENTS_BIND_HOST="127.0.0.1", SLACK_CHANNEL_INTERVAL_MS=1000, MQ_MAX_SIZE=100)
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.notifier = self.fleet.start_slack_notifier()
        wait_until(self.scheduler.ready, 20, "the scheduler is ready")
        wait_until(self.notifier.ready, 20, "the notifier is ready")
        self.fleet.wait_cycles(1)

    def channel_delay(self):
        """Seconds that a message to the channel takes."""
        began = time.monotonic()
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('draft:https://x.example/D1.pdf', 'draft', '#papers', "
            "'{\"id\": \"D0001R0\", \"url\": \"https://x.example/D1.pdf\", \"title\": \"For everybody\", \"draft\": true}')")
        wait_until(lambda: any(m["channel"] == "#papers" for m in self.fleet.upstream.slack()), 120,
                   "the channel has its message", every=0.1)
        return time.monotonic() - began

    def test_one_persons_backlog(self):
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) SELECT 'watch:UFLOOD:' || n, 'watchlist', 'UFLOOD', "
            "jsonb_build_object('id', 'P' || n || 'R0', 'number', n, 'url', 'https://x.example/' || n, 'title', 'Paper ' || n, "
            f"'reason', 'doe', 'by', 'author') FROM generate_series(10000, {10000 + ROWS - 1}) n")
        time.sleep(3)
        delay = self.channel_delay()
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE message_id IS NULL") == 0, 60,
                   "all matches are in messages")
        messages = self.fleet.postgres.value("SELECT count(DISTINCT message_id) FROM outbox WHERE channel = 'UFLOOD'")
        print(f"{ROWS} matches of one person: {messages} messages; the channel waited {delay:.1f} s")
        self.assertLess(delay, LIMIT_S)
        self.assertLess(messages, 500)

    def test_one_persons_commands(self):
        speaker = Speaker(int(self.notifier.wait_event("EVENTS-LISTEN")["port"]))
        slowed = 0
        for _ in range(COMMANDS):
            body = slash_body("version", user="UFLOOD")
            status, text = speaker.post(body, sign(body), "/slack/commands", FORM)[:2]
            self.assertEqual(status, 200)
            slowed += b"Slow down" in (text if isinstance(text, bytes) else text.encode())
        delay = self.channel_delay()
        print(f"channel delay under one person's flood: {delay:.1f} s after {COMMANDS} commands, {slowed} slowed down")
        self.assertGreater(slowed, COMMANDS / 2)
        self.assertLess(delay, LIMIT_S)
        body = slash_body("version", user="UOTHER")
        status, text = speaker.post(body, sign(body), "/slack/commands", FORM)[:2]
        self.assertNotIn("Slow down", str(text))

    def test_worst_patterns(self):
        self.fleet.postgres.execute(
            "INSERT INTO watch_rule (user_id, kind, value) SELECT 'U' || person, 'pattern', "
            f"repeat('[a-z]*', 14) || '9' || n FROM generate_series(1, 20) person, generate_series(1, 20) n")
        self.fleet.postgres.execute("INSERT INTO watch_rule (user_id, kind, value) VALUES ('UGOOD', 'pattern', 'for all')")
        before = len(self.scheduler.events("LEADER-LOST"))
        index = paper("P0042R1", "Old")
        for number in range(100, 400):
            index.update(paper(f"P{number:04d}R0", "the quick brown fox jumps over a lazy dog for all " * 8))
        self.fleet.upstream.patch({"index": {"inline": index}})
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE channel = 'UGOOD'") == 300, 60,
                   "the good pattern matched")
        suspended = self.fleet.postgres.value("SELECT count(*) FROM watch_suspended")
        told = self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE dedupe_key LIKE 'suspended:%'")
        print(f"400 of the worst patterns: {suspended} suspended, {told} messages to their owners")
        self.assertEqual(suspended, 400)
        self.assertEqual(told, 400)
        self.assertEqual(len(self.scheduler.events("LEADER-LOST")), before)
        self.assertEqual(self.scheduler.get("/livez")[0], 200)


if __name__ == "__main__":
    unittest.main()
