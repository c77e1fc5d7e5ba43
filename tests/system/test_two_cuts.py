#!/usr/bin/env python3
"""One poll, end to end: the first is silent, the second announces exactly what is new, each once."""
import datetime
import json
import os
import re
import unittest

from rig import FleetCase, wait_until
from rig.index import cuts_of_made, cuts_of_real, ids, p_papers

INTERVAL = 5
AUTHOR, TEXT, NUMBER, NOBODY = "U0000AUTHOR", "U00000TEXT", "U0000NUMBER", "U0000NOBODY"
PAPER = re.compile(r"\b(?:[PD]\d{4,}R\d+|N\d{4,}|CWG\d+)\b")


class TwoCutsCase(FleetCase):
    def start(self, cuts):
        self.cuts = cuts
        transition_draft = "D" + cuts.transition[1:]
        self.fleet = self.make_fleet(
            {"drafts": {f"{transition_draft}.pdf": {"modified": "-20d", "text": "an old draft"},
                        f"{cuts.silent_draft}.pdf": {"modified": "-1h", "text": "a new draft"}}},
            POLL_INTERVAL_SECONDS=INTERVAL, HOT_LOOKBACK_MONTHS=1)
        self.write_index("index-1.json", cuts.before)
        self.write_index("index-2.json", cuts.after)
        self.fleet.upstream.scenario["index"] = {"file": "index-1.json"}
        self.fleet.start_servers()
        self.fleet.start("scheduler")
        self.workers = [self.fleet.start("worker") for _ in range(2)]
        self.fleet.start("notifier")

    def write_index(self, name, index):
        with open(os.path.join(self.fleet.folder, name), "w", encoding="utf-8") as file:
            json.dump(index, file)

    def watch(self):
        author = self.cuts.frequent_author()
        for user, entry in ((AUTHOR, author), (TEXT, "Quux"), (NOBODY, "nobody by that name"),
                            (NUMBER, str(int(self.cuts.transition[1:5])))):
            status, _, error = self.fleet.command("notifier", "watchlist", user, "add", entry)
            self.assertEqual(status, 0, error)
        self.author = author

    def second_cut(self):
        cuts = self.cuts
        self.fleet.upstream.patch({
            "index": {"file": "index-2.json"},
            "drafts": {
                f"{cuts.frontier_draft}.pdf": {"modified": "-2h",
                                               "text": "A New Thing\nZelda QUUX <z@example.org>"},
                f"{cuts.old_draft}.pdf": {"modified": "-40d", "text": "old, by Zelda Quux"},
                f"{cuts.recent_draft}.pdf": {"modified": "-1h", "text": "the next revision"}}})

    def expected(self):
        """The dedupe keys of everything that must be told."""
        cuts, drafts = self.cuts, self.fleet.upstream.drafts_url
        keys = {f"dp:{cuts.transition}",
                f"draft:{drafts}{cuts.frontier_draft}.pdf", f"draft:{drafts}{cuts.recent_draft}.pdf",
                f"watch:{TEXT}:{cuts.frontier_draft}"}
        keys |= {f"watch:{AUTHOR}:{name}" for name in cuts.new_by(self.author)}
        if self.author in cuts.latest_author(cuts.recent_number).casefold():
            keys.add(f"watch:{AUTHOR}:{cuts.recent_draft}")
        watched = int(cuts.transition[1:5])
        keys |= {f"watch:{NUMBER}:{name}" for name in cuts.new
                 if name[0] == "P" and int(name[1:].split("R")[0]) == watched}
        return keys

    def told(self):
        return [row["dedupe_key"] for row in
                self.fleet.postgres.query("SELECT dedupe_key FROM outbox ORDER BY id")]

    def check_first_cut(self):
        rows = self.fleet.wait_cycles(1, 25)
        self.assertEqual(rows[0]["status"], "success", rows[0])
        self.assertTrue(rows[0]["silent"])
        self.assertEqual(self.told(), [])
        self.assertEqual(self.fleet.messages(), [])
        found = self.fleet.postgres.query("SELECT paper_id FROM discovered ORDER BY 1")
        self.assertEqual(sorted(row["paper_id"] for row in found),
                         sorted(["D" + self.cuts.transition[1:], self.cuts.silent_draft]))
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM papers"),
                         len(ids(self.cuts.before)))

    def check_second_cut(self, already):
        """Everything is told, once, and the cycles after that tell nothing more."""
        expected = self.expected()
        wait_until(lambda: set(self.told()) >= expected, 25, "everything new is in the outbox",
                   every=0.2)
        self.fleet.wait_cycles(already + 2, 25)
        self.fleet.wait_sent()
        self.assertEqual(sorted(self.told()), sorted(expected))
        self.check_messages(self.fleet.messages())
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) FROM papers"),
                         len(ids(self.cuts.after)))
        old = self.fleet.postgres.query("SELECT outcome FROM discovered "
                                        f"WHERE paper_id = '{self.cuts.old_draft}'")
        self.assertEqual([row["outcome"] for row in old], ["hit_old"])

    def check_messages(self, messages):
        cuts = self.cuts
        by_recipient = {}
        for message in messages:
            by_recipient.setdefault((message["channel"], message["kind"]), []).append(
                message["text"])
        watched = {key.split(":")[1:][0] for key in self.expected() if key.startswith("watch:")}
        post = ("#papers", "frontier")  # one for all that a poll found, with a section for each kind
        self.assertEqual(set(by_recipient), {post, *((user, "watchlist") for user in watched)})
        for recipient, texts in by_recipient.items():
            self.assertEqual(len(texts), 1, f"{recipient} got more than one message")
        ids = {recipient: set(PAPER.findall(texts[0])) for recipient, texts in by_recipient.items()}
        near, draft, transition = (set(PAPER.findall(section)) for section in by_recipient[post][0].split("\n\n"))
        self.assertEqual(near, {cuts.frontier_draft})
        self.assertEqual(draft, {cuts.recent_draft})
        self.assertIn(cuts.transition, transition)
        for user in watched:
            named = {key.rsplit(":", 1)[1] for key in self.expected()
                     if key.startswith(f"watch:{user}:")}
            self.assertEqual(ids[user, "watchlist"] & (set(cuts.new) | {
                cuts.frontier_draft, cuts.recent_draft, cuts.old_draft, cuts.silent_draft}), named)

    def wait_for_a_quiet_moment(self):
        """No poll is running and none is due within two seconds; how many cycles are closed."""
        def quiet():
            rows = self.fleet.cycles()
            if any(row["status"] == "running" for row in rows):
                return None
            started = datetime.datetime.fromisoformat(rows[-1]["started_at"])
            age = datetime.datetime.now(datetime.timezone.utc) - started
            return rows if age.total_seconds() < INTERVAL - 2 else None
        return len(wait_until(quiet, 30, "a moment between two polls"))

    def check_kindness(self):
        """Every planned URL was asked for once a cycle, and nothing else."""
        planned = self.fleet.postgres.value("SELECT sum(planned) FROM cycles")
        settled = self.fleet.postgres.value("SELECT count(*) FROM probes WHERE outcome IS NOT NULL")
        heads = self.fleet.upstream.drafts_stats()["head"]
        controls = self.fleet.postgres.value("SELECT count(*) AS n FROM controls")
        self.assertEqual((settled, heads), (planned, planned + controls))

    def run_both(self, cuts):
        self.start(cuts)
        self.check_first_cut()
        self.watch()
        closed = self.wait_for_a_quiet_moment()
        self.second_cut()
        self.check_second_cut(closed)
        self.wait_for_a_quiet_moment()
        self.check_kindness()


