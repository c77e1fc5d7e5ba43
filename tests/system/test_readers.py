#!/usr/bin/env python3
"""The readers' pages: finds, search, a page for each paper, feeds, and PUBLIC_PAGE.

PAPERSCOUT_FEEDS=FOLDER writes the feeds there, for a validator of your own (xmllint --relaxng and the RFC's schema, say).
PAPERSCOUT_SOAK=1 plays the figures in full: 18,052 papers, 5,000 drafts, 100 readers at once, 10,000 polls of the feed.
"""
import http.client
import json
import os
import re
import threading
import time
import unittest
import xml.etree.ElementTree as ET

from rig import FleetCase, wait_until
from rig.atom import faults_of
from rig.index import made_index
from rig.pace import paced
from rig.places import free_port
from rig.readers import DRAFTS, FILL, PAPERS, WORDS

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = os.environ.get("PAPERSCOUT_FEEDS")
SOAK = os.environ.get("PAPERSCOUT_SOAK") == "1"
READERS, ASKS, POLLS = (100, 40, 10000) if SOAK else (20, 10, 300)
HOSTILE = '</title><script>window.pwned=1</script> \u202etxet \x01 "quoted" & someone@example.org'

class Client:
    """One connection that is kept."""

    def __init__(self, port):
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path, **headers):
        self.link.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.link.getresponse()
        return answer.status, answer.headers, answer.read()


