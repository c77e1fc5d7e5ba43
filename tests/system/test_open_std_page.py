#!/usr/bin/env python3
"""The page of the year at open-std.org as a second source: what it has is told before the index has it."""
import datetime
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index

YEAR = datetime.datetime.now(datetime.timezone.utc).year
NEW = "P1060R0"
PAGE = (f'<table><tr><th>WG21 Number</th><th>Title</th><th>Author</th><th>Document Date</th></tr>'
        f'<tr><td><a href="p1060r0.pdf">{NEW}</a><td>Found early<td>Eve Early<td>{YEAR}-01-02'
        '<tr><td><a href="p1001r0.pdf">P1001R0</a><td>Known by another title<td>Nobody<td></table>')


class OpenStdPage(FleetCase):
    def start(self, **settings):
        self.fleet = self.make_fleet({"index": {"inline": made_index()}, "drafts": {},
                                      "rules": {"listing": {"match": f"/papers/{YEAR}/", "status": 404}}},
                                     POLL_INTERVAL_SECONDS=1, ENABLE_ISO_PROBE="false", **settings)
        self.fleet.start_servers()
        self.fleet.start("notifier")
        self.scheduler = self.start_scheduler(**settings)
        self.fleet.wait_cycles(1, 30)
        self.fleet.postgres.execute("INSERT INTO watchlist (user_id, entry) VALUES ('U0EVE', 'eve early')")

    def start_scheduler(self, **settings):
        return self.fleet.start("scheduler", OPENSTD_URL=self.fleet.upstream.url + "/papers/", **settings)

    def list(self, **rule):
        self.fleet.upstream.patch({"rules": {"listing": {"match": f"/papers/{YEAR}/", **rule}}})

    def asked(self):
        return [request for request in self.fleet.upstream.requests() if request["path"].startswith("/papers/")]

    def more_cycles(self, count):
        last = self.fleet.cycles()[-1]["number"]
        self.fleet.wait_cycles(last + count, 20)

    def paper(self, paper_id):
        return self.fleet.postgres.query(
            f"SELECT title, author, long_link, link FROM papers WHERE id = '{paper_id}'")

    def test_a_paper_is_told_before_the_index_has_it_and_once(self):
        self.start(ENABLE_BULK_OPENSTD="true")
        self.list(status=200, body=PAGE, content_type="text/html; charset=utf-8",
                  headers={"ETag": '"one"'})
        wait_until(lambda: any(NEW in message["text"] for message in self.fleet.messages()), 20,
                   "the watcher is told")
        stored = self.paper(NEW)[0]
        self.assertEqual((stored["title"], stored["author"], stored["link"]),
                         ("Found early", "Eve Early", ""))
        self.assertEqual(stored["long_link"],
                         f"{self.fleet.upstream.url}/papers/{YEAR}/p1060r0.pdf")
        self.assertNotEqual(self.paper("P1001R0")[0]["title"], "Known by another title")
        index = made_index()
        index[NEW] = {"type": "paper", "title": "As the index says", "author": "Eve Early",
                      "link": "https://wg21.link/p1060r0"}
        self.fleet.upstream.patch({"index": {"inline": index}})
        wait_until(lambda: self.paper(NEW)[0]["title"] == "As the index says", 20,
                   "the index has the last word")
        self.more_cycles(2)
        self.fleet.wait_sent()
        self.assertEqual(sum(NEW in message["text"] for message in self.fleet.messages()), 1)
        self.assertTrue(self.scheduler.events("INDEX-LOAD", source="open-std.org", unchanged=True))
        self.assertEqual(len(self.scheduler.events("INDEX-LOAD", source="open-std.org", status=200)), 1)
        changed = self.scheduler.events("INDEX-UPD", paper=NEW)
        self.assertEqual([event["changed"] for event in changed], ["title, date and link"])
        self.assertEqual({event["status"] for event in self.scheduler.events("INDEX-FETCH")} - {404}, set(),
                         "it is for failures only")

    def test_a_page_that_fails_stops_nothing(self):
        self.start(ENABLE_BULK_OPENSTD="true")
        for rule in ({"status": 500}, {"status": 200, "body": "maintenance"}, {"fault": "reset"}):
            self.list(**rule)
            self.more_cycles(2)
        self.assertTrue(self.scheduler.events("LISTING-ERROR"))
        failed = self.scheduler.events("INDEX-FETCH", source="open-std.org")
        self.assertIn(500, [event["status"] for event in failed])
        self.assertTrue(all(event["failure_category"] for event in failed), failed)
        self.assertEqual({row["status"] for row in self.fleet.cycles()[:-1]}, {"empty"})
        self.assertEqual(self.fleet.messages(), [])

    def test_a_page_that_lost_rows_is_reported_once_and_what_it_had_is_kept(self):
        self.start(ENABLE_BULK_OPENSTD="true")
        self.list(status=200, body=PAGE)
        wait_until(lambda: self.paper(NEW), 20, "the whole page is read")
        self.assertEqual(self.scheduler.events("OPENSTD-ROWS-LOST"), [])
        self.list(status=200, body=PAGE[:PAGE.index('<tr><td><a href="p1060')] +
                  '<tr><td><a href="p1061r0.pdf">P1061R0</a><td>Later<td>Ann<td>')
        wait_until(lambda: self.paper("P1061R0"), 20, "what is left of it is read")
        self.more_cycles(3)
        [lost] = self.scheduler.events("OPENSTD-ROWS-LOST")
        self.assertEqual((lost["papers"], lost["papers_before"], lost["tables_open"]), (1, 2, 1))
        self.assertTrue(self.paper(NEW))
        entries = self.fleet.redis.call("XRANGE", self.fleet.redis.key("failures"), "-", "+")
        self.assertIn("OPENSTD-ROWS-LOST", str(entries))

    def incident(self, scheduler):
        return next((i["cause"] for i in scheduler.health()["incidents"] if i["name"] == "openstd_rows_lost"), None)

    def test_lost_rows_are_an_incident_until_the_page_is_whole(self):
        settings = {"ENABLE_BULK_OPENSTD": "true", "OPS_ALERT_CHANNEL": "#ops"}
        self.start(**settings)
        self.list(status=200, body=PAGE)
        wait_until(lambda: self.paper(NEW), 20, "the whole page is read")
        self.assertIsNone(self.incident(self.scheduler))
        self.list(status=200, body=PAGE[:PAGE.index('<tr><td><a href="p1001')] + "</table>")
        cause = wait_until(lambda: self.incident(self.scheduler), 20, "the incident")
        self.assertIn("(2 before)", cause)

        def ops():
            return [m["text"] for m in self.fleet.messages() if m["channel"] == "#ops" and "open-std.org" in m["text"]]
        wait_until(ops, 20, "people are alerted")
        self.scheduler.kill()  # the next leader neither ends it nor repeats it, and goes on comparing
        self.scheduler = self.start_scheduler(**settings)
        self.assertEqual(wait_until(lambda: self.incident(self.scheduler), 20, "the next leader knows it"), cause)
        self.more_cycles(2)
        self.assertIn("(2 before)", self.incident(self.scheduler))
        self.list(status=200, body=PAGE)
        wait_until(lambda: not self.incident(self.scheduler), 20, "it is over")
        wait_until(lambda: "whole again" in ops()[-1], 20, "the all-clear")
        self.assertEqual(len(ops()), 2, ops())

    def test_papers_come_from_it_while_the_index_is_away(self):
        self.start(ENABLE_BULK_OPENSTD="true")
        self.fleet.upstream.patch({"rules": {"index": {"match": "/index.json", "status": 503}}})
        self.more_cycles(1)
        self.list(status=200, body=PAGE)
        wait_until(lambda: self.paper(NEW), 20, "the paper is stored")
        fetched = "SELECT index_fetched_at FROM meta"
        before, health = self.fleet.postgres.value(fetched), self.scheduler.health()
        self.more_cycles(2)
        self.assertEqual(self.fleet.postgres.value(fetched), before)
        wait_until(lambda: self.scheduler.health()["last_updated"] > health["last_updated"], 10,
                   "last_updated goes on with the polls, with or without a new index")
        self.assertTrue(self.scheduler.events("INDEX-STALE-FALLBACK"))

    def test_it_is_not_asked_by_default(self):
        self.start()
        self.more_cycles(2)
        self.assertEqual(self.asked(), [])


if __name__ == "__main__":
    unittest.main()
