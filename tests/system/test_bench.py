#!/usr/bin/env python3
"""The benchmark's own programs speak the same protocol as the fleet: a script that takes one argument more broke them unnoticed."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from rig import Redis
from rig.places import build_dir

TASKS = 600  # more than one batch of 250


class TestBench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="paperscout-bench-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.redis = Redis(self.folder)
        self.addCleanup(self.redis.stop)
        self.redis.start()

    def run_tool(self, name, *arguments):
        done = subprocess.run([os.path.join(build_dir(), "tests", "bench", name), *map(str, arguments)], capture_output=True,
                              text=True, env={**os.environ, "REDIS_URL": self.redis.url}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_tasks_are_published_and_worked_off(self):
        found = self.run_tool("bench_tasks", "http://127.0.0.1/", TASKS, 1, 1)
        self.assertEqual(len(found["publish_ms"]), 1)
        entries = self.redis.entries("tasks")
        self.assertEqual(len(entries), TASKS)
        self.assertEqual({len(fields) for _, fields in entries}, {9})
        self.run_tool("bench_queue", TASKS, "delete")
        self.assertEqual(self.redis.length("tasks"), 0)
        self.assertEqual(self.redis.length("results"), TASKS)


if __name__ == "__main__":
    unittest.main()
