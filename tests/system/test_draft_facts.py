#!/usr/bin/env python3
"""The title and the authors of a draft, from the results stream to everything that names the draft.

The test plays the worker: it reads the tasks and writes their results."""
import datetime
import json
import re
import unittest
import urllib.parse

from rig import FleetCase, wait_until
from rig.speaker import SECRET, Speaker

INDEX = {"P0050R0": {"type": "paper", "title": "The index's title", "author": "Index Author", "date": "2026-01-01"},
         "SD-6": {"type": "standing-document", "title": "Feature tests"},
         "EDIT7": {"type": "editorial", "title": "A comma"}, "N4999": {"type": "paper", "title": "Minutes"}}
FACTS = {  # file: (title, authors, front text)
    "D0051R0.pdf": ("Vectors <for> all, mail vera@example.org", ["Vera Vector", "Thomas Köppe <tk@example.org>"],
                    "Document number: D0051R0 Reply-To: vera@example.org"),
    "D0050R1.pdf": ("", [], "Reply-To: jane (at) example dot org"),
    "D0052R0.pdf": ("", [], "Reply-To: john@example.org, nothing else known"),
    "D0053R0.pdf": ("Late in the alphabet", ["Zoe Zed"], ""),
}
ADDRESS = re.compile(r"\w@\w|\(at\)|example")


