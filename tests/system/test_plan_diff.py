#!/usr/bin/env python3
"""plan and diff as people and scripts call them: files in, lines out, no server needed."""
import collections
import json
import os
import subprocess
import unittest

from rig import program_path, real_index_path
from rig.command_case import CommandCase

BASE = "https://isocpp.org/files/papers/"


def paper(date="2018-06-01", **more):
    return {"type": "paper", "title": "T", "author": "A", "date": date, **more}


class Commands(CommandCase):
    def test_plan_prints_tasks_in_order_and_one_line_of_json(self):
        index = self.file("index.json", {"P0010R0": paper(), "D0010R2": paper()})
        lines, told = self.lines(
            "plan", "--index", index, "--today", "2018-06-27", "--cycle=100000",
            "--watch", self.file("watch", "10\n\n"),
            "--discovered", self.file("urls", f"{BASE}D0010R1.html\n"),
            FRONTIER_WINDOW_ABOVE="0", FRONTIER_WINDOW_BELOW="0", COLD_CYCLE_DIVISOR="100000")
        self.assertEqual(lines, [f"watchlist {BASE}D0010R1.pdf"])
        self.assertEqual(told, '{"frontier":10,"total":1,"skipped_discovered":1,"skipped_in_index":2}\n')

    def test_plan_takes_its_settings_from_the_environment(self):
        index = self.file("index.json", {"P0010R0": paper()})
        lines, _ = self.lines("plan", "--index", index, "--today", "2018-06-27",
                              ISO_BASE_URL="http://127.0.0.1:1/x/", PROBE_EXTENSIONS='[".ps"]',
                              HOT_REVISION_DEPTH="1", FRONTIER_WINDOW_ABOVE="0",
                              FRONTIER_WINDOW_BELOW="1", COLD_CYCLE_DIVISOR="100000")
        self.assertEqual(lines, ["frontier http://127.0.0.1:1/x/D0010R1.ps"])

    def test_plan_on_the_real_index(self):
        index = real_index_path()
        if not index:
            self.skipTest("shared/data/wg21-index-2018.json is not beside the checkout "
                          "(PAPERSCOUT_SHARED names the folder)")
        lines, told = self.lines("plan", "--index", index, "--today", "2018-06-27", "--cycle", "1")
        self.assertEqual(collections.Counter(line.split()[0] for line in lines),
                         {"recent": 1220, "frontier": 656, "cold": 48})
        self.assertEqual(len(set(lines)), 1924)
        self.assertEqual(json.loads(told), {"frontier": 1142, "total": 1924, "skipped_discovered": 0,
                                            "skipped_in_index": 0})

    def test_diff_prints_new_then_updated_newest_first(self):
        before = self.file("before.json", {"P0001R0": paper(), "P0002R0": paper(), "P0003R0": paper()})
        after = self.file("after.json", {
            "p0001r0": paper(), "P0002R0": paper(title="U"), "P0003R0": paper("2018-07-01"),
            "P0004R0": paper("2018-01-01"), "P0005R0": paper("2018-01-02"),
            "P0006R0": paper("2018-01-02"), "N4000": paper(None), "EDIT1": {"type": "editorial"}})
        lines, told = self.lines("diff", "--before", before, "--after", after)
        self.assertEqual(lines, ["new P0006R0", "new P0005R0", "new P0004R0", "new N4000",
                                 "updated P0003R0", "updated P0002R0"])
        self.assertEqual(told, "")

    def test_wrong_usage_exits_64(self):
        index = self.file("index.json", {})
        for arguments in (["plan"], ["plan", "--index"], ["plan", "--index", index, "more"],
                          ["plan", "--index", index, "--cycle", "0"],
                          ["plan", "--index", index, "--cycle", "x"],
                          ["plan", "--index", index, "--today", "2018-02-30"],
                          ["plan", "--index", index, "--nonsense", "1"],
                          ["diff"], ["diff", "--before", index], ["diff", "--after", index]):
            with self.subTest(arguments=arguments):
                done = self.run_it(*arguments)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertNotEqual(done.stderr, "")

    def test_unreadable_and_bad_files_exit_1_and_are_named(self):
        good = self.file("good.json", {})
        bad = self.file("bad.json", "<html>502</html>")
        listing = self.file("list.json", [])
        lines = self.file("lines", "12\nabc\n")
        missing = os.path.join(self.folder, "missing")
        for arguments, named in ((["plan", "--index", missing], missing),
                                 (["plan", "--index", self.folder], self.folder),
                                 (["plan", "--index", bad], bad),
                                 (["plan", "--index", listing], listing),
                                 (["plan", "--index", good, "--watch", lines], lines + ":2"),
                                 (["plan", "--index", good, "--discovered", lines], lines + ":1"),
                                 (["plan", "--index", good, "--watch", missing], missing),
                                 (["diff", "--before", missing, "--after", good], missing),
                                 (["diff", "--before", good, "--after", bad], bad)):
            with self.subTest(arguments=arguments):
                done = self.run_it(*arguments)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(named, done.stderr)

    def test_bad_settings_exit_78_and_are_named(self):
        done = self.run_it("plan", "--index", self.file("index.json", {}), COLD_CYCLE_DIVISOR="0")
        self.assertEqual(done.returncode, 78)
        self.assertIn("COLD_CYCLE_DIVISOR", done.stderr)

    def test_output_that_cannot_be_written_fails(self):
        index = self.file("index.json", {})
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([program_path("paperscout-scheduler"), "plan", "--index", index],
                                  stdout=full, stderr=subprocess.DEVNULL, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
