#!/usr/bin/env python3
"""paperscout-worker probe: what people ask by hand, without Redis."""
import json
import os
import pty
import subprocess
import tempfile
import unittest

from rig.places import program_path
from rig.upstream import Upstream

SCENARIO = {
    "drafts": {"D1000R0.pdf": {"modified": "-1h", "text": "a draft"},
               "D1001R0.pdf": {"modified": "-9d", "text": "an old one"},
               "D1002R0.pdf": {"text": "of no date"}},
    "rules": {"broken": {"match": "/files/papers/D2*", "status": 500},
              "busy": {"match": "/files/papers/D3*", "status": 503, "retry_after": 60}},
}
FIELDS = {"url", "outcome", "status", "last_modified", "failure_category", "attempts", "latency_ms"}


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="paperscout-test-")
        cls.upstream = Upstream(cls.folder.name, SCENARIO)
        cls.upstream.start()

    @classmethod
    def tearDownClass(cls):
        cls.upstream.stop()
        cls.folder.cleanup()

    def urls(self, *names):
        return [f"{self.upstream.drafts_url}{name}.pdf" for name in names]

    def run_it(self, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings):
        env = {"PATH": os.environ["PATH"], "ALLOW_PRIVATE_UPSTREAMS": "true",
               "PROBE_BACKOFF_MS": "1", **settings}
        return subprocess.run([program_path("paperscout-worker"), "probe", *arguments], env=env,
                              cwd=self.folder.name, stdout=stdout, stderr=stderr, text=True,
                              timeout=60, check=False)

    def answers(self, *names, **settings):
        """Exit status, and what was said of each: (outcome, status, category, attempts)."""
        urls = self.urls(*names)
        done = self.run_it(*urls, **settings)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["url"] for line in lines], urls)
        for line in lines:
            self.assertLessEqual(FIELDS, set(line))
        return done.returncode, [(line["outcome"], line["status"], line["failure_category"],
                                  line["attempts"]) for line in lines]

    def test_a_line_for_each_url_in_the_order_asked(self):
        self.assertEqual(self.answers("D1000R0", "D1001R0", "D1002R0", "D1003R0"), (0, [
            ("hit_recent", 200, None, 1), ("hit_old", 200, None, 1), ("hit_no_lm", 200, None, 1),
            ("miss", 404, None, 1)]))

    def test_an_error_and_a_pause_exit_1(self):
        self.assertEqual(self.answers("D2000R0", "D1000R0", PROBE_MAX_ATTEMPTS="2"), (1, [
            ("error", 500, "NETWORK", 2), ("hit_recent", 200, None, 1)]))
        self.assertEqual(self.answers("D3000R0"), (1, [("deferred", 503, "RATE_LIMIT", 0)]))

    def test_private_addresses_are_refused_unless_allowed(self):
        asked = self.upstream.stats()["count"]
        self.assertEqual(self.answers("D1000R0", ALLOW_PRIVATE_UPSTREAMS="false"), (1, [
            ("error", 0, "CONFIGURATION", 1)]))
        self.assertEqual(self.upstream.stats()["count"], asked)

    def test_wrong_usage_and_bad_settings(self):
        for arguments, word in (((), "usage"), (("-v", *self.urls("D1000R0")), "-v")):
            done = self.run_it(*arguments)
            self.assertEqual((done.returncode, done.stdout), (64, ""))
            self.assertIn(word, done.stderr)
        done = self.run_it(*self.urls("D1000R0"), HTTP_CONCURRENCY="none")
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("HTTP_CONCURRENCY", done.stderr)

    def test_output_that_cannot_be_written_fails(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(self.run_it(*self.urls("D1000R0"), stdout=full).returncode, 1)

    def test_the_progress_of_many_shares_a_terminal_with_the_answers(self):
        ours, theirs = pty.openpty()
        names = [f"D4{number:03}R0" for number in range(30)]
        done = self.run_it(*self.urls(*names), stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        seen = [line.rpartition("\033[K")[2].rpartition("\r")[2]  # as a terminal shows it
                for line in text.decode().replace("\r\n", "\n").split("\n") if line]
        self.assertEqual([json.loads(line)["url"] for line in seen if line.startswith("{")],
                         self.urls(*names))
        self.assertEqual([line for line in seen if not line.startswith("{")], ["30 of 30 asked"])


if __name__ == "__main__":
    unittest.main()