class TwoCuts(TwoCutsCase):
    def test_made_index(self):
        self.run_both(cuts_of_made())

    def test_real_index_of_2018(self):
        cuts = cuts_of_real()
        if cuts is None:
            self.skipTest("shared/data/wg21-index-2018.json is not beside the checkout "
                          "(PAPERSCOUT_SHARED names its folder); the made index was tested")
        self.run_both(cuts)

    def test_what_happened_while_everything_was_down_is_announced_after_the_restart(self):
        self.start(cuts_of_made())
        self.check_first_cut()
        self.watch()
        self.wait_for_a_quiet_moment()
        for program in self.fleet.programs:
            self.assertEqual(program.stop(), 0, f"{program.name} did not stop cleanly")
        closed = len(self.fleet.cycles())
        self.second_cut()
        self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.fleet.start("notifier")
        self.check_second_cut(closed)


class Cuts(unittest.TestCase):
    def test_cuts_differ_by_known_papers(self):
        for cuts in filter(None, (cuts_of_real(), cuts_of_made())):
            self.assertTrue(set(cuts.before) < set(cuts.after))
            self.assertGreaterEqual(len(cuts.new), 8)
            self.assertIn(cuts.transition, cuts.new)
            self.assertGreaterEqual(len(cuts.new_by(cuts.frequent_author())), 2)
            self.assertIn(cuts.recent_number, p_papers(cuts.before))


if __name__ == "__main__":
    unittest.main()