class Readers(FleetCase):
    feeds = 0  # validated

    def start_fleet(self, **settings):
        index = made_index()
        index["P1049R0"].update(title=HOSTILE, author="Jane Doe, Thomas K\u00f6ppe", subgroup="LEWG", link="javascript:1")
        self.fleet = self.make_fleet(
            {"index": {"inline": index}, "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            **{"POLL_INTERVAL_SECONDS": 3600, "NOTIFICATION_CHANNEL": "C_SECRET", "INSTANCE_ID": "", **settings})
        self.fleet.start_servers()
        self.fleet.start("worker")
        self.fleet.start("notifier", "notifier-hidden")
        self.scheduler = self.fleet.start("scheduler", "scheduler-hidden")
        self.fleet.wait_cycles(1, 60)
        self.client = Client(self.scheduler.port)
        self.addCleanup(lambda: self.client.link.close())
        wait_until(lambda: b"D1052R0.pdf" in self.client.get("/?kind=drafts")[2], 30, "the draft is shown")

    def page(self, path, status=200, **headers):
        answer, head, body = self.client.get(path, **headers)
        self.assertEqual(answer, status, path)
        return head, body.decode()

    def test_pages_and_feeds(self):
        self.start_fleet()
        self.check_finds()
        self.check_search()
        self.check_paper()
        self.check_feeds()
        self.check_restart()

    def check_finds(self):
        head, text = self.page("/")
        policy = head["Content-Security-Policy"]
        self.assertIn("default-src 'none'; script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(head["Cache-Control"], "no-cache")
        self.assertLess(text.index("D1052R0.pdf"), text.index("P1049R0"))
        self.assertNotIn("<script>window", text)
        self.assertNotIn("\u202e", text)
        self.assertNotIn("someone@example.org", text)
        self.assertNotIn("javascript:", text)
        self.assertEqual(self.page("/", 304, If_None_Match=head["ETag"])[1], "")
        self.assertIn("D1052R0.pdf", self.page("/?kind=drafts")[1])
        self.assertNotIn("D1052R0.pdf", self.page("/?kind=papers")[1])
        self.assertIn("P1049R0", self.page("/?author=Koppe")[1])
        self.assertNotIn("D1052R0.pdf", self.page("/?author=Koppe")[1])
        self.assertIn("P1049R0", self.page("/?subgroup=lewg")[1])
        self.page("/?subgroup=%3Cb%3E", 404)
        self.page("/?paper=P9999", 404)

    def check_search(self):
        head, text = self.page("/api/search?q=k%C3%B6pp+jane")
        self.assertEqual([one["key"] for one in json.loads(text)["results"]], ["P1049"])
        self.assertEqual(json.loads(self.page("/api/search")[1])["total"], 0)
        self.assertEqual(len(json.loads(self.page("/api/search?q=" + "a%20" * 3000)[1])["query"]), 200)
        self.assertIn("/papers/P1049", self.page("/search?q=1049")[1])
        self.assertIn("has all of these words", self.page("/search?q=%22%3E%3Cobject%3E")[1])
        self.assertIn("json", head["Content-Type"])

    def check_paper(self):
        self.assertEqual(self.page("/papers/nonsense", 404)[0]["Cache-Control"], "no-store")
        for name in ("1052", "p1052", "D1052R0", "D1052R0.pdf"):
            self.assertEqual(self.page(f"/papers/{name}", 308)[0]["Location"], "/papers/P1052")
        self.assertIn("No message about it was sent", self.page("/papers/P1052")[1])
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data, message_id, sent_at) VALUES "
            "('draft:x', 'frontier', 'C_SECRET', '{\"id\": \"D1052R0\"}', 'o1', now()), "
            "('watch:x', 'watchlist', 'U_SECRET', '{\"id\": \"D1052R0\"}', 'o2', now())")
        wait_until(lambda: "1 person and 1 channel" in self.page("/papers/P1052")[1], 30, "it is announced")
        text = self.page("/papers/P1052")[1]
        self.assertIn("hit_recent, HTTP 200", text)
        self.assertIn("The number is hot", text)
        self.assertNotIn("_SECRET", text)
        self.page("/papers/P9998", 404)
        self.page("/papers/", 404)
        self.page("/papers/P1052/x", 404)

    def check_feeds(self):
        head, text = self.page("/feed.atom")
        entries = self.validate(text)
        self.assertEqual(entries[0].find(f"{ATOM}id").text, "tag:paperscout.example,2026:draft/D1052R0.pdf")
        self.assertEqual(head["Content-Type"], "application/atom+xml; charset=utf-8")
        self.assertEqual(head["Cache-Control"], "public, max-age=60")
        self.page("/feed.atom", 304, If_None_Match=f'"0", W/{head["ETag"]}')
        self.page("/feed.atom", 304, If_Modified_Since=head["Last-Modified"])
        self.page("/feed.atom", 200, If_None_Match='"0"', If_Modified_Since=head["Last-Modified"])
        self.page("/feed.atom", 200, If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT")
        for query, count in (("author=Koppe", 1), ("subgroup=LEWG", 1), ("paper=P1052", 1), ("kind=drafts", 1)):
            self.assertEqual(len(self.validate(self.page(f"/feed.atom?{query}")[1])), count, query)
        self.page("/feed.atom?paper=nonsense", 404)

    def validate(self, text):
        """RFC 4287 allows it; no id is there twice, and each is made of a document's name."""
        self.assertEqual(faults_of(text), [])
        self.feeds += 1
        if FEEDS:
            with open(os.path.join(FEEDS, f"feed{self.feeds}.atom"), "w", encoding="utf-8") as file:
                file.write(text)
        entries = ET.fromstring(text).findall(f"{ATOM}entry")
        ids = [entry.find(f"{ATOM}id").text for entry in entries]
        self.assertEqual(len(ids), len(set(ids)))
        for one in ids:
            self.assertRegex(one, r"^tag:paperscout\.example,2026:(paper|draft)/[A-Za-z0-9._~%@-]+$")
        return entries

    def test_the_check_of_feeds_finds_faults(self):
        """Each fault in a good feed is found: the check can fail."""
        good = """<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:x,2026:f</id><title>t</title><updated>2026-01-01T00:00:00Z</updated>
            <link rel="self" href="/f"/><entry><id>tag:x,2026:e</id><title>t</title><updated>2026-01-01T00:00:00Z</updated>
            <author><name>A</name></author><link href="/e"/><category term="LEWG"/></entry></feed>"""
        self.assertEqual(faults_of(good), [])
        for before, after in (("<id>tag:x,2026:e</id>", ""), ("tag:x,2026:e", "/e"), ("2026-01-01T00:00:00Z</updated>\n            <auth",
                              "2026-13-01T00:00:00Z</updated><auth"), ("<author><name>A</name></author>", ""), ('<link href="/e"/>', ""),
                              ("<name>A</name>", "<name> </name>"), ('term="LEWG"', ""), ("<link href", "<link rel='x y' href"),
                              ('rel="self"', 'rel="via"'), ("<title>t</title><updated>2026-01-01T00:00:00Z</updated>\n            <link",
                              "<title>t</title><title>u</title><updated>2026-01-01T00:00:00Z</updated><link"), ("</entry>", "x</entry>"),
                              ("</entry>", "<summary>a</summary><summary>b</summary></entry>"), ("</entry>", "<blink/></entry>"),
                              ("</entry>", '<link href="/2"/></entry>'), ("<category", "<category colour='red'"), ("</feed>", "</fed>"),
                              ("<feed xmlns", "<feed xml:lang='too_long_a_language' xmlns")):
            self.assertIn(before, good)
            self.assertNotEqual(faults_of(good.replace(before, after, 1)), [], after)

    def check_restart(self):
        """Another instance gives the same bytes."""
        head, text = self.page("/feed.atom")
        self.scheduler.stop()
        self.client.link.close()
        self.client = Client(self.fleet.start("scheduler", "another").port)
        wait_until(lambda: self.client.get("/feed.atom")[0] == 200, 30, "the library is read")
        again, same = self.page("/feed.atom")
        self.assertEqual((same, again["ETag"]), (text, head["ETag"]))
        self.page("/feed.atom", 304, If_None_Match=head["ETag"])
        for query in ("author=Koppe", "subgroup=LEWG", "paper=P1052", "kind=drafts"):
            self.validate(self.page(f"/feed.atom?{query}")[1])

    def test_public_page(self):
        """The page shows the readers' half without names. Health and metrics answer direct requests only, and PUBLIC_PORT never
        serves them."""
        port = free_port()
        self.start_fleet(PUBLIC_PAGE="true", PUBLIC_PORT=port, PUBLIC_BIND_HOST="127.0.0.1")
        hidden = re.compile("scheduler-hidden|notifier-hidden|C_SECRET|/operations|/api/fleet|/health|/metrics")
        for path in ("/", "/search?q=draft", "/papers/P1052", "/papers/P1049", "/feed.atom", "/api/search?q=1049"):
            head, text = self.page(path)
            self.assertIsNone(hidden.search(text), path)
            self.assertTrue(head["Cache-Control"].startswith("public, max-age="), path)
            self.assertIsNone(head["Set-Cookie"])
        for path in ("/operations", "/page/app.js", "/page/charts.js", "/page/uPlot.js", "/api/fleet",
                     "/api/fleet/events", "/api/history"):
            self.page(path, 404)
        for path in ("/page/style.css", "/page/reader.js", "/page/icon.svg", "/livez"):
            self.page(path)
        for path in ("/health", "/health/", "/metrics", "/readyz"):
            self.assertNotEqual(self.client.get(path)[0], 404, path)
            self.assertNotEqual(self.client.get(path, Host="10.1.2.3:8080")[0], 404, path)
            for stranger in ({"X_Forwarded_For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}, {"Via": "1.1 cache"},
                             {"X_Real_IP": "192.0.2.1"}, {"CF_Connecting_IP": "192.0.2.1"}):
                self.assertEqual(self.client.get(path, **stranger)[0], 404, (path, stranger))
                self.assertEqual(self.client.get("/livez", **stranger)[0], 200)
                self.assertEqual(self.client.get("/", **stranger)[0], 200)
        public = Client(port)
        self.addCleanup(lambda: public.link.close())
        for path in ("/", "/search?q=draft", "/papers/P1052", "/feed.atom", "/page/style.css", "/livez"):
            status, _, body = public.get(path, Host="papers.example.org")
            self.assertEqual(status, 200, path)
            self.assertIsNone(hidden.search(body.decode()), path)
        for path in ("/health", "/health/", "/metrics", "/readyz", "/readyz/events", "/operations", "/api/fleet",
                     "/api/fleet/events", "/api/history", "/api/actions", "/page/app.js"):
            self.assertEqual(public.get(path)[0], 404, path)

    def test_a_public_port_that_is_taken_ends_the_start(self):
        self.fleet = self.make_fleet({})
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler", PUBLIC_PAGE="true", PUBLIC_PORT=self.fleet.postgres.port,
                                     PUBLIC_BIND_HOST="127.0.0.1")
        self.assertEqual(scheduler.wait(30), 78)
        self.assertIn("PUBLIC_PORT", scheduler.tail())

    def test_many_readers(self):
        self.start_fleet()
        self.fleet.postgres.execute(FILL)
        self.fleet.redis.call("XADD", self.fleet.redis.key("signals"), "*", "what", "library")  # as the leader does
        wait_until(lambda: json.loads(self.page(f"/api/search?q=word{PAPERS}")[1])["total"] == 1
                   and json.loads(self.page(f"/api/search?q=thing{DRAFTS}")[1])["total"] == 1, 60, "all are in memory")
        times, health = self.read_at_once()
        alone = [self.time_of("/api/search?q=word17") for _ in range(200)]
        print(f"search alone: p50 {median(alone):.1f} ms, p99 {share(alone, 0.99):.1f} ms; {READERS} readers: "
              f"p50 {median(times):.1f} ms, p99 {share(times, 0.99):.1f} ms; health meanwhile: p99 "
              f"{share(health, 0.99):.1f} ms, max {max(health):.1f} ms", flush=True)
        self.assertLess(median(health), 1000 * paced(0.1))
        self.poll_feed()

    def time_of(self, path, client=None):
        start = time.perf_counter()
        status, _, _ = (client or self.client).get(path)
        self.assertEqual(status, 200)
        return 1000 * (time.perf_counter() - start)

    def read_at_once(self):
        """Everybody types; a probe looks at the health port meanwhile."""
        times, health, done = [], [], threading.Event()

        def read(number):
            client = Client(self.scheduler.port)
            for i in range(ASKS):
                times.append(self.time_of(f"/api/search?q={WORDS[(number + i) % len(WORDS)]}", client))
                time.sleep(0.15)  # between two keys
            client.link.close()

        def probe():
            client = Client(self.scheduler.port)
            while not done.is_set():
                health.append(self.time_of("/livez", client))
                time.sleep(0.02)
            client.link.close()
        watcher = threading.Thread(target=probe)
        watcher.start()
        threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        watcher.join()
        self.assertEqual(len(times), READERS * ASKS)
        return times, health

    def poll_feed(self):
        head, _ = self.page("/feed.atom")
        start = time.monotonic()
        for _ in range(POLLS):
            self.assertEqual(self.client.get("/feed.atom", If_None_Match=head["ETag"])[0], 304)
        print(f"{POLLS} polls of the feed with 304: {1000 * (time.monotonic() - start) / POLLS:.2f} ms each", flush=True)


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def median(values):
    return share(values, 0.5)


if __name__ == "__main__":
    unittest.main()
