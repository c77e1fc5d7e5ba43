#!/usr/bin/env python3
"""The port that Slack speaks to: what is not Slack's is refused, and every answer comes in time. PAPERSCOUT_EVENTS is how
many events the timing test sends (100)."""
import json
import os
import socket
import threading
import time
import unittest

from rig import wait_until
from rig.listening import ListeningCase
from rig.speaker import SECRET, event_body, sign, slash_body
from rig.pace import paced

EVENTS = int(os.environ.get("PAPERSCOUT_EVENTS", "100"))
FORM = "application/x-www-form-urlencoded"


class EventsPort(ListeningCase):
    def test_what_is_not_slacks_is_refused_and_nothing_is_done(self):
        speaker = self.start()
        body = event_body("watchlist add 42", event_id="Ev1")
        good = sign(body)
        self.assertEqual(speaker.deliver(body, good), 200)
        self.assertEqual(speaker.deliver(body, good), 200)  # as Slack's own retries look: heard before, nothing is done
        self.settled()
        form = slash_body("watchlist add 43")
        huge = event_body("status", padding="x" * 1_048_576)
        now = int(time.time())
        missing = {name: value for name, value in good.items() if "Signature" in name}
        refused = [
            ("changed body", body.replace(b"42", b"43"), good, 401),
            ("body cut", body[:-1], good, 401),
            ("empty body", b"", good, 401),
            ("no headers", body, {}, 401),
            ("no timestamp", body, missing, 401),
            ("old", body, sign(body, now - 301), 401),
            ("of tomorrow", body, sign(body, now + 86400), 401),
            ("another secret", body, sign(body, secret=SECRET + "x"), 401),
            ("no secret", body, sign(body, secret=""), 401),
            ("another version", body, sign(body, version="v1"), 401),
            ("timestamp changed", body, {**good, "X-Slack-Request-Timestamp": str(now + 1)}, 401),
            ("timestamp of letters", body, {**good, "X-Slack-Request-Timestamp": "now"}, 401),
            ("upper case", body, {**good, "X-Slack-Signature": good["X-Slack-Signature"].upper()}, 401),
            ("no JSON", b"{", sign(b"{"), 400),
            ("not an event", b"[]", sign(b"[]"), 400),
            ("deep", b"[" * 100_000, sign(b"[" * 100_000), 400),
            ("a form as JSON", form, sign(form), 400),
            ("no UTF-8", b"\xff\xfe", sign(b"\xff\xfe"), 400),
            ("too large", huge, sign(huge), 413),
        ]
        for what, sent, headers, status in refused:
            with self.subTest(what):
                self.assertEqual(speaker.post(sent, headers)[0], status)
        self.assertEqual(speaker.post(form, sign(form), kind="text/plain")[0], 415)
        self.assertEqual(speaker.post(body, sign(body), kind=FORM)[0], 400)
        self.assertEqual(speaker.post(body, good, path="/slack/other")[0], 404)
        self.broken_requests(speaker, body, good)
        self.strangers_with_half_a_body(speaker)
        self.assertEqual(self.heard(), 1)
        self.assertEqual(self.fleet.postgres.query("SELECT user_id, entry FROM watchlist"), [{"user_id": "U1", "entry": "42"}])
        self.settled()
        self.assertEqual(len(self.fleet.upstream.slack()), 1)
        self.assertTrue(self.notifier.ready())
        challenge = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV"}).encode()
        self.assertEqual(speaker.post(challenge, sign(challenge))[:2], (200, "3eZbrw1aBm2rZgRNFdxV"))
        self.assertEqual(speaker.post(challenge)[0], 401)

    def broken_requests(self, speaker, body, good):
        head = ("POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
                "".join(f"{name}: {value}\r\n" for name, value in good.items())).encode()
        chunk = b"%x\r\n" % len(body) + body + b"\r\n"
        refused = [
            ("chunk of no size", head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body, (400, 413, None)),
            ("chunk of negative size", head + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + body, (400, 413, None)),
            ("chunk larger than all", head + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + body, (400, 413, None)),
            ("chunks past the cap", head + b"Transfer-Encoding: chunked\r\n\r\n" +
             (b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 3 + b"0\r\n\r\n", (400, 413, None)),
            ("negative length", head + b"Content-Length: -1\r\n\r\n" + body, (400, None)),
            ("length past the cap", head + b"Content-Length: 99999999999\r\n\r\n" + body, (400, 413, None)),
            ("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), (400, None)),
            ("GET", b"GET /slack/events HTTP/1.1\r\nHost: x\r\n\r\n", (405,)),
        ]
        for what, data, statuses in refused:
            with self.subTest(what):
                self.assertIn(speaker.raw(data, 2), statuses)
        # In chunks and well is as good as any other.
        self.assertIn(speaker.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"), (200, 503))

    def strangers_with_half_a_body(self, speaker):
        """Each could fill a megabyte before its signature is looked at: only so many are let in at a time."""
        def sockets():
            folder = f"/proc/{self.notifier.pid}/fd"
            count = 0
            for name in os.listdir(folder):
                try:
                    count += os.readlink(os.path.join(folder, name)).startswith("socket:")
                except FileNotFoundError:
                    pass
            return count

        before = sockets()
        half = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"
        links = []
        try:
            for _ in range(200):
                links.append(socket.create_connection(("127.0.0.1", speaker.port), 5))
                links[-1].sendall(half)
            wait_until(lambda: sockets() >= before + 30, 10, "as many as may are let in", every=0.02)
            until, most = time.monotonic() + 2, 0
            while time.monotonic() < until:
                most = max(most, sockets())
                time.sleep(0.02)
            self.assertLessEqual(most, before + 80)  # what was shut is counted until it is swept up
        finally:
            for link in links:
                link.close()

    def test_answered_within_300_ms_whatever_postgresql_does(self):
        speaker = self.start()
        took = []
        for number in range(EVENTS):
            body = event_body("version", channel=f"D{number:05d}")
            status, _, seconds = speaker.post(body, sign(body))
            took.append(seconds * 1000)
            if status == 503:  # the machine is busy: Slack comes again
                status = speaker.deliver(body)
            self.assertEqual(status, 200)
        took.sort()
        print(f"{EVENTS} events answered: median {took[len(took) // 2]:.1f} ms, 99 % {took[len(took) * 99 // 100]:.1f} ms, "
              f"slowest {took[-1]:.1f} ms")
        self.assertLess(took[len(took) * 9 // 10], paced(300))  # not all of them, for other tests run beside this one
        self.settled()
        # The table is locked: Slack is told to come again, a person that it takes a while; nothing is lost.
        lock = threading.Thread(target=self.fleet.postgres.execute, args=(
            "BEGIN; LOCK TABLE heard IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); COMMIT",))
        lock.start()
        wait_until(lambda: self.fleet.postgres.value(
            "SELECT count(*) FROM pg_locks WHERE relation = 'heard'::regclass AND mode = 'AccessExclusiveLock' AND granted") == 1,
            5, "the table is locked", every=0.02)
        body, slash = event_body("version", channel="DL"), slash_body("version", user="UL")
        status, _, seconds = speaker.post(body, sign(body))
        self.assertEqual(status, 503)
        status, text, more = speaker.post(slash, sign(slash), "/slack/commands", FORM)
        self.assertEqual(status, 200)
        self.assertIn("ephemeral", text)
        print(f"while the table is locked: {seconds * 1000:.0f} and {more * 1000:.0f} ms")
        self.assertLess(min(seconds, more), paced(0.3))  # of two, for the machine may be busy
        lock.join()
        self.assertEqual(speaker.deliver(body), 200)
        self.settled()
        answers = self.answers()
        self.assertEqual((len(answers["DL"]), len(answers["UL"])), (1, 1))
        self.assertEqual(sum(len(answers[f"D{number:05d}"]) for number in range(EVENTS)), EVENTS)

    def test_without_the_secret_the_port_stays_closed(self):
        self.start()
        notifier = self.fleet.start_slack_notifier(SLACK_SIGNING_SECRET=None)
        notifier.wait_event("EVENTS-CLOSED")
        wait_until(notifier.ready, 20, "it is ready all the same")
        self.assertEqual(notifier.events("EVENTS-LISTEN"), [])
        taken = self.fleet.start_slack_notifier(PORT=self.fleet.postgres.port)
        self.assertEqual(taken.wait(10), 78)
        self.assertIn(f'PORT=\\"{self.fleet.postgres.port}\\": cannot listen', taken.log())


if __name__ == "__main__":
    unittest.main()
