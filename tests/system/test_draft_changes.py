#!/usr/bin/env python3
"""Drafts live on: one that changes is told of again, once; one that goes is noted."""
import unittest

from rig import CycleCase, wait_until

WATCHER = "U0WATCHER"


class DraftChanges(CycleCase):
    def start(self, count, **settings):
        self.start_fleet(schedulers=1, POLL_INTERVAL_SECONDS=2, delay_ms=0, **settings)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(count)
        self.wait_told()
        self.wait_more_cycles(1)

    def change(self, draft, **fields):
        self.fleet.upstream.patch({"drafts": {f"{draft}.pdf": fields}})

    def updates(self):
        return [message for message in self.fleet.messages()
                if "changed" in message["text"] or "updated draft" in message["text"]]

    def stored(self, draft):
        return self.fleet.postgres.query(
            "SELECT updated_at IS NOT NULL AS updated, gone_at IS NOT NULL AS gone, "
            f"last_modified FROM discovered WHERE paper_id = '{draft}'")[0]

    def wait_events(self, name):
        return wait_until(lambda: self.schedulers()[0].events(name), 20, f"{name} is logged")

    def test_each_change_is_told_once(self):
        self.start(0)
        self.fleet.postgres.execute(
            f"INSERT INTO watchlist (user_id, entry) VALUES ('{WATCHER}', '1051')")
        self.add_drafts(3)
        self.wait_told()
        self.wait_more_cycles(2)
        self.assertEqual(self.updates(), [], "a Last-Modified that moves with the clock is no news")
        changed, longer, tagged = self.drafts
        for draft, fields in ((changed, {"modified": "Mon, 05 Nov 2018 09:00:00 GMT"}),
                              (longer, {"text": "something longer than before"}),
                              (tagged, {"headers": {"ETag": '"one"'}}),  # known from now on
                              (tagged, {"headers": {"ETag": '"two"'}})):
            self.change(draft, **fields)
            self.wait_more_cycles(2)
        self.assertEqual([event["url"].rpartition("/")[2]
                          for event in self.schedulers()[0].events("DRAFT-UPDATED")],
                         [f"{draft}.pdf" for draft in (changed, longer, tagged)])
        self.fleet.wait_sent()
        told = [(message["channel"] == WATCHER, draft) for message in self.updates()
                for draft in self.drafts if draft in message["text"]]
        self.assertEqual(sorted(told), sorted([(False, changed), (False, longer), (False, tagged),
                                               (True, longer)]))
        self.assertTrue(self.stored(changed)["updated"])
        self.assertEqual(self.stored(changed)["last_modified"], "Mon, 05 Nov 2018 09:00:00 GMT")
        self.check_cycles()

    def test_one_that_goes_and_comes_back_is_noted(self):
        self.start(2)
        gone = self.drafts[0]
        self.fleet.upstream.patch({"drafts": {f"{gone}.pdf": None}})
        self.wait_events("DRAFT-GONE")
        self.wait_more_cycles(2)
        self.assertEqual(len(self.wait_events("DRAFT-GONE")), 1)
        self.assertEqual(self.stored(gone)["gone"], True)
        self.assertIn("gone since", self.fleet.command("scheduler", "explain", gone)[1])
        self.change(gone, modified="-1h", text=gone)
        self.wait_events("DRAFT-BACK")
        self.assertEqual(self.stored(gone)["gone"], False)
        self.assertEqual(self.updates(), [])
        self.finish()

    def test_nobody_is_told_where_the_setting_says_so(self):
        self.start(1, NOTIFY_ON_DRAFT_UPDATE="false")
        self.change(self.drafts[0], text="something longer than before")
        self.wait_events("DRAFT-UPDATED")
        self.wait_more_cycles(1)
        self.assertEqual(self.updates(), [])
        self.finish()


if __name__ == "__main__":
    unittest.main()
