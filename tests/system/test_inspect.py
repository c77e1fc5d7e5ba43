#!/usr/bin/env python3
"""What an operator sees with redis-cli: readable work in flight, under the names of deploy/OPERATING.md."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index


class Inspect(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "rules": {"stall": {"match": "/files/*", "fault": "stall"}},
             "slack": {"fault": "stall"}},
            POLL_INTERVAL_SECONDS=60, HTTP_CONCURRENCY=3, HTTP_TIMEOUT_SECONDS=20,
            TASK_VISIBILITY_SECONDS=60, SHUTDOWN_GRACE_SECONDS=25,
            MQ_BACKPRESSURE_THRESHOLD=1000)
        self.redis = self.fleet.redis
        self.fleet.start_servers()
        self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.notifier = self.fleet.start_slack_notifier()
        wait_until(lambda: self.redis.pending("tasks", "workers") > 0, 20, "tasks are in flight")

    def cli(self, command, key, *arguments):
        text = self.redis.cli(command, self.redis.key(key), *arguments)
        self.assertNotRegex(text, r"\\x[0-9a-f]{2}", "packed bytes")
        return text

    def test_xrange_shows_tasks_a_person_can_read(self):
        text = self.cli("XRANGE", "tasks", "-", "+", "COUNT", "1")
        lines = text.split("\n")[1:]
        fields = dict(zip(lines[::2], lines[1::2]))
        self.assertEqual(list(fields)[:9], ["task", "cycle", "epoch", "url", "tier", "prefix",
                                            "number", "revision", "ext"])
        self.assertTrue(fields["url"].startswith(self.fleet.upstream.drafts_url), fields)
        name = fields["url"].rsplit("/", 1)[1]
        self.assertEqual(fields["task"], f"1:{name}")
        self.assertEqual(f"{fields['prefix']}{int(fields['number']):04d}R{fields['revision']}"
                         f"{fields['ext']}", name)
        self.assertIn(fields["tier"], ("watchlist", "frontier", "recent", "cold",
                                       "control"))

    def test_xinfo_groups_shows_who_works_and_what_is_pending(self):
        values = self.redis.cli("XINFO", "GROUPS", self.redis.key("tasks")).split("\n")
        group = dict(zip(values[::2], values[1::2]))
        self.assertEqual((group["name"], group["consumers"]), ("workers", "1"))
        self.assertGreaterEqual(int(group["pending"]), 3)
        self.assertGreater(self.redis.length("tasks"), int(group["pending"]))
        consumers = self.redis.cli("XINFO", "CONSUMERS", self.redis.key("tasks"), "workers")
        self.assertIn("worker-1", consumers)
        results = self.redis.cli("XINFO", "GROUPS", self.redis.key("results"))
        self.assertIn("scheduler", results.split("\n"))

    def test_lrange_shows_messages_as_json(self):
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) "
            "SELECT 'test:' || i, 'draft', 'C1', '{}' FROM generate_series(1, 400) i; "
            "UPDATE outbox SET message_id = 'o' || id, message_text = 'Bjørn says ' || id")
        def lengths():
            return [len(self.redis.list(key)) for key in ("notify", "notify:inflight:notifier-1")]
        wait_until(lambda: all(lengths()) and sum(lengths()) == 400, 20, "messages are in flight")
        waiting = self.redis.cli("LRANGE", self.redis.key("notify"), "0", "-1").splitlines()
        held = self.redis.cli("LRANGE", self.redis.key("notify:inflight:notifier-1"), "0",
                              "-1").splitlines()
        for line in waiting + held:
            message = json.loads(line)
            self.assertEqual(set(message), {"id", "kind", "channel", "text", "thread_ts",
                                            "created_at", "trace"})
            self.assertIn("Bjørn says", message["text"])
        self.assertEqual(len(waiting) + len(held), 400)

    def test_leader_cycle_and_instances(self):
        self.assertRegex(self.cli("GET", "leader"), r"^scheduler-1:\d+\n$")
        self.assertGreater(int(self.cli("PTTL", "leader")), 0)
        cycle = self.redis.hash("cycle")
        self.assertLessEqual({"number": "1", "finished": "0"}.items(), cycle.items())
        controls = self.fleet.postgres.value("SELECT count(*) AS n FROM controls")
        self.assertEqual(int(cycle["published"]) + controls, self.redis.length("tasks"))
        for field in ("epoch", "started_at", "deadline"):
            self.assertIn(field, cycle)
        keys = {self.redis.key(f"instance:{who}") for who in
                ("scheduler:scheduler-1", "worker:worker-1", "notifier:notifier-1")}
        wait_until(lambda: keys <= set(self.redis.keys("instance:*")), 10, "all three beat")
        for key in keys:
            self.assertGreater(self.redis.call("PTTL", key), 0)
            flat = self.redis.call("HGETALL", key)
            self.assertLessEqual({"version", "started_at"}, set(flat[::2]))
        self.assertTrue(self.redis.call("GET", self.redis.key("generation")))


if __name__ == "__main__":
    unittest.main()
