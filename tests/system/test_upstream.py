#!/usr/bin/env python3
"""The scripted upstream itself: every fault it can be told to commit, its counters, its clock."""
import email.utils
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

from rig import RigCase, program_path, wait_until
from rig.upstream import Nginx, Upstream, nginx_is_there, now_ms

DRAFT = "/files/papers/D1234R0.pdf"
INDEX = {"P0001R0": {"title": "One", "author": "Ann", "type": "paper", "date": "2018-01-01"}}
SCENARIO = {
    "index": {"inline": INDEX, "modified": "2018-06-27T10:00:00Z"},
    "drafts": {
        "D1234R0.pdf": {"modified": "-2h", "text": "Köppe, Σωκράτης and others\nsecond line"},
        "D1235R0.html": {"modified": "-3d", "text": "An HTML draft"},
    },
    "slack": {"token": "xoxb-test"},
}


def raw(port, text, seconds=2.0, until=None):
    """Bytes that come back on a plain connection, and whether the other side closed it."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 5) as link:
        link.sendall(text.encode())
        link.settimeout(seconds)
        try:
            while until is None or len(got) < until:
                part = link.recv(65536)
                if not part:
                    return got, True
                got += part
        except socket.timeout:
            return got, False
        except ConnectionResetError:
            return got, "reset"
    return got, False


def get_text(path, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: upstream\r\n\r\n"


class UpstreamCase(RigCase):
    needs = ("upstream",)

    def setUp(self):
        super().setUp()
        fleet = self.make_fleet(SCENARIO)  # its Redis and PostgreSQL stay unstarted
        self.fleet, self.up = fleet, fleet.upstream
        self.up.start()

    def rule(self, **rule):
        """Puts one rule in place of whatever rules there are."""
        self.up.patch({"rules": None})
        self.up.patch({"rules": {"r": rule}})

    def raw(self, method="GET", path=DRAFT, **more):
        return raw(self.up.port, get_text(path, method), **more)


class Plain(UpstreamCase):
    def test_head_has_the_length_of_the_body_and_no_body(self):
        _, headers, body = self.up.request("GET", DRAFT)
        got, _ = self.raw("HEAD", seconds=0.3)
        self.assertTrue(got.endswith(b"\r\n\r\n"))
        self.assertIn(f"Content-Length: {len(body)}\r\n".encode(), got)
        self.assertEqual(headers["Content-Type"], "application/pdf")

    @unittest.skipUnless(shutil.which("pdftotext"), "pdftotext is not installed")
    def test_pdf_text_can_be_read_back(self):
        _, _, body = self.up.request("GET", DRAFT)
        done = subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True)
        lines = done.stdout.decode().split("\n")
        self.assertEqual(lines[:2], ["Köppe, Σωκράτης and others", "second line"])

    @unittest.skipUnless(shutil.which("pdftotext"), "pdftotext is not installed")
    def test_long_text_fills_several_pages(self):
        words = " ".join(f"word{number}" for number in range(3000))
        self.up.patch({"drafts": {"D1234R0.pdf": {"text": words}}})
        _, _, body = self.up.request("GET", DRAFT)
        done = subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True)
        self.assertEqual(done.stdout.decode().split(), words.split())
        self.assertGreater(done.stdout.count(b"\f"), 2)

    def test_unlisted_draft_is_404_and_html_is_html(self):
        self.assertEqual(self.up.request("HEAD", "/files/papers/P9999R0.pdf")[0], 404)
        status, headers, body = self.up.request("GET", "/files/papers/D1235R0.html")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"<p>An HTML draft</p>", body)

    def test_keep_alive_and_pipelined_requests(self):
        got, _ = raw(self.up.port, get_text(DRAFT, "HEAD") * 50, seconds=0.5)
        self.assertEqual(got.count(b"HTTP/1.1 200 OK\r\n"), 50)
        self.up.request("HEAD", DRAFT)
        connections = [seen["connection"] for seen in self.up.requests(DRAFT)]
        self.assertEqual(len(set(connections[:50])), 1)
        self.assertNotEqual(connections[0], connections[50])

    def test_index_answers_304_to_conditional_requests(self):
        status, headers, body = self.up.request("GET", "/index.json")
        self.assertEqual((status, json.loads(body)), (200, INDEX))
        for condition in ({"If-None-Match": headers["ETag"]},
                          {"If-Modified-Since": headers["Last-Modified"]}):
            status, again, body = self.up.request("GET", "/index.json", headers=condition)
            self.assertEqual((status, body, again["ETag"]), (304, b"", headers["ETag"]))
        self.up.patch({"index": {"inline": {"P0002R0": {}}}})
        status, again, _ = self.up.request("GET", "/index.json",
                                           headers={"If-None-Match": headers["ETag"]})
        self.assertEqual(status, 200)
        self.assertNotEqual(again["ETag"], headers["ETag"])

    def test_index_from_a_file_and_as_raw_text(self):
        with open(os.path.join(self.fleet.folder, "other.json"), "w", encoding="ascii") as file:
            file.write('{"P1R0"')
        self.up.load({"index": {"file": "other.json"}})
        self.assertEqual(self.up.request("GET", "/index.json")[2], b'{"P1R0"')
        self.up.load({"index": {"raw": "<html>"}})
        self.assertEqual(self.up.request("GET", "/index.json")[2], b"<html>")

    def test_broken_requests_are_refused(self):
        for text in ("GET\r\n\r\n", "\x00\x01\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"):
            got, closed = raw(self.up.port, text)
            self.assertIn(b" 400 ", got.split(b"\r\n")[0])
            self.assertTrue(closed)
        got, _ = raw(self.up.port, "GET / HTTP/1.1\r\n" + "X: y\r\n" * 20000)
        self.assertIn(b" 431 ", got.split(b"\r\n")[0])


class Faults(UpstreamCase):
    def test_status_headers_reason_and_body(self):
        self.rule(status=503, reason="Try Later", headers={"X-One": "1"}, body="busy",
                  content_type="text/x")
        got, _ = self.raw(seconds=0.3)
        self.assertTrue(got.startswith(b"HTTP/1.1 503 Try Later\r\n"))
        self.assertIn(b"X-One: 1\r\n", got)
        self.assertIn(b"Content-Type: text/x\r\n", got)
        self.assertTrue(got.endswith(b"\r\n\r\nbusy"))
        self.assertNotIn(b"Last-Modified", got)

    def test_soft_404_is_200_of_another_type(self):
        self.rule(status=200, content_type="text/html", body="sorry")
        status, headers, _ = self.up.request("HEAD", "/files/papers/D9000R0.pdf")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html"))

    def test_redirect(self):
        self.rule(match=DRAFT, redirect="/files/papers/D1235R0.html")
        status, headers, _ = self.up.request("HEAD", DRAFT)
        self.assertEqual((status, headers["Location"]), (302, "/files/papers/D1235R0.html"))

    def test_retry_after_in_both_forms(self):
        self.rule(retry_after=7)
        status, headers, _ = self.up.request("HEAD", DRAFT)
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        self.rule(status=503, retry_after=7, retry_after_form="date")
        status, headers, _ = self.up.request("HEAD", DRAFT)
        ahead = email.utils.parsedate_to_datetime(headers["Retry-After"]).timestamp() - time.time()
        self.assertEqual(status, 503)
        self.assertTrue(6 < ahead < 9, ahead)

    def test_first_so_many_then_plain(self):
        self.rule(match="/files/papers/D12*", status=503, times=2, skip=1)
        statuses = [self.up.request("HEAD", DRAFT)[0] for _ in range(5)]
        self.assertEqual(statuses, [200, 503, 503, 200, 200])
        self.rule(match="/files/papers/D12*", status=500, every=2)
        self.assertEqual([self.up.request("HEAD", DRAFT)[0] for _ in range(4)],
                         [500, 200, 500, 200])
        self.assertEqual(self.up.request("HEAD", "/index.json")[0], 200)

    def test_rule_for_one_method(self):
        self.rule(method="GET", status=500)
        self.assertEqual(self.up.request("HEAD", DRAFT)[0], 200)
        self.assertEqual(self.up.request("GET", DRAFT)[0], 500)

    def test_above_a_rate_429_and_requests_in_the_pause_are_counted(self):
        self.rule(status=429, retry_after=1, above_rate=20)
        link = http.client.HTTPConnection("127.0.0.1", self.up.port, timeout=5)
        statuses = []
        for _ in range(50):
            link.request("HEAD", DRAFT)
            answer = link.getresponse()
            answer.read()
            statuses.append(answer.status)
        link.close()
        self.assertEqual(statuses, [200] * 20 + [429] * 30)
        time.sleep(1.1)
        self.assertEqual(self.up.request("HEAD", DRAFT)[0], 200)
        self.assertEqual(self.up.stats()["rules"]["r"], {"seen": 51, "fired": 30, "early": 29})

    def test_delay(self):
        self.rule(delay_ms=300)
        start = time.monotonic()
        self.assertEqual(self.up.request("HEAD", DRAFT)[0], 200)
        self.assertTrue(0.28 < time.monotonic() - start < 2)

    def test_slow_drip(self):
        self.rule(drip_bytes=100, drip_ms=50, body_size=300)
        start = time.monotonic()
        link = http.client.HTTPConnection("127.0.0.1", self.up.port, timeout=5)
        for _ in range(2):
            link.request("GET", DRAFT)
            self.assertEqual(len(link.getresponse().read()), 300)
        link.close()
        self.assertGreater(time.monotonic() - start, 0.4)

    def test_drop_before_anything_is_said(self):
        self.rule(fault="drop")
        self.assertEqual(self.raw(), (b"", True))

    def test_reset(self):
        self.rule(fault="reset")
        self.assertEqual(self.raw(), (b"", "reset"))

    def test_cut_in_the_header(self):
        self.rule(fault="cut_header")
        got, closed = self.raw()
        self.assertTrue(closed)
        self.assertTrue(got.startswith(b"HTTP/1.1 200"))
        self.assertNotIn(b"\r\n\r\n", got)
        self.rule(fault="cut_header", fault_at=5)
        self.assertEqual(self.raw(), (b"HTTP/", True))

    def test_cut_in_the_body(self):
        self.rule(fault="cut_body", fault_at=100, body_size=5000)
        got, closed = self.raw()
        self.assertTrue(closed)
        head, body = got.split(b"\r\n\r\n", 1)
        self.assertIn(b"Content-Length: 5000", head)
        self.assertEqual(len(body), 100)

    def test_claimed_length_is_free(self):
        self.rule(content_length=999999, close=True, body="short")
        with self.assertRaises(http.client.IncompleteRead):
            self.up.request("GET", DRAFT)
        self.rule(content_length=10 ** 12)
        self.assertEqual(self.up.request("HEAD", DRAFT)[1]["Content-Length"], str(10 ** 12))

    def test_stall(self):
        self.rule(fault="stall")
        self.assertEqual(self.raw(seconds=0.5), (b"", False))
        self.rule(fault="stall_body", fault_at=10, body_size=100)
        got, closed = self.raw(seconds=0.5)
        self.assertEqual((len(got.split(b"\r\n\r\n", 1)[1]), closed), (10, False))

    def test_endless_body_and_header_flood(self):
        self.rule(fault="endless")
        got, closed = self.raw(until=5_000_000)
        self.assertIn(b"Transfer-Encoding: chunked", got[:1000])
        self.assertGreaterEqual(len(got), 5_000_000)
        link = http.client.HTTPConnection("127.0.0.1", self.up.port, timeout=5)
        link.request("GET", DRAFT)
        self.assertEqual(link.getresponse().read(1_000_000), b"x" * 1_000_000)
        link.close()
        self.assertEqual(self.up.request("HEAD", DRAFT)[0], 200)
        self.rule(fault="header_flood")
        got, closed = self.raw("HEAD", until=2_000_000)
        self.assertNotIn(b"\r\n\r\n", got)
        self.assertFalse(closed)

    def test_garbage(self):
        self.rule(fault="garbage")
        got, closed = self.raw()
        self.assertFalse(got.startswith(b"HTTP/"))
        self.assertTrue(closed)

    def test_a_draft_misbehaves_by_itself(self):
        self.up.patch({"drafts": {"D1234R0.pdf": {"status": 500, "times": 1}}})
        self.assertEqual([self.up.request("HEAD", DRAFT)[0] for _ in range(2)], [500, 200])
        self.up.patch({"default": {"status": 410}})
        self.assertEqual(self.up.request("HEAD", "/files/papers/none.pdf")[0], 410)

    def test_big_bodies_arrive_whole(self):
        self.rule(match="/index.json", body_size=20_000_000)
        self.assertEqual(len(self.up.request("GET", "/index.json")[2]), 20_000_000)


class Clock(UpstreamCase):
    def modified(self, path=DRAFT):
        return email.utils.parsedate_to_datetime(
            self.up.request("HEAD", path)[1]["Last-Modified"]).timestamp()

    def test_relative_times_follow_the_clock(self):
        self.assertAlmostEqual(self.modified(), time.time() - 7200, delta=3)
        self.up.set_clock(set="2018-06-27T12:00:00Z", freeze=True)
        self.assertEqual(self.modified(), 1530093600)
        time.sleep(1.1)
        self.assertEqual(self.modified(), 1530093600)
        self.up.set_clock(advance="+1d2h")
        self.assertEqual(self.modified(), 1530093600 + 26 * 3600)
        self.up.set_clock(real=True)
        self.assertAlmostEqual(self.modified(), time.time() - 7200, delta=3)

    def test_clock_of_the_scenario_runs_on_and_survives_patches(self):
        self.up.load({**SCENARIO, "clock": "2018-06-27T12:00:00Z"})
        first = self.modified()
        self.up.set_clock(advance="+1h")
        self.up.patch({"drafts": {"D1300R0.pdf": {"modified": "-2h"}}})
        self.assertAlmostEqual(self.modified("/files/papers/D1300R0.pdf"), first + 3600, delta=3)

    def test_fixed_absent_and_unreadable_dates(self):
        self.up.patch({"drafts": {"a.pdf": {"modified": "2018-06-27T10:00:00Z"}, "b.pdf": {},
                                  "c.pdf": {"modified": "yesterday"}}})
        heads = {name: self.up.request("HEAD", f"/files/papers/{name}")[1]["Last-Modified"]
                 for name in ("a.pdf", "b.pdf", "c.pdf")}
        self.assertEqual(heads, {"a.pdf": "Wed, 27 Jun 2018 10:00:00 GMT", "b.pdf": None,
                                 "c.pdf": "yesterday"})


class Control(UpstreamCase):
    def test_wrong_scenarios_are_refused_and_change_nothing(self):
        for wrong in ({"drafs": {}}, {"rules": [{"stauts": 500}]}, {"rules": [{"fault": "fire"}]},
                      {"index": {"file": "/nonexistent"}}, {"drafts": {"a": {"status": "200"}}},
                      {"clock": "noon"}, {"slack": {"channels": {"C1": {"foo": 1}}}}):
            with self.assertRaises(ValueError, msg=str(wrong)):
                self.up.load(wrong)
        status, _, _ = self.up.request("POST", "/_control/patch", "{")
        self.assertEqual(status, 400)
        self.assertEqual(self.up.request("HEAD", DRAFT)[0], 200)

    def test_patch_keeps_counters_of_what_did_not_change(self):
        self.up.patch({"rules": {"a": {"match": "*", "status": 503, "times": 2}}})
        self.up.request("HEAD", DRAFT)
        self.up.patch({"drafts": {"D1235R0.html": None}})
        self.assertEqual([self.up.request("HEAD", DRAFT)[0] for _ in range(2)], [503, 200])
        self.assertEqual(self.up.request("HEAD", "/files/papers/D1235R0.html")[0], 404)

    def test_counts_per_path_folder_host_and_as_a_whole(self):
        for _ in range(3):
            self.up.request("HEAD", DRAFT)
        self.up.request("GET", "/files/papers/none.pdf", headers={"Host": "other"})
        self.up.request("GET", "/index.json")
        stats = self.up.stats()
        self.assertEqual((stats["count"], stats["head"], stats["get"]), (5, 3, 2))
        self.assertEqual(stats["paths"][DRAFT]["count"], 3)
        self.assertEqual(stats["folders"]["/files/papers/"]["status"], {"200": 3, "404": 1})
        self.assertEqual(stats["hosts"]["other"]["count"], 1)
        self.up.reset()
        self.assertEqual(self.up.stats()["count"], 0)
        self.assertEqual(self.up.stats()["paths"], {})

    def test_peak_rate_is_that_of_the_busiest_second(self):
        start = time.monotonic()
        for due, count in ((0, 40), (0.7, 10), (1.4, 10), (2.6, 30)):
            time.sleep(max(0.0, start + due - time.monotonic()))
            raw(self.up.port, get_text(DRAFT, "HEAD") * count, seconds=0.1)
        tally = self.up.drafts_stats()
        self.assertEqual((tally["count"], tally["peak_rate"]), (90, 50))

    def test_peak_of_requests_in_flight(self):
        self.rule(delay_ms=400)
        threads = [threading.Thread(target=self.up.request, args=("HEAD", DRAFT))
                   for _ in range(7)]
        for thread in threads:
            thread.start()
        wait_until(lambda: self.up.stats()["in_flight"] == 7, 5, "seven in flight")
        for thread in threads:
            thread.join()
        tally = self.up.drafts_stats()
        self.assertEqual((tally["in_flight"], tally["peak_in_flight"]), (0, 7))

    def test_a_dropped_client_is_no_longer_in_flight(self):
        self.rule(fault="stall")
        self.raw(seconds=0.2)
        wait_until(lambda: self.up.stats()["in_flight"] == 0, 5, "nobody in flight")
        self.assertEqual(self.up.stats()["peak_in_flight"], 1)

    def test_requests_between_two_times(self):
        self.up.request("HEAD", DRAFT)
        time.sleep(0.05)
        middle = now_ms()
        time.sleep(0.05)
        self.up.request("GET", "/index.json")
        self.assertEqual([seen["path"] for seen in self.up.requests(until_ms=middle)], [DRAFT])
        later = self.up.requests(from_ms=middle)
        self.assertEqual([(seen["method"], seen["path"], seen["status"]) for seen in later],
                         [("GET", "/index.json", 200)])
        self.assertEqual(self.up.requests("/files/", from_ms=middle), [])

    def test_only_the_last_requests_are_kept(self):
        other = Upstream(self.fleet.folder, {})
        argv = [program_path("paperscout-upstream"), "--keep", "5"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
            other.port = int(child.stdout.readline().rsplit(":", 1)[1])
            raw(other.port, "".join(get_text(f"/{n}") for n in range(12)), seconds=0.2)
            self.assertEqual([seen["path"] for seen in other.requests()],
                             [f"/{n}" for n in range(7, 12)])
            child.terminate()
            self.assertEqual(child.wait(5), 0)

    def test_wrong_use_of_the_program(self):
        for arguments, status in ((["--port", "x"], 64), (["extra"], 64),
                                  (["--scenario", "/nonexistent"], 1)):
            done = subprocess.run([program_path("paperscout-upstream"), *arguments],
                                  capture_output=True, timeout=5)
            self.assertEqual(done.returncode, status)


class Slack(UpstreamCase):
    def post(self, channel="C1", text="hello", token="xoxb-test", **more):
        body = json.dumps({"channel": channel, "text": text, **more})
        status, headers, answer = self.up.request(
            "POST", "/api/chat.postMessage", body,
            {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"})
        return status, headers, json.loads(answer) if answer.startswith(b"{") else answer

    def test_takes_json_and_forms_and_records_them_in_order(self):
        status, _, answer = self.post(thread_ts="1.2", metadata={"event_type": "x"})
        self.assertEqual((status, answer["ok"], answer["channel"]), (200, True, "C1"))
        self.up.request("POST", "/api/chat.postMessage", "channel=U2&text=a+b%26c",
                        {"Content-Type": "application/x-www-form-urlencoded",
                         "Authorization": "Bearer xoxb-test"})
        got = self.up.slack()
        self.assertEqual([(m["channel"], m["text"], m["thread_ts"]) for m in got],
                         [("C1", "hello", "1.2"), ("U2", "a b&c", None)])
        self.assertLess(float(got[0]["ts"]), float(got[1]["ts"]))
        self.assertEqual(got[0]["body"]["metadata"], {"event_type": "x"})

    def test_wrong_calls(self):
        self.assertEqual(self.post(token="bad")[2], {"ok": False, "error": "invalid_auth"})
        self.assertEqual(self.post(channel="")[2]["error"], "channel_not_found")
        self.assertEqual(self.post(text="")[2]["error"], "no_text")
        self.assertEqual(self.up.slack(), [])
        self.assertEqual(len(self.up.slack_refused()), 3)

    def test_a_channel_refuses_while_others_take(self):
        self.up.patch({"slack": {"channels": {
            "C1": {"status": 429, "retry_after": 5, "times": 1},
            "C2": {"error": "not_in_channel"}}}})
        status, headers, _ = self.post()
        self.assertEqual((status, headers["Retry-After"]), (429, "5"))
        self.assertEqual(self.post()[0], 200)
        self.assertEqual(self.post("C2")[2], {"ok": False, "error": "not_in_channel"})
        self.assertEqual(self.post("C3")[0], 200)
        self.assertEqual([m["channel"] for m in self.up.slack()], ["C1", "C3"])
        self.assertEqual(self.up.stats()["channels"]["C1"], {"seen": 2, "fired": 1, "early": 1})

    def test_an_answer_can_be_lost_after_the_message_was_taken(self):
        self.up.patch({"slack": {"fault": "drop", "accept": True, "times": 1}})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.post(text="taken")
        self.up.patch({"slack": {"channels": {"C9": {"fault": "drop"}}}})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.post("C9", "not taken")
        self.assertEqual([m["text"] for m in self.up.slack()], ["taken"])

    def call(self, method, **arguments):
        status, _, answer = self.up.request(
            "GET", f"/api/{method}?{urllib.parse.urlencode(arguments)}", None,
            {"Authorization": "Bearer xoxb-test"})
        return json.loads(answer) if status == 200 else status

    def test_history_tells_what_was_taken(self):
        for number in range(5):
            self.post("#papers", f"m{number}", metadata={"event_type": "e", "event_payload":
                                                         {"id": f"o{number}"}})
        first = self.up.slack()[0]["ts"]
        self.post("#papers", "below", thread_ts=first)
        self.post("U77", "to a person")
        page = self.call("conversations.history", channel="CPAPERS", limit=3)
        self.assertEqual([m["text"] for m in page["messages"]], ["m4", "m3", "m2"])
        self.assertNotIn("metadata", page["messages"][0])
        page = self.call("conversations.history", channel="CPAPERS", limit=3,
                         include_all_metadata="true",
                         cursor=page["response_metadata"]["next_cursor"])
        self.assertEqual([m["metadata"]["event_payload"]["id"] for m in page["messages"]],
                         ["o1", "o0"])
        self.assertFalse(page["has_more"])
        later = self.up.slack()[3]["ts"]
        self.assertEqual([m["text"] for m in self.call("conversations.history", channel="CPAPERS",
                                                       oldest=later)["messages"]], ["m4", "m3"])
        self.assertEqual([m["text"] for m in self.call("conversations.replies", channel="CPAPERS",
                                                       ts=first)["messages"]], ["m0", "below"])
        self.assertEqual(self.call("conversations.open", users="U77")["channel"]["id"], "D77")
        self.assertEqual([m["text"] for m in self.call("conversations.history",
                                                       channel="D77")["messages"]], ["to a person"])
        for channel in ("#papers", "U77"):
            self.assertEqual(self.call("conversations.history", channel=channel)["error"],
                             "channel_not_found")
        self.up.patch({"slack": {"methods": {"conversations.history": {"error": "missing_scope"}}}})
        self.assertEqual(self.call("conversations.history", channel="CPAPERS")["error"],
                         "missing_scope")

    def test_a_message_can_be_updated(self):
        ts = self.post("#papers", "first")[2]["ts"]
        self.assertTrue(self.call("chat.update", channel="CPAPERS", ts=ts, text="second")["ok"])
        self.assertEqual(self.call("chat.update", channel="CPAPERS", ts="1.1", text="x")["error"],
                         "message_not_found")
        got = self.up.slack()
        self.assertEqual([(m["text"], m["before"]) for m in got], [("second", ["first"])])

    def test_what_slack_would_refuse_is_refused(self):
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
        self.assertTrue(self.post(blocks=[section] * 50)[2]["ok"])
        long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
        for blocks in ([section] * 51, [long], [{"type": "header", "text": section["text"]}],
                       [{"type": "context", "elements": []}], [{"type": "nonsense"}], {"type": "x"}):
            self.assertEqual(self.post(blocks=blocks)[2]["error"], "invalid_blocks", str(blocks)[:60])
        self.assertEqual(self.post(text="x" * 40001)[2]["error"], "msg_too_long")

    def test_a_webhook(self):
        status, _, body = self.up.request("POST", "/hooks/T1/B1", json.dumps({"text": "down"}),
                                          {"Content-Type": "application/json"})
        self.assertEqual((status, body), (200, b"ok"))
        self.assertEqual([(h["path"], h["body"]) for h in self.up.hooks()],
                         [("/hooks/T1/B1", {"text": "down"})])

    def test_auth_test(self):
        status, _, body = self.up.request("POST", "/api/auth.test", "",
                                          {"Authorization": "Bearer xoxb-test"})
        self.assertEqual((status, json.loads(body)["ok"]), (200, True))


class Speed(UpstreamCase):
    def test_thousands_of_requests_and_a_large_scenario(self):
        """Not timed: that the counters hold at load and that 10,000 drafts load."""
        self.up.load({"drafts": {f"D{n:04d}R0.pdf": {"text": "t"} for n in range(10000)}})
        for _ in range(5):
            raw(self.up.port, get_text(DRAFT, "HEAD") * 1000, seconds=0.3)
        self.assertEqual(self.up.drafts_stats()["status"], {"200": 5000})


@unittest.skipUnless(nginx_is_there(), "nginx or openssl is not installed")
class Http2(UpstreamCase):
    def test_nginx_speaks_http2_in_front(self):
        nginx = Nginx(self.fleet.folder, self.up.url)
        self.fleet.extras.append(nginx)
        nginx.start()
        context = ssl.create_default_context(cafile=nginx.ca_path)
        context.set_alpn_protocols(["h2"])
        with socket.create_connection(("127.0.0.1", nginx.port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as link:
                self.assertEqual(link.selected_alpn_protocol(), "h2")
        done = subprocess.run(["curl", "-sSI", "--http2", "--cacert", nginx.ca_path,
                               nginx.url + DRAFT], capture_output=True, text=True, timeout=10)
        self.assertTrue(done.stdout.startswith("HTTP/2 200"), done)
        self.assertEqual([line.rpartition(" ")[0] for line in nginx.access_log()], [f"HTTP/2.0 HEAD {DRAFT} 200"])


if __name__ == "__main__":
    unittest.main()
