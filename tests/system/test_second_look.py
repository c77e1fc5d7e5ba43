#!/usr/bin/env python3
"""A recent hit is told only after a second look at how the file begins, by another worker if possible."""
import unittest

from rig import CycleCase, wait_until


class SecondLook(CycleCase):
    def start(self, workers=1, **settings):
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=2, delay_ms=0, **settings)
        for _ in range(workers - 1):
            self.fleet.start("worker")
        self.workers = [program for program in self.fleet.programs if program.component == "worker"]
        for worker in self.workers:
            wait_until(worker.ready, 15, "a worker is ready")
        self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 40)

    def outcomes(self, draft):
        return [row["outcome"] for row in self.fleet.postgres.query(
            f"SELECT outcome FROM probes WHERE url LIKE '%/{draft}.pdf' AND outcome <> 'miss' "
            "ORDER BY cycle")]

    def asked(self, draft, method):
        return sum(request["method"] == method and request["path"].endswith(f"/{draft}.pdf")
                   for request in self.fleet.upstream.requests(prefix="/files/"))

    def test_another_worker_looks_where_there_is_one(self):
        self.start(3)
        self.add_drafts(8)
        self.wait_told()
        rows = {row["url"].rpartition("/")[2]: row["worker"] for row in self.fleet.postgres.query(
            "SELECT url, worker FROM probes WHERE outcome = 'hit_recent'")}
        seen = {event["url"].rpartition("/")[2]: worker.name for worker in self.workers
                for event in worker.events("PROBE-SEEN")}
        self.assertEqual(set(rows), {f"{draft}.pdf" for draft in self.drafts})
        self.assertEqual(set(seen), set(rows))
        # A worker that reads its own request a third time confirms the hit itself: the others may be kept from the processor so long.
        alone = [name for name in rows if rows[name] == seen[name]]
        self.assertLess(len(alone), len(rows) / 2, alone)
        self.finish()

    def test_a_worker_alone_looks_twice_itself(self):
        self.start(1)
        self.add_drafts(3)
        self.wait_told()
        for draft in self.drafts:
            self.assertGreaterEqual(self.asked(draft, "GET"), 1)
            self.assertEqual(self.outcomes(draft), ["hit_recent"])
        self.finish()

    def test_what_begins_like_something_else_is_suspect_and_asked_again(self):
        self.start(1)
        self.fleet.upstream.patch({"drafts": {"D1052R0.pdf": {
            "modified": "-1h", "body": "<html>We have moved", "content_type": "application/pdf"}}})
        wait_until(lambda: self.outcomes("D1052R0")[:2] == ["suspect", "suspect"], 20,
                   "it is suspect in two cycles")
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM discovered"), 0)
        self.assertEqual(sum(self.told().values()), 0)
        self.fleet.upstream.patch({"drafts": {"D1052R0.pdf": None}})
        self.fleet.upstream.patch({"drafts": {"D1052R0.pdf": {"modified": "-1h", "text": "true"}}})
        wait_until(lambda: self.told()["D1052R0"] == 1, 20, "it is told once it is a PDF")

    def test_what_cannot_be_fetched_is_not_told_until_it_can(self):
        self.start(1, PROBE_BACKOFF_MS=10)
        self.fleet.upstream.patch({"rules": {"slow": None}})
        self.fleet.upstream.patch({"rules": {"broken": {"match": "/files/papers/D1050R0.pdf",
                                                        "method": "GET", "status": 500}}})
        self.add_drafts(1)
        wait_until(lambda: "error" in self.outcomes(self.drafts[0]), 20, "the second look fails")
        self.assertEqual(sum(self.told().values()), 0)
        self.fleet.upstream.patch({"rules": {"broken": None}})
        self.finish()


if __name__ == "__main__":
    unittest.main()
