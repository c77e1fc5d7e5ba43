#!/usr/bin/env python3
"""Bad input on the running fleet: it is refused with a reason, and nothing else is held up."""
import json
import signal
import socket
import time
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.wait import stays

SMALL = {"POLL_INTERVAL_SECONDS": "1", "POLL_OVERRUN_COOLDOWN_SECONDS": "0.1",
         "FRONTIER_WINDOW_ABOVE": "3", "FRONTIER_WINDOW_BELOW": "2", "HOT_LOOKBACK_MONTHS": "0",
         "COLD_CYCLE_DIVISOR": "100000"}


class BadIndex(FleetCase):
    def setUp(self):
        super().setUp()
        self.index = made_index()
        self.fleet = self.make_fleet({"index": {"inline": self.index}}, **SMALL)
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.fleet.wait_cycles(1)

    def papers(self):
        return self.fleet.postgres.value("SELECT count(*) FROM papers")

    def test_a_bad_download_falls_back_to_the_stored_copy(self):
        good = json.dumps(self.index)
        more = {**self.index, "P1060R0": {"title": "not seen whole"}}  # no 304 for this one
        bad = {
            "truncated": {"raw": good[:len(good) // 2]},
            "no JSON": {"raw": "<html><body>Bad gateway</body></html>"},
            "no object": {"raw": "[1, 2, 3]"},
            "empty": {"raw": ""},
            "two values": {"raw": "{} {}"},
            "cut off": {"inline": more, "fault": "cut_body"},
            "an error": {"inline": self.index, "status": 500},
            "dropped": {"inline": self.index, "fault": "drop"},
        }
        for name, index in bad.items():
            with self.subTest(name):
                before = len(self.scheduler.events("INDEX-STALE-FALLBACK"))
                self.fleet.upstream.patch({"index": None})
                self.fleet.upstream.patch({"index": index})
                self.scheduler.wait_event("INDEX-STALE-FALLBACK", 15, count=before + 1)
                self.assertEqual(self.papers(), len(self.index))
        closed = len(self.fleet.cycles())
        self.fleet.upstream.patch({"index": None})
        self.fleet.upstream.patch({"index": {"inline": self.index}})
        self.fleet.wait_cycles(closed + 2)
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM outbox"), 0)
        self.assertEqual(self.papers(), len(self.index))

    def test_a_huge_index_is_refused_at_its_cap(self):
        self.fleet.upstream.patch({"index": {"body_size": 70 * 1024 * 1024}})
        event = self.scheduler.wait_event("INDEX-STALE-FALLBACK", 20)
        self.assertTrue(event.get("failure_category"), event)
        self.assertEqual(self.papers(), len(self.index))
        self.assertEqual(self.scheduler.get("/livez")[0], 200)

    def test_half_wrong_entries_are_skipped_or_read_as_empty(self):
        wrong = {"P1060R0": "no object", "P1061R0": ["none"], "P1062R0": 7, "P1063R0": None,
                 "P1064R0": {"title": 5, "author": {"name": "x"}, "date": [], "type": "paper"},
                 "P1065R0": {"type": "poem", "title": "Odd", "author": "Ann Archer"},
                 "": {"title": "no id"}, "PxRy": {"title": "no id"},
                 "P99999999999R0": {"title": "absurd"}}
        self.fleet.upstream.patch({"index": {"inline": wrong}})
        wait_until(lambda: self.fleet.postgres.value(
            "SELECT count(*) FROM papers WHERE id IN ('P1064R0', 'P1065R0')") == 2, 10,
            "the two objects are stored")
        rows = self.fleet.postgres.query("SELECT id, type, title, author, date FROM papers "
                                         "WHERE id LIKE 'P106_R0' ORDER BY id")
        self.assertEqual(rows, [
            {"id": "P1064R0", "type": "paper", "title": "", "author": "", "date": ""},
            {"id": "P1065R0", "type": "paper", "title": "Odd", "author": "Ann Archer", "date": ""}])
        self.assertTrue(self.scheduler.events("INDEX-WARNING"))


class BadEntries(FleetCase):
    """Written by hand into Redis: to the dead stream or list with the reason, others go on."""

    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet({"index": {"inline": made_index()}}, **SMALL)
        self.redis = self.fleet.redis
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.worker = self.fleet.start("worker")
        self.notifier = self.fleet.start_slack_notifier()
        self.fleet.wait_cycles(1)

    def good_cycle(self):
        """A cycle that starts from now on closes well."""
        number = len(self.fleet.cycles())
        rows = self.fleet.wait_cycles(number + 2)
        self.assertEqual({row["status"] for row in rows[number:]} - {"running"}, {"empty"})

    def test_tasks(self):
        good = {"task": "9:D9999R0.pdf", "cycle": "9", "epoch": "1",
                "url": self.fleet.upstream.drafts_url + "D9999R0.pdf", "tier": "frontier",
                "prefix": "D", "number": "9999", "revision": "0", "ext": ".pdf"}
        junk = [{"hello": "world"}, {**good, "number": "-7"}, {**good, "tier": "LUNAR"},
                {**good, "url": "gopher://example.org/"}, {**good, "url": "x" * 5000},
                {**good, "cycle": "9" * 40}, {**good, "revision": "\x00\x01"},
                {name: value for name, value in good.items() if name != "task"}]
        for fields in junk:
            flat = [word for pair in fields.items() for word in pair]
            self.redis.call("XADD", self.redis.key("tasks"), "*", *flat)
        wait_until(lambda: self.redis.length("tasks:dead") >= len(junk), 15,
                   "all of them are in tasks:dead")
        newer = {**good, "tier": "lunar", "moon": "full"}  # what a newer scheduler may ask
        self.redis.call("XADD", self.redis.key("tasks"), "*",
                        *[word for pair in newer.items() for word in pair])
        wait_until(lambda: self.fleet.upstream.count("/files/papers/D9999R0.pdf") == 1, 10,
                   "the newer task is asked")
        self.assertEqual(self.redis.length("tasks:dead"), len(junk))
        for _, fields in self.redis.entries("tasks:dead"):
            self.assertTrue(any("reason" in name for name in fields), fields)
        self.good_cycle()
        wait_until(lambda: self.redis.pending("tasks", "workers") == 0, 10, "nothing is pending")

    def test_results(self):
        junk = [{"hello": "world"}, {"task": "1:D1R0.pdf", "outcome": "splendid"},
                {"task": "777:D0001R0.pdf", "cycle": "777", "epoch": "1", "url": "http://x/",
                 "tier": "cold", "prefix": "D", "number": "1", "revision": "0", "ext": ".pdf",
                 "outcome": "hit_recent"}]
        for fields in junk:
            flat = [word for pair in fields.items() for word in pair]
            self.redis.call("XADD", self.redis.key("results"), "*", *flat)
        self.scheduler.wait_event("RESULT-BAD", 10)
        self.good_cycle()
        wait_until(lambda: self.redis.length("results") == 0, 10, "results are done with")
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM discovered"), 0)
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM outbox"), 0)

    def test_messages(self):
        good = {"id": "hand-1", "kind": "manual", "channel": "C1", "text": "by hand",
                "thread_ts": None, "created_at": "2026-01-01T00:00:00Z", "trace": None}
        junk = ["no JSON", "[]", "7", "", "{}", json.dumps({**good, "channel": 5}),
                json.dumps({**good, "kind": 7}), json.dumps({**good, "text": "x" * 100000}),
                json.dumps({**good, "id": ""})]
        for text in junk:
            self.redis.call("RPUSH", self.redis.key("notify"), text)
        self.redis.call("RPUSH", self.redis.key("notify"), json.dumps(good))
        newer = {**good, "id": "hand-2", "kind": "song", "text": "of a newer one", "melody": [1, 5]}
        self.redis.call("RPUSH", self.redis.key("notify"), json.dumps(newer))
        wait_until(lambda: sorted(m["text"] for m in self.fleet.upstream.slack()) ==
                   ["by hand", "of a newer one"], 10, "the good ones arrive")
        wait_until(lambda: len(self.redis.list("notify:dead")) == len(junk), 10,
                   "the others are in notify:dead")
        for text in self.redis.list("notify:dead"):
            self.assertTrue(json.loads(text)["reason"], text)
        self.assertEqual(self.redis.list("notify"), [])


class BadStart(FleetCase):
    def test_a_database_that_is_down_is_waited_for(self):
        fleet = self.make_fleet({"index": {"inline": made_index()}}, **SMALL)
        fleet.start_servers(postgres=False)
        waiting = [fleet.start("scheduler"), fleet.start_slack_notifier()]
        fleet.start("worker")
        for program in waiting:
            wait_until(lambda p=program: p.get("/livez")[0] == 200, 10, f"{program.name} lives")
            program.wait_event("DB-DOWN", 10)
        end = time.monotonic() + 2
        stays(lambda: all(program.alive() and not program.ready() for program in waiting), 2,
              "they wait, not ready")
        self.assertGreaterEqual(time.monotonic(), end)
        reasons = waiting[0].get("/readyz")[1]
        self.assertRegex(reasons.lower(), "postgres|database")
        self.assertEqual(waiting[0].get("/health")[0], 200)
        fleet.postgres.start()
        for program in waiting:
            wait_until(program.ready, 20, f"{program.name} is ready")
        fleet.wait_cycles(1)

    def test_redis_that_is_down_is_waited_for(self):
        fleet = self.make_fleet({"index": {"inline": made_index()}}, **SMALL)
        fleet.upstream.start()
        fleet.postgres.start()
        programs = [fleet.start("scheduler"), fleet.start("worker"), fleet.start_slack_notifier()]
        for program in programs:
            wait_until(lambda p=program: p.get("/livez")[0] == 200, 10, f"{program.name} lives")
        stays(lambda: all(p.alive() and not p.ready() for p in programs), 1.5, "they wait")
        fleet.redis.start()
        for program in programs:
            wait_until(program.ready, 20, f"{program.name} is ready")
        fleet.wait_cycles(1)

    def test_a_port_in_use_ends_the_program_with_a_reason(self):
        fleet = self.make_fleet()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen(1)
            port = taken.getsockname()[1]
            for component in ("scheduler", "worker", "notifier"):
                program = fleet.start(component, HEALTH_PORT=port)
                self.assertEqual(program.wait(10), 78, program.tail())
                self.assertIn(str(port), program.log())

    def test_settings_out_of_range(self):
        fleet = self.make_fleet()
        for component, name, value, allowed in (
                ("scheduler", "POLL_INTERVAL_SECONDS", "-1", "604800"),
                ("scheduler", "PROBE_PREFIXES", '["X"]', "D"),
                ("scheduler", "CYCLE_FAIL_ERROR_RATIO", "2", "1"),
                ("scheduler", "WG21_INDEX_URL", "ftp://example.org/", "http"),
                ("scheduler", "ENABLE_ISO_PROBE", "maybe", "true"),
                ("worker", "HTTP_CONCURRENCY", "many", "1000"),
                ("worker", "HTTP_TIMEOUT_SECONDS", "nan", "300"),
                ("notifier", "MQ_BACKPRESSURE_THRESHOLD", "0", "1"),
                ("notifier", "NOTIFY_SINK", "pigeon", "console"),
                ("notifier", "LOG_LEVEL", "LOUD", "DEBUG")):
            with self.subTest(name):
                program = fleet.start(component, f"{component}-{name}", **{name: value})
                self.assertEqual(program.wait(10), 78, program.tail())
                for part in (name, value, allowed):
                    self.assertIn(part, program.log().replace('\\"', '"'))

    def test_a_secrets_value_is_not_shown(self):
        fleet = self.make_fleet()
        for name, value in (("REDIS_URL", "nonsense://user:geheim@host"),
                            ("DATABASE_URL", "mysql://user:geheim@host/db")):
            program = fleet.start("scheduler", f"scheduler-{name}", **{name: value})
            self.assertEqual(program.wait(10), 78, program.tail())
            self.assertIn(name, program.log())
            self.assertNotIn("geheim", program.log() + program.output())

    def test_sigterm_ends_a_program_that_still_waits_for_its_servers(self):
        fleet = self.make_fleet()
        for component in ("scheduler", "worker", "notifier"):
            program = fleet.start(component)
            self.assertGreater(program.port, 0)
            self.assertEqual(program.stop(signal.SIGTERM, 10), 0, program.tail())


if __name__ == "__main__":
    unittest.main()
