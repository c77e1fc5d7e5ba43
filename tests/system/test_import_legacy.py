#!/usr/bin/env python3
"""Coming from the Python service: its tables are taken over, and nothing it told is told again."""
import json
import time
import unittest

from rig import CycleCase, wait_until
from rig.index import made_index
from test_paperscout import compare_golden

TABLES = """
CREATE TABLE paper_cache (key text PRIMARY KEY, data jsonb NOT NULL, written_at double precision NOT NULL);
CREATE TABLE discovered_urls (url text PRIMARY KEY, last_modified double precision, discovered_at double precision NOT NULL);
CREATE TABLE probe_miss_counts (paper_num text PRIMARY KEY, count integer NOT NULL DEFAULT 0);
CREATE TABLE poll_state (id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1), last_poll double precision NOT NULL DEFAULT 0);
CREATE TABLE user_watchlist (slack_user_id text NOT NULL, entry text NOT NULL,
    entry_type text NOT NULL CHECK (entry_type IN ('author', 'paper')),
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (slack_user_id, entry));
"""
NAMES = ("paper_cache", "discovered_urls", "probe_miss_counts", "poll_state", "user_watchlist")
SITE = "https://isocpp.org/files/papers/"
AUTHOR, NUMBER = "U01AUTHOR", "U02NUMBER"


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


