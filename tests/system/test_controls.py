#!/usr/bin/env python3
"""Control probes: a cycle whose site cannot be believed is failed, and what it found waits."""
import unittest

from rig import CycleCase, wait_until

ABSENT = "D0000R0.pdf"
NOT_FOUND = {"match": "/files/*", "status": 404}


class Controls(CycleCase):
    def start(self, **settings):
        self.start_fleet(schedulers=1, POLL_INTERVAL_SECONDS=2, delay_ms=0, **settings)
        self.fleet.wait_cycles(1, 40)

    def last_closed(self):
        return [row for row in self.fleet.cycles() if row["status"] != "running"][-1]

    def wait_status(self, *allowed):
        """The first cycle closed from now on that ended so; the one that runs now counts."""
        number = self.last_closed()["number"]
        return wait_until(lambda: next((row for row in self.fleet.cycles()
                                        if row["number"] > number and row["status"] in allowed), None),
                          20, f"a cycle ends as {allowed}")

    def test_a_site_that_has_everything(self):
        self.start()
        self.add_drafts(2)
        self.fleet.upstream.patch({"drafts": {ABSENT: {"modified": "-1h", "text": "anything"}}})
        row = self.wait_status("failed")
        self.assertEqual(row["error"], "controls")
        self.assertGreater(row["summary"]["hit_total"], 0)
        wait_until(lambda: self.schedulers()[0].health()["last_cycle_error"] == "controls", 5,
                   "health says why")
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM discovered"), 0)
        self.assertEqual(sum(self.told().values()), 0)
        self.fleet.upstream.patch({"drafts": {ABSENT: None}})
        self.wait_status("success")
        self.finish()

    def test_a_site_that_has_nothing_any_more(self):
        self.start()
        self.add_drafts(1)
        self.wait_told()
        self.wait_status("success", "empty")
        self.fleet.upstream.patch({"rules": {"slow": NOT_FOUND}})
        row = self.wait_status("failed")
        self.assertEqual(row["error"], "controls")
        self.assertEqual(self.wait_status("failed")["error"], "controls")
        self.assertEqual(self.fleet.postgres.value(
            "SELECT count(*) AS n FROM discovered WHERE gone_at IS NOT NULL"), 0)
        self.fleet.upstream.patch({"rules": {"slow": None}})
        self.add_drafts(1)
        self.wait_status("success")
        self.finish()

    def test_a_withdrawn_draft_is_no_broken_site(self):
        self.start()
        self.add_drafts(3)
        self.wait_told()
        self.fleet.upstream.patch({"drafts": {f"{self.drafts[-1]}.pdf": None}})
        for _ in range(3):
            self.assertIsNone(self.wait_status("success", "empty", "failed")["error"])
        self.finish()

    def wait_cause(self, *parts):
        """The cause has one of these parts."""
        row = self.wait_status("failed")
        self.assertEqual(row["error"], "controls")
        self.assertTrue(any(part in row["cause"] for part in parts), row["cause"])
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM discovered"), 0)
        self.assertEqual(sum(self.told().values()), 0)

    def test_a_soft_404_for_one_extension_only(self):
        self.start()
        self.fleet.upstream.patch({"drafts": {"P0000R0.html": {"modified": "-1h", "text": "not found"}}})
        self.add_drafts(2)
        self.wait_cause("P0000R0.html, which cannot exist")
        self.fleet.upstream.patch({"rules": {"slow": None, "soft": {
            "match": "*.html", "status": 200, "content_type": "text/html", "body": "<title>Not found</title>Not found"}}})
        self.wait_status("failed")  # the cycle that ran meanwhile
        # Either comes first: the control's answer, or too many hits.
        self.wait_cause("D0000R0.html, which cannot exist", "P0000R0.html, which cannot exist", "probes as if the draft were there")

    def test_a_site_that_answers_403_to_everything_on_a_fresh_install(self):
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=2, delay_ms=0)
        self.fleet.upstream.patch({"rules": {"slow": {"match": "/files/*", "status": 403}}})
        self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 40)
        self.assertEqual(self.fleet.cycles()[0]["error"], "controls")
        self.wait_cause("HTTP 403 from")
        self.assertIsNone(self.schedulers()[0].health()["last_successful_poll"])

    def test_evidence_does_not_expire(self):
        self.start()
        self.add_drafts(2)
        self.wait_told()
        self.wait_status("success", "empty")
        self.fleet.upstream.patch({"rules": {"slow": NOT_FOUND}})
        self.wait_status("failed")
        self.fleet.postgres.execute(
            "UPDATE discovered SET confirmed_at = now() - interval '9 days'")
        for _ in range(2):
            self.assertEqual(self.wait_status("success", "empty", "failed")["status"], "failed")

    def test_a_set_one_that_is_not_there(self):
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=2, delay_ms=0)
        url = self.fleet.upstream.drafts_url + "sure.pdf"
        self.fleet.start("scheduler", CONTROL_PRESENT_URL=url)
        self.fleet.wait_cycles(1, 40)
        self.assertEqual(self.last_closed()["error"], "controls")
        self.fleet.upstream.patch({"drafts": {"sure.pdf": {"modified": "-9d", "text": "sure"}}})
        self.wait_status("success", "empty")
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM discovered"), 0)


if __name__ == "__main__":
    unittest.main()
