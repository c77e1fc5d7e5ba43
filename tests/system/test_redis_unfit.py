#!/usr/bin/env python3
"""A Redis that may evict work, or is a replica: nobody is ready, and says why."""
import json
import unittest

from rig import FleetCase, wait_until


class RedisUnfit(FleetCase):
    def start(self, *options):
        self.fleet = self.make_fleet({"index": {"inline": {}}})
        self.fleet.upstream.start()
        self.fleet.postgres.start()
        self.fleet.redis.start(*options)
        return [self.fleet.start(component) for component in ("scheduler", "worker", "notifier")]

    def test_one_that_evicts(self):
        for program in self.start("--maxmemory-policy", "allkeys-lru"):
            event = program.wait_event("REDIS-UNFIT")
            self.assertEqual(event["failure_category"], "CONFIGURATION")
            status, text = program.get("/readyz")
            self.assertEqual(status, 503)
            self.assertIn("allkeys-lru", text)
            self.assertIn("noeviction", text)
            self.assertEqual(program.get("/livez")[0], 200)
            self.assertEqual(json.loads(program.get("/health")[1])["status"], "degraded")

    def test_one_that_is_as_it_should_be(self):
        for program in self.start("--appendonly", "yes", "--maxmemory-policy", "noeviction"):
            wait_until(program.ready, 15, f"{program.name} is ready")
            self.assertEqual(program.events("REDIS-UNFIT"), [])
            self.assertEqual(program.events("REDIS-NO-AOF"), [])

    def test_without_an_append_only_file(self):
        for program in self.start():
            program.wait_event("REDIS-NO-AOF")
            wait_until(program.ready, 15, f"{program.name} is ready all the same")


if __name__ == "__main__":
    unittest.main()
