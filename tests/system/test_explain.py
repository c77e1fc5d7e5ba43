#!/usr/bin/env python3
"""`history` shows how the last cycles ended, `explain` what happens about one paper."""
import json
import unittest

from rig import FleetCase
from rig.index import TwoCuts, made_index


class Explain(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": TwoCuts(made_index(), "2018-05-24", "2018-05-28").after},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            POLL_INTERVAL_SECONDS=60)
        self.fleet.start_servers()

    def run_fleet(self):
        self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.fleet.wait_cycles(1)
        self.fleet.command("notifier", "watchlist", "U1", "add", "1052")
        self.fleet.command("notifier", "watchlist", "U2", "add", "Archer")

    def explain(self, *arguments):
        return self.fleet.command("scheduler", "explain", *arguments)

    def test_history(self):
        self.assertEqual(self.fleet.command("scheduler", "history", "0")[0], 64)
        self.assertEqual(self.fleet.command("scheduler", "history", "--all")[0], 64)
        self.run_fleet()
        code, text, _ = self.fleet.command("scheduler", "history", "5", "--json")
        self.assertEqual(code, 0)
        (cycle,) = json.loads(text)
        self.assertEqual((cycle["number"], cycle["status"], cycle["error"]), (1, "success", None))
        code, text, _ = self.fleet.command("scheduler", "history")
        self.assertEqual(code, 0)
        self.assertRegex(text.splitlines()[1], r"^ +1  success +20\d\d-")

    def test_a_draft_that_was_found(self):
        self.run_fleet()
        code, text, error = self.explain("P1052")
        self.assertEqual(code, 0, error)
        for part in ("paper          P1052\n", "index          no such number",
                     "tier           frontier", "next due       cycle 2, about 20",
                     "drafts found   D1052R0.pdf hit_recent in cycle 1 at 20",
                     "last outcomes  cycle 1 at 20", "D1052R0.pdf hit_recent (200)",
                     "D1052R0.html miss (404)", "notified       #papers\n",
                     'U1, who watches the number "1052"'):
            self.assertIn(part, text)
        self.assertNotIn("U2", text)
        due = next(line for line in text.splitlines() if line.startswith("next due"))
        self.assertIn(" D1052R0.html", due)
        self.assertNotIn("D1052R0.pdf", due)  # it is discovered

    def test_a_cold_paper_and_its_author(self):
        self.run_fleet()
        code, text, _ = self.explain("d0905r3")
        self.assertEqual(code, 0)
        self.assertIn("P0905R0 of 20", text)
        self.assertIn('U2, who watches the author "archer"', text)
        self.assertRegex(text, r"tier +(cold|recent)\n")
        self.assertRegex(text, r"next due +cycle \d+, about 20.*: D0905R1.pdf D0905R1.html")
        self.fleet.postgres.execute("UPDATE probes SET status = NULL, outcome = 'error', "
                                    "failure_category = 'TIMEOUT' WHERE url LIKE '%D1053R0.pdf'")
        _, text, _ = self.fleet.command("scheduler", "explain", "P1053", ENABLE_ISO_PROBE="false")
        self.assertIn("D1053R0.pdf error (not asked TIMEOUT)", text)
        self.assertIn("never: ENABLE_ISO_PROBE is false", text)
        _, text, _ = self.explain("P9999")
        self.assertRegex(text, r"next due +not while the frontier is \d+: it lies too far above\n")

    def test_as_json(self):
        self.run_fleet()
        for planner in ("classic", "adaptive"):
            code, text, error = self.fleet.command("scheduler", "explain", "P1052", "--json", PROBE_PLANNER=planner)
            self.assertEqual((code, error), (0, ""))
            told = json.loads(text)
            self.assertIn(told["tier"], ("frontier", "watchlist"))
            self.assertEqual((told["number"], told["index"], told["channel"], told["probing"]),
                             (1052, None, "#papers", True))
            self.assertEqual([draft["outcome"] for draft in told["drafts"]], ["hit_recent"])
            self.assertIn("miss", [outcome["outcome"] for outcome in told["outcomes"]])
            self.assertEqual(told["recipients"], [{"user": "U1", "by": "number", "reason": "1052"}])
            self.assertIn("D1052R0.html", [name["file"] for name in told["names"]])
        told = json.loads(self.fleet.command("scheduler", "explain", "d0905r3", "--json")[1])
        self.assertEqual((told["index"]["id"], told["recipients"][0]["user"]), ("P0905R0", "U2"))

    def test_wrong_usage_and_no_server(self):
        for arguments in ((), ("P",), ("CWG1",), ("P1", "P2"), ("P12345678901",)):
            code, text, error = self.explain(*arguments)
            self.assertEqual((code, text), (64, ""), arguments)
            self.assertIn("P2300", error)
        self.fleet.postgres.stop()
        self.assertEqual(self.explain("P1052")[0], 69)


if __name__ == "__main__":
    unittest.main()