class DraftFacts(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": INDEX}, "drafts": {}}, POLL_INTERVAL_SECONDS=1, SLACK_SIGNING_SECRET=SECRET,
            EVENTS_BIND_HOST="127.0.0.1", FRONTIER_WINDOW_ABOVE=4, FRONTIER_WINDOW_BELOW=1, GAP_MAX_REV=0,
            PROBE_EXTENSIONS='[".pdf"]', PROBE_PREFIXES='["D"]', HOT_LOOKBACK_MONTHS=0, COLD_CYCLE_DIVISOR=1000,
            ALERT_MODIFIED_HOURS=48)
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.notifier = self.fleet.start_slack_notifier()
        wait_until(self.notifier.ready, 20, "the notifier is ready")
        self.speaker = Speaker(int(self.notifier.wait_event("EVENTS-LISTEN")["port"]))
        self.done = set()

    def work(self, facts):
        """Gives every outstanding task a result; the files of facts are recent hits."""
        redis = self.fleet.redis
        for entry, pairs in redis.entries("tasks"):
            task = dict(zip(pairs[::2], pairs[1::2])) if isinstance(pairs, list) else pairs
            if entry in self.done:
                continue
            self.done.add(entry)
            name = task["url"].rsplit("/", 1)[1]
            known = name in facts or (task["tier"] in ("control", "recheck") and name in FACTS)
            result = {**{key: task[key] for key in ("task", "cycle", "epoch", "url", "tier", "prefix", "number",
                                                    "revision", "ext")},
                      "outcome": "hit_recent" if known else "miss", "status": "200" if known else "404",
                      "attempts": "1", "latency_ms": "1", "worker": "the-test"}
            if known:
                title, authors, front = FACTS[name]
                result.update(title=title, authors=json.dumps(authors), front_text=front,
                              last_modified="Mon, 23 Nov 2026 09:05:07 GMT", answered_at="2026-11-23T10:00:00Z")
            redis.call("XADD", redis.key("results"), "*", *[word for pair in result.items() for word in pair])
            redis.call("XDEL", redis.key("tasks"), entry)

    def work_cycles(self, facts):
        """One more cycle, whole."""
        closed = sum(row["status"] != "running" for row in self.fleet.cycles())

        def look():
            self.work(facts)
            return sum(row["status"] != "running" for row in self.fleet.cycles()) > closed
        wait_until(look, 20, "another cycle is closed", every=0.05)

    def answer(self, words):
        before = len(self.fleet.upstream.slack())
        self.assertEqual(self.speaker.say(words, channel="DUSER", user="UUSER"), 200)
        wait_until(lambda: [m for m in self.fleet.upstream.slack()[before:] if m["channel"] == "DUSER"], 20,
                   f"{words} is answered", every=0.05)
        return [m["text"] for m in self.fleet.upstream.slack()[before:] if m["channel"] == "DUSER"][-1]

    def searched(self, words, where="slack"):
        """The documents that a search names, in their order."""
        if where == "slack":
            return re.findall(r"\|([A-Z]+\d+(?:R\d+)?)>", self.answer(f"search {words}"))
        if where == "page":
            text = self.scheduler.get("/api/search?q=" + urllib.parse.quote(words))[1]
        else:
            text = self.fleet.command("scheduler", "search", "--json", *words.split())[1]
        return [one["name"].partition(".")[0] for one in json.loads(text)["results"]]

    def shown_drafts(self):
        drafts = json.loads(self.scheduler.get("/api/fleet")[1])["recent"]["drafts"]
        return {draft["paper"]: draft for draft in drafts} if drafts and len(drafts) == 4 else None

    def test_title_and_authors_reach_everything_that_names_a_draft(self):
        self.assertIn("Added", self.answer("watchlist add 53"))
        self.work_cycles(())
        self.work_cycles(())
        self.work_cycles(FACTS)
        postgres = self.fleet.postgres
        wait_until(lambda: postgres.value("SELECT count(*) FROM discovered") == 4, 20, "the drafts are stored")
        rows = {row["paper_id"]: row for row in postgres.query("SELECT paper_id, title, authors FROM discovered")}
        self.assertEqual(rows["D0051R0"]["title"], "Vectors <for> all, mail")
        self.assertEqual(rows["D0051R0"]["authors"], "Vera Vector, Thomas Köppe")
        self.assertEqual((rows["D0052R0"]["title"], rows["D0052R0"]["authors"]), (None, None))
        self.fleet.wait_sent()

        texts = [m["text"] for m in self.fleet.upstream.slack() if m["channel"] == "#papers"]
        text = "\n".join(texts)
        self.assertRegex(text, r"\|D0051R0> Vectors &lt;for&gt; all, mail — Vera Vector, Thomas Köppe")
        self.assertRegex(text, r"\|D0050R1> The index's title — Index Author")
        self.assertRegex(text, r"\|D0052R0> \(modified")
        for message in self.fleet.upstream.slack():
            self.assertIsNone(ADDRESS.search(message["text"]), message["text"])
        order = [line for one in texts for line in re.findall(r"\|(D\d+R\d)>", one)]
        for one in texts:
            found = re.findall(r"\|(D\d+R\d)>", one)
            self.assertEqual(found, sorted(found), one)
        self.assertEqual(len(order), 4, texts)
        direct = [m["text"] for m in self.fleet.upstream.slack() if m["channel"] == "UUSER"]
        self.assertEqual(len(direct), 1, direct)
        self.assertIn("|D0053R0> Late in the alphabet — Zoe Zed", direct[0])

        found = self.answer("search vera vectors")
        self.assertRegex(found, r"\|D0051R0> \(draft, found .*\) Vectors &lt;for&gt; all, mail — Vera Vector, Thomas Köppe")
        self.assertRegex(self.answer("search index D0050"), r"\|D0050R1> \(draft, found .*\) The index's title — Index Author")
        self.assertIn("|N4999> Minutes", self.answer("search minutes"))
        self.assertIn("<https://wg21.link/N4999|", self.answer("search minutes"))
        self.assertIn("no draft has all of these words", self.answer("search nothing at all"))
        for words in ("koppe", "K\u00d6PPE", "p005", "the", "index auth", "vec", "d0053r0", "50"):
            answer = self.searched(words)
            # The page reads what changed some seconds later.
            wait_until(lambda: self.searched(words, "page") == answer, 20, f"the page finds {answer} for {words}")
            self.assertEqual(self.searched(words, "command"), answer, words)
        self.assertEqual(self.searched("koppe"), ["D0051R0"])
        self.assertGreater(len(self.searched("p005")), 2)
        self.assertRegex(self.answer("why D0053R0"), r"\|D0053R0> was found .*: Late in the alphabet — Zoe Zed")
        status = self.answer("status")
        for line in ("Probing isocpp.org: on\n", "within the last 48 hours\n"):
            self.assertIn(line, status)
        seconds = float(re.search(r"Poll interval: ([\d.]+) seconds?\n", status)[1])
        stored = self.fleet.postgres.query("SELECT settings FROM cycles ORDER BY number DESC LIMIT 1")[0]["settings"]
        self.assertAlmostEqual(seconds, stored["poll_interval_seconds"], 2)
        self.assertNotEqual(seconds, 1800, "the default of who does not know")

        code, out, error = self.fleet.command("scheduler", "explain", "P0051")
        self.assertEqual(code, 0, error)
        self.assertIn("  Vectors <for> all, mail\n", out)
        self.assertIn("  by Vera Vector, Thomas Köppe\n", out)
        by_paper = wait_until(self.shown_drafts, 20, "the status page shows the drafts", every=0.2)
        self.assertEqual(by_paper["D0051R0"]["title"], "Vectors <for> all, mail")
        self.assertEqual(by_paper["D0051R0"]["authors"], "Vera Vector, Thomas Köppe")
        self.assertIsNone(by_paper["D0052R0"]["title"])
        self.transition()

    def transition(self):
        self.fleet.upstream.patch({"index": {"inline": {
            **INDEX, "P0051R0": {"type": "paper", "title": "Vectors", "author": "Vera Vector", "date": "2026-11-30"}}}})
        seen = self.fleet.postgres.value("SELECT discovered_at FROM discovered WHERE paper_id = 'D0051R0'")
        self.work_cycles(())
        self.work_cycles(())
        event = self.scheduler.wait_event("D-TO-P", 10)
        self.assertEqual(event["paper"], "P0051R0")
        self.assertEqual(event["date"], "2026-11-30")
        self.assertEqual(event["draft_url"], f"{self.fleet.upstream.drafts_url}D0051R0.pdf")
        self.assertEqual(event["draft_modified"], "Mon, 23 Nov 2026 09:05:07 GMT")
        self.assertEqual(event["draft_seen"][:16], str(seen)[:16].replace(" ", "T"))
        self.fleet.wait_sent()
        told = [m["text"] for m in self.fleet.upstream.slack() if "P0051R0" in m["text"]]
        self.assertEqual(len(told), 1, told)
        minute = datetime.datetime.fromisoformat(event["draft_seen"].replace("Z", "+00:00")).strftime("%Y-%m-%d %H:%M")
        self.assertIn(f"(draft seen {minute} UTC, modified 2026-11-23 09:05 UTC; ", told[0])
        self.assertIn("<https://wg21.link/P0051R0|P0051R0>", told[0])


if __name__ == "__main__":
    unittest.main()
