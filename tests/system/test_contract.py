#!/usr/bin/env python3
"""Small promises that somebody who has only the contract would lean on."""
import json
import socket
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index

BUSY = "D1052R0.pdf"


class Contract(FleetCase):
    def test_health_knows_a_cycle_as_soon_as_the_log_does(self):
        fleet = self.make_fleet({"index": {"inline": made_index()}, "drafts": {
            "D1051R0.pdf": {"modified": "-1h", "text": "Words"}}})
        fleet.start_servers()
        fleet.start("worker")
        scheduler = fleet.start("scheduler")
        for count in range(1, 4):
            done = scheduler.wait_event("POLL-DONE", 30, count)
            health = scheduler.health()
            self.assertEqual((health["poll_count"], health["last_cycle_status"],
                              health["probe_stats"]["cycle"], health["discovered_via_probe"]),
                             (count, done["status"], count, 1))
            self.assertIsNotNone(health["last_successful_poll"])

    def test_a_pause_that_ends_before_the_deadline_costs_no_probe(self):
        """The host asks for it in the last seconds, in which a worker gives up what it cannot ask in time."""
        fleet = self.make_fleet({"index": {"inline": made_index()}, "rules": {"busy": {
            "match": f"/files/papers/{BUSY}", "status": 503, "retry_after": 1, "times": 1, "delay_ms": 5200}}},
            CYCLE_DEADLINE_SECONDS=9, POLL_INTERVAL_SECONDS=60, HTTP_TIMEOUT_SECONDS=15)
        fleet.start_servers()
        worker = fleet.start("worker")
        fleet.start("scheduler")
        row = fleet.wait_cycles(1, 30)[0]
        self.assertEqual(row["summary"]["errors"], 0)
        self.assertEqual(fleet.upstream.count(f"/files/papers/{BUSY}"), 2)
        # Guarantee 7: it counts as a failure, and is recorded in every place.
        (event,) = worker.events("PROBE-COOLDOWN")
        self.assertEqual((event["failure_category"], event["status"]), ("RATE_LIMIT", 503))
        self.assertEqual(worker.health()["failures"]["RATE_LIMIT"], 1)
        (entry,) = [entry for _, entry in fleet.redis.entries("failures")
                    if entry["failure_category"] == "RATE_LIMIT"]
        self.assertEqual((entry["component"], entry["what"], entry["status"]),
                         ("worker", "PROBE-COOLDOWN", "503"))
        self.assertTrue(entry["url"].endswith(BUSY))
        self.assertIn('paperscout_failures_total{component="worker",category="RATE_LIMIT"} 1',
                      worker.get("/metrics")[1])

    def test_a_worker_alone_does_what_the_stream_says(self):
        """Fields of a task and of a result as the contract names them, and no scheduler at all."""
        words = [f"w{number}" for number in range(1200)]
        fleet = self.make_fleet({"drafts": {  # one word a line: some twenty pages
            "D1051R0.pdf": {"modified": "-1h", "text": "\n".join(words)}}})
        fleet.upstream.start()
        fleet.redis.start()
        fleet.start("worker")
        task = {"task": "7:D1051R0.pdf", "cycle": "7", "epoch": "3", "tier": "frontier",
                "url": fleet.upstream.drafts_url + "D1051R0.pdf", "prefix": "D", "number": "1051",
                "revision": "0", "ext": ".pdf"}
        fleet.redis.call("XADD", fleet.redis.key("tasks"), "*",
                         *(part for pair in task.items() for part in pair))
        ((_, result),) = wait_until(lambda: fleet.redis.entries("results"), 20, "it has a result")
        self.assertEqual({name: result[name] for name in task}, task)
        self.assertEqual({name: result[name] for name in ("outcome", "status", "failure_category",
                                                          "attempts", "worker")},
                         {"outcome": "hit_recent", "status": "200", "failure_category": "",
                          "attempts": "1", "worker": "worker-1"})
        self.assertRegex(result["last_modified"], r"^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$")
        self.assertRegex(result["latency_ms"], r"^\d+$")
        self.assertEqual(result["front_text"].split(), words[:1000])
        self.assertEqual(fleet.redis.length("tasks"), 0)

    def test_a_notifier_alone_says_what_the_list_holds(self):
        """On an empty database, with no scheduler at all."""
        fleet = self.make_fleet()
        fleet.redis.start()
        fleet.postgres.start()
        self.assertEqual(fleet.command("notifier", "watchlist", "U01", "add", " Knuth ")[0], 0)
        self.assertEqual(fleet.command("notifier", "watchlist", "U01", "list")[:2],
                         (0, "author knuth\n"))
        notifier = fleet.start("notifier")
        message = {"id": "m1", "kind": "test", "channel": "C1", "text": "<b> & é", "thread_ts": None,
                   "created_at": "2026-01-01T00:00:00.000Z", "trace": None}
        fleet.redis.call("RPUSH", fleet.redis.key("notify"), json.dumps(message))
        self.assertEqual(wait_until(notifier.sent, 20, "it is said"), [message])
        wait_until(lambda: notifier.health()["sent_total"] == 1, 5, "it is counted")
        self.assertEqual(notifier.get("/readyz")[0], 200)
        self.assertEqual(sum(notifier.health()["failures"].values()), 0)

    def test_what_a_notifier_holds_waits_too(self):
        """The threshold is of messages not said yet, wherever they are."""
        fleet = self.make_fleet({"slack": {"status": 500}}, MQ_BACKPRESSURE_THRESHOLD=5)
        fleet.start_servers()
        for number in range(7):  # of one channel a notifier takes as many as eight at once
            fleet.redis.call("RPUSH", fleet.redis.key("notify"), json.dumps(
                {"id": f"m{number}", "kind": "test", "channel": "C1", "text": "hello",
                 "thread_ts": None, "created_at": None, "trace": None}))
        notifier = fleet.start_slack_notifier()
        # It takes all seven before it asks Slack, so it must know by then. It knew only 20 s later, at its next look.
        wait_until(lambda: fleet.upstream.count("/api/chat.postMessage"), 60, "the notifier asks Slack")
        self.assertTrue(notifier.health()["mq_backpressure"])
        self.assertEqual(notifier.health()["mq_depth"], 7)
        self.assertEqual(notifier.health()["mq_utilization"], 0.007)

    def test_redis_at_an_ipv6_address(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        fleet = self.make_fleet()
        fleet.redis.start("--bind", "127.0.0.1", "::1")
        code, _, error = fleet.command("notifier", "send", "--no-wait", "C1", "hello",
                                       REDIS_URL=f"redis://[::1]:{fleet.redis.port}/0")
        self.assertEqual((code, error), (0, ""))


if __name__ == "__main__":
    unittest.main()