class ImportLegacy(CycleCase):
    database = "old"  # "postgres": beside our own tables

    def fill_old_tables(self, fleet):
        """The service stopped a quarter of an hour ago, and knew three drafts."""
        now = int(time.time())
        if self.database != "postgres":
            fleet.postgres.execute(f"CREATE DATABASE {self.database}")
            fleet.settings["LEGACY_DATABASE_URL"] = fleet.postgres.url_of(self.database)
        self.modified = now - 7200
        drafts = {SITE + "D1055R0.pdf": self.modified, SITE + "D1049R1.PDF": now - 9000000,
                  SITE + "d1010r2.pdf": None, SITE: None}
        rows = ", ".join(f"({quoted(url)}, {modified or 'NULL'}, {now - 3600}.25)"
                         for url, modified in drafts.items())
        fleet.postgres.execute(f"""{TABLES}
            INSERT INTO paper_cache VALUES ('wg21_index', {quoted(json.dumps(made_index()))}, {now - 900}.5);
            INSERT INTO discovered_urls VALUES {rows};
            INSERT INTO probe_miss_counts VALUES ('1001', 3);
            INSERT INTO poll_state VALUES (1, {now - 900}.75);
            INSERT INTO user_watchlist VALUES ('{AUTHOR}', 'ann archer', 'author'),
                ('{AUTHOR}', 'x', 'author'), ('{NUMBER}', '1055', 'paper'), ('{NUMBER}', '01060', 'paper');
            """, self.database)

    def before_programs(self, fleet):
        self.fill_old_tables(fleet)
        self.before = self.dump()
        self.check_imports(fleet)
        self.fleet_goes_on(fleet)

    def dump(self):
        return [self.fleet.postgres.execute(f"SELECT t FROM {name} t ORDER BY t::text", self.database)
                for name in NAMES]

    def run_import(self, *words):
        """{what: the line about it}, standard error"""
        status, output, errors = self.fleet.command("scheduler", "import-legacy", *words)
        self.assertEqual(status, 0, errors)
        return {line[:10].strip(): line[10:].strip() for line in output.splitlines()}, errors

    def check_json(self):
        """Before an import, as a dry run, and after it: the same figures as the text. The old tables' complaints go to standard error."""
        text = ""
        for words in (("--dry-run", "--json"), ("--json",), ("--json",)):
            status, output, errors = self.fleet.command("scheduler", "import-legacy", *words)
            self.assertEqual((status, output.count("\n")), (0, 1), errors)
            self.assertIn(f"no draft: {SITE}\n", errors)
            answer = json.loads(output)
            self.assertRegex(answer["last_poll"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            answer["last_poll"] = "TIME"
            text += f"$ paperscout import-legacy {' '.join(words)}\n{json.dumps(answer, indent=1)}\n\n"
        compare_golden(self, "import_legacy.txt", text)

    def check_imports(self, fleet):
        papers = len(made_index())
        told, _ = self.run_import("--dry-run")
        self.assertEqual(told["papers"], f"{papers} found, 0 left out")
        told, errors = self.run_import()
        self.assertEqual(told["papers"], f"{papers} found, 0 left out, {papers} new")
        self.assertEqual(told["drafts"], "3 found, 1 left out, 3 new")
        self.assertEqual(told["watchlists"], "3 found, 1 left out, 3 new")
        self.assertEqual(told["misses"], "1 found, not needed")
        self.assertTrue(told["last poll"].startswith("20"), told)
        self.assertIn(f'watched by {AUTHOR}: "x"', errors)
        self.assertIn(f"no draft: {SITE}\n", errors)
        told, _ = self.run_import()
        for what in ("papers", "drafts", "watchlists"):
            self.assertTrue(told[what].endswith(" 0 new"), told)
        self.assertNotIn("A schedule", told, "nothing came, so nobody need be fenced")
        self.assertEqual(self.dump(), self.before, "the service's tables were changed")
        self.assertEqual(
            fleet.postgres.query("SELECT user_id, entry FROM watchlist ORDER BY 1, 2"),
            [{"user_id": AUTHOR, "entry": "ann archer"}, {"user_id": NUMBER, "entry": "1055"},
             {"user_id": NUMBER, "entry": "1060"}])
        self.assertEqual(
            [row["url"].rpartition("/")[2] for row in fleet.postgres.query(
                "SELECT url FROM discovered ORDER BY url")],
            ["D1010R2.pdf", "D1049R1.pdf", "D1055R0.pdf"])

    def fleet_goes_on(self, fleet):
        """Since then: a paper by somebody watched, a draft that became one, a draft of a watched
        number. What the service told is still there, unchanged."""
        fresh = {f"P{number}R0": {"type": "paper", "title": f"Thing {number}", "author": author,
                                  "date": "2018-06-01", "link": f"https://wg21.link/P{number}R0"}
                 for number, author in ((1051, "Ann Archer"), (1055, "Dana Doe"))}
        fleet.upstream.patch({
            "index": {"inline": {**made_index(), **fresh}},
            "drafts": {"D1055R0.pdf": {"modified": self.modified, "text": "known"},
                       "D1049R1.pdf": {"modified": "-1h", "text": "known, changed"},
                       "D1010R2.pdf": {"modified": "-1h", "text": "known"},
                       "D1060R0.pdf": {"modified": "-1h", "text": "new"}}})

    def check(self):
        fleet = self.fleet
        fleet.wait_cycles(2, 60)
        fleet.wait_sent()
        told = sorted((message["kind"], message["channel"]) for message in fleet.messages())
        texts = {(message["kind"], message["channel"]): message["text"]
                 for message in fleet.messages()}
        self.assertEqual(told, [("frontier", "#papers"), ("watchlist", AUTHOR), ("watchlist", NUMBER)], texts)
        post = texts["frontier", "#papers"]  # one for all that a poll found
        self.assertIn("P1055R0", post)
        self.assertIn("D1049R1", post)  # what the service never told
        self.assertIn("D1060R0", post)
        self.assertIn("P1051R0", texts["watchlist", AUTHOR])
        for known in ("D1055R0.pdf", "D1010R2"):
            about = [line for text in texts.values() for line in text.splitlines() if known in line]
            self.assertFalse([line for line in about if "P1055R0" not in line], texts)
        self.assertIn("D1060R0", texts["watchlist", NUMBER])
        self.assertIn("P1055R0", texts["watchlist", NUMBER])

    def test_nothing_is_told_again(self):
        self.start_fleet(schedulers=1)
        self.check()
        # Once more, with a scheduler at work and a draft that only the old tables have.
        self.fleet.postgres.execute(
            f"INSERT INTO discovered_urls VALUES ('{SITE}D1061R0.pdf', NULL, 1)", self.database)
        told, _ = self.run_import()
        self.assertEqual(told["drafts"], "4 found, 1 left out, 1 new")
        self.assertIn("A schedule", told)
        leader = self.fleet.programs[-1]
        leader.wait_event("LEADER-ACQUIRED", 20, count=2)
        self.fleet.upstream.patch({"drafts": {"D1061R0.pdf": {"modified": "-1h"}}})
        self.wait_more_cycles(2)
        self.assertFalse([message for message in self.fleet.messages()
                          if "D1061R0" in message["text"]])

    def test_no_such_tables(self):
        fleet = self.fleet = self.make_fleet()
        fleet.postgres.start()
        status, _, errors = fleet.command("scheduler", "import-legacy")
        self.assertEqual(status, 1)
        self.assertIn("none of the Python service's tables is there", errors)


    def test_json(self):
        self.fleet = self.make_fleet()
        self.fleet.postgres.start()
        self.fill_old_tables(self.fleet)
        self.check_json()

    def test_entries_mean_what_they_say(self):
        """Each entry is read by the parser of Slack and of the command line."""
        fleet = self.fleet = self.make_fleet()
        fleet.postgres.start()
        entries = ("p2300", "d2301r11.pdf", "https://wg21.link/p2302r4", "n5007", "lwg4000", "cwg2345", "bjarne   stroustrup",
                   "köppe", "o’dwyer", "author niebler", "subgroup lewg", "/^ranges/", "2303, 2304", "lewg", "p3051 please")
        rows = ", ".join(f"('{AUTHOR}', {quoted(entry)}, 'author')" for entry in entries)
        fleet.postgres.execute(f"{TABLES} INSERT INTO user_watchlist VALUES {rows}")
        told, errors = self.run_import()
        self.assertEqual(told["watchlists"], "14 found, 2 left out, 14 new")
        self.assertIn('"lewg": LEWG is a subgroup and no author; did you mean `subgroup LEWG`?', errors)
        self.assertIn("did you mean `P3051`?", errors)
        rows = fleet.postgres.query("SELECT kind, value FROM watch_now ORDER BY 1, 2")
        self.assertEqual([f"{row['kind']} {row['value']}" for row in rows], [
            "author bjarne stroustrup", "author köppe", "author niebler", "author o'dwyer", "number 2303", "number 2304",
            "paper CWG2345", "paper LWG4000", "paper N5007", "paper P2300", "paper P2301", "paper P2302", "pattern ^ranges",
            "subgroup lewg"])
        self.assertEqual(fleet.postgres.value("SELECT name_key FROM watchlist WHERE entry = 'köppe'"), "koppe")
        told, _ = self.run_import()
        self.assertEqual(told["watchlists"], "14 found, 2 left out, 0 new")

    def test_a_service_that_did_not_probe(self):
        """It has noted no poll; but its index is no first one: what is new since then is told."""
        fleet = self.fleet = self.make_fleet()
        fleet.postgres.start()
        fleet.postgres.execute(f"""{TABLES} INSERT INTO poll_state VALUES (1, 0);
            INSERT INTO paper_cache VALUES ('wg21_index', {quoted(json.dumps(made_index()))}, 1795600000.25)""")
        told, _ = self.run_import()
        self.assertTrue(told["last poll"].startswith("20"), told)
        self.assertEqual(fleet.postgres.value("SELECT extract(epoch FROM last_successful_poll)::int FROM meta"), 1795600000)


class SameDatabase(ImportLegacy):
    database = "postgres"

    def check(self):
        wait_until(lambda: self.fleet.postgres.value("SELECT poll_count FROM meta"), 40, "a poll")

    test_no_such_tables = None
    test_a_service_that_did_not_probe = None
    test_entries_mean_what_they_say = None

    def test_nothing_is_told_again(self):
        self.start_fleet(schedulers=0)


del CycleCase

if __name__ == "__main__":
    unittest.main()
