#!/usr/bin/env python3
"""Whatever a site answers: the right outcome and category, in bounded time and memory."""
import time
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.pace import paced

HERE = {"modified": "-1h", "text": "a draft"}
MIB = 1024 * 1024

# name: (how the draft answers, outcome, failure category)
ANSWERS = {
    "plain": ({}, "hit_recent", None),
    "old": ({"modified": "-30d"}, "hit_old", None),
    "no date": ({"modified": None}, "hit_no_lm", None),
    "unreadable date": ({"modified": "yesterday"}, "hit_no_lm", None),
    "403": ({"status": 403}, "miss", None),
    "404": ({"status": 404}, "miss", None),
    "410": ({"status": 410}, "miss", None),
    "500": ({"status": 500}, "error", "NETWORK"),
    "502": ({"status": 502}, "error", "NETWORK"),
    "503 without Retry-After": ({"status": 503}, "error", "NETWORK"),
    "dropped": ({"fault": "drop"}, "error", "NETWORK"),
    "reset": ({"fault": "reset"}, "error", "NETWORK"),
    "cut header": ({"fault": "cut_header"}, "error", "NETWORK"),
    "garbage": ({"fault": "garbage"}, "error", "NETWORK"),
    "header flood": ({"fault": "header_flood"}, "error", "NETWORK"),
    "silence": ({"fault": "stall"}, "error", "TIMEOUT"),
    "soft 404": ({"content_type": "text/html"}, "suspect", None),
    "moved to another name": ({"redirect": "/files/papers/gone.html"}, "miss", None),
    "moved to a page that is there": ({"redirect": "/files/papers/D1051R0.pdf"}, "suspect", None),
    "redirect without end": ({"redirect": "SELF"}, "error", "NETWORK"),
    "redirect to ftp": ({"redirect": "ftp://127.0.0.1/x.pdf"}, "error", "NETWORK"),
    "another body": ({"body": "<html>We have moved", "content_type": "application/pdf"}, "suspect", None),
    "GET answered with 404": ({"method": "GET", "status": 404}, "suspect", None),
    "GET answered with 500": ({"method": "GET", "status": 500}, "error", "NETWORK"),
    "GET silent": ({"method": "GET", "fault": "stall"}, "error", "TIMEOUT"),
    "body without end": ({"method": "GET", "fault": "endless"}, "suspect", None),
    "body cut": ({"method": "GET", "fault": "cut_body"}, "error", "NETWORK"),
    "200 MB": ({"body_size": 200 * MIB, "content_type": "application/pdf"}, "suspect", None),
    "broken PDF": ({"body": "%PDF-1.7\n" + "1 0 obj << /Length 9999999999 >>\n" * 2000,
                    "content_type": "application/pdf"}, "hit_recent", None),
}


class HostileSite(FleetCase):
    maxDiff = None

    def test_every_answer(self):
        names = {f"D{1050 + i}R0.pdf": name for i, name in enumerate(ANSWERS)}
        drafts = {}
        for file, name in names.items():
            answer = {**HERE, **ANSWERS[name][0]}
            if answer.get("redirect") == "SELF":
                answer["redirect"] = f"/files/papers/{file}"
            drafts[file] = {key: value for key, value in answer.items() if value is not None}
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()}, "drafts": drafts}, POLL_INTERVAL_SECONDS=60,
            HTTP_TIMEOUT_SECONDS=1, PROBE_MAX_ATTEMPTS=2, PROBE_BACKOFF_MS=10)
        self.fleet.start_servers()
        worker = self.fleet.start("worker")
        wait_until(worker.ready, 15, "the worker is ready")
        began = time.monotonic()
        self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 60)
        took = time.monotonic() - began
        rows = {row["url"].rpartition("/")[2]: (row["outcome"], row["failure_category"])
                for row in self.fleet.postgres.query(
                    "SELECT url, outcome, failure_category FROM probes")}
        self.assertEqual({name: rows.get(file) for file, name in names.items()},
                         {name: ANSWERS[name][1:] for name in ANSWERS})
        with open(f"/proc/{worker.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
        print(f"{len(ANSWERS)} answers in {took:.1f} s; peak memory of the worker {peak:.1f} MB")
        self.assertLess(took, paced(30))
        if "asan" not in worker.argv[0]:
            self.assertLess(peak, 64)


if __name__ == "__main__":
    unittest.main()
