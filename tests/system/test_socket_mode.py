#!/usr/bin/env python3
"""Socket Mode: events and commands over connections that the notifier opens; none lost, none done twice."""
import json
import os
import random
import statistics
import time
import unittest

from rig import FleetCase, wait_until
from rig.authority import Authority
from rig.http_proxy import HttpProxy
from rig.listening import INDEX
from rig.postgres import Session
from rig.socket_mode import SocketMode
from rig.speaker import event_body, slash_body
from rig.tls_front import TlsFront
from rig.upstream import nginx_is_there

ENVELOPES = int(os.environ.get("PAPERSCOUT_ENVELOPES", "2000"))


def fields(form):
    import urllib.parse
    return dict(urllib.parse.parse_qsl(form.decode(), keep_blank_values=True))


class SocketCase(FleetCase):
    def start(self, replicas=1, servers=None, **settings):
        self.slack = servers or SocketMode()
        self.addCleanup(self.slack.stop)
        self.fleet = self.make_fleet({"index": {"inline": INDEX}, "slack": self.slack.scenario()}, POLL_INTERVAL_SECONDS=60,
                                     ENABLE_ISO_PROBE="false", SLACK_APP_TOKEN="xapp-1-A1-1-test",
                                     EVENTS_BIND_HOST="127.0.0.1", **settings)
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        self.notifiers = [self.fleet.start_slack_notifier() for _ in range(replicas)]
        wait_until(lambda: all(program.ready() for program in [scheduler, *self.notifiers]), 30, "all are ready")
        wait_until(lambda: len(self.slack.live()) >= replicas, 30, "each replica is connected")
        return self.slack

    def say(self, text, **where):
        return self.slack.deliver("events_api", json.loads(event_body(text, **where)))

    def acknowledged(self, seconds=60):
        wait_until(lambda: not self.slack.pending, seconds, "every envelope is acknowledged", every=0.05)

    def value(self, query):
        return self.fleet.postgres.value(query)

    def settled(self):
        wait_until(lambda: self.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 60, "all is answered", every=0.1)
        self.fleet.wait_sent(60)

    def nothing_secret_is_logged(self):
        for program in self.notifiers:
            log = program.log()
            for secret in ("secret-ticket", "xapp-1-A1-1-test", "xoxb-test"):
                self.assertNotIn(secret, log)


class Connections(SocketCase):
    def test_words_and_commands(self):
        """What the events port takes comes here too, and is answered the same."""
        self.start()
        direct = self.say("version", channel="D1")
        mention = self.say("<@UBOT> version", place="channel", channel="C1")
        slash = self.slack.deliver("slash_commands", fields(slash_body("version", user="U7")))
        in_channel = self.slack.deliver("slash_commands", fields(slash_body("version", name="general", user="U8")))
        in_place = self.slack.deliver("slash_commands", fields(slash_body("watchlist list", name="general", user="U9",
                                                                          url=f"{self.fleet.upstream.url}/hooks/U9")))
        button = self.slack.deliver("interactive", {"type": "block_actions"})
        strange = self.slack.deliver("of_next_year", {"a": [1]})
        self.acknowledged()
        self.assertIsNone(self.slack.answers[direct] or self.slack.answers[mention] or self.slack.answers[slash] or
                          self.slack.answers[button] or self.slack.answers[strange])
        self.assertIn("direct message", self.slack.answers[in_channel]["text"])
        self.assertIsNone(self.slack.answers[in_place])
        self.settled()
        self.assertIn("watchlist is empty", self.fleet.upstream.hooks()[0]["body"]["text"])
        self.assertEqual(sorted(message["channel"] for message in self.fleet.upstream.slack()), ["C1", "D1", "U7", "U8"])
        self.assertEqual(self.notifiers[0].events("EVENTS-LISTEN"), [])  # neither an address nor a secret
        self.nothing_secret_is_logged()

    def test_people_of_other_workspaces_are_not_served(self):
        self.start(SLACK_ALLOWED_TEAMS="T777, E5")
        wait_until(lambda: self.fleet.upstream.count("/api/auth.test") >= 1, 20, "our workspace is known")
        for number, (team, served) in enumerate((("T00000001", True), ("T999", False), ("T777", True), ("E5", True))):
            self.say("version", channel=f"D{number}", user_team=team)
            self.acknowledged()
            self.settled()
            self.assertEqual(bool([m for m in self.fleet.upstream.slack() if m["channel"] == f"D{number}"]), served, team)
        foreign = json.loads(event_body("version", channel="D9"))
        foreign["authorizations"][0]["team_id"] = "T999"  # the app as installed elsewhere
        self.slack.deliver("events_api", foreign)
        command = {**fields(slash_body("version", user="U7")), "team_id": "T999"}
        answer = self.slack.deliver("slash_commands", command)
        self.acknowledged()
        self.assertIn("only people of its own workspace", self.slack.answers[answer]["text"])
        self.settled()
        self.assertEqual(len(self.fleet.upstream.slack()), 3)

    def test_a_refresh_overlaps(self):
        """The next connection is in use before the last one ends, by Slack's request and before its time is over."""
        self.start()
        first = self.slack.live()[0]
        self.slack.request_refresh(first)
        wait_until(lambda: first.closed_by_client, 20, "the old one is closed in order")
        self.assertEqual(first.closed_by_client, 1000)
        second, = self.slack.live()
        self.assertNotEqual(second.number, first.number)
        self.slack.lasts_s = 6
        self.slack.request_refresh(second, "warning")
        wait_until(lambda: second.closed_by_client, 20, "and the next one")
        third, = self.slack.live()
        wait_until(lambda: third.closed_by_client, 20, "this one for its age, without a request")
        self.assertEqual(self.notifiers[0].events("SOCKET-LOST"), [])

    def test_a_lost_connection_and_one_that_is_refused(self):
        self.start()
        answer = self.slack.scenario()["methods"]["apps.connections.open"]
        self.fleet.upstream.patch({"slack": {"methods": {"apps.connections.open": {
            "body": json.dumps({"ok": False, "error": "internal_error"})}}}})
        self.slack.live()[0].drop()
        self.notifiers[0].wait_event("SOCKET-LOST", seconds=10)
        self.assertIn("internal_error", self.notifiers[0].wait_event("SOCKET-ERROR", seconds=10)["error"])
        self.fleet.upstream.patch({"slack": {"methods": {"apps.connections.open": answer}}})
        wait_until(self.slack.live, 30, "it is back")
        self.slack.live()[0].frame(3, b"")  # an opcode that does not exist
        wait_until(lambda: len(self.notifiers[0].events("SOCKET-LOST")) == 2, 20, "a broken one is closed")
        wait_until(self.slack.live, 30, "it is back")
        self.slack.disabled = True
        self.slack.live()[0].drop()
        problem = self.notifiers[0].wait_event("SLACK-PROBLEM", seconds=30, what="Socket Mode is switched off at Slack.")
        self.assertIn("Switch it on", problem["remedy"])

    def test_a_connection_that_stays_away_is_an_incident(self):
        self.start()
        notifier = self.notifiers[0]

        def cause():
            return next((i["cause"] for i in notifier.health()["incidents"] if i["name"] == "socket_mode_down"), None)
        self.assertIsNone(cause())
        answer = self.slack.scenario()["methods"]["apps.connections.open"]
        self.fleet.upstream.patch({"slack": {"methods": {"apps.connections.open": {
            "body": json.dumps({"ok": False, "error": "invalid_auth"})}}}})
        self.slack.live()[0].drop()
        self.assertIn("invalid_auth", wait_until(cause, 60, "the incident"))
        self.assertIn('paperscout_incident{name="socket_mode_down"} 1', notifier.get("/metrics")[1])
        self.fleet.upstream.patch({"slack": {"methods": {"apps.connections.open": answer}}})
        wait_until(lambda: not cause(), 90, "it is over once a connection is in use")

    def test_without_postgres_nothing_is_acknowledged(self):
        self.start()
        self.fleet.postgres.stop()
        envelope = self.say("version", channel="D5")
        time.sleep(4)
        self.assertIn(envelope, self.slack.pending)
        answer = self.slack.deliver("slash_commands", fields(slash_body("version", user="U7")))
        wait_until(lambda: answer in self.slack.answers, 20, "the person is told")
        self.assertRegex(self.slack.answers[answer]["text"], "later|slow")
        self.fleet.postgres.start()
        self.acknowledged()
        self.settled()
        told = [message["channel"] for message in self.fleet.upstream.slack()]
        self.assertIn(told, (["D5"], ["D5", "U7"], ["U7", "D5"]))  # the command may have been stored late

    def test_through_a_proxy(self):
        """HTTP_PROXY_URL holds for Socket Mode and for every call of Slack's Web API, not only for messages."""
        slack = SocketMode()
        proxy = HttpProxy({slack.port})
        self.addCleanup(proxy.stop)
        self.fleet = self.make_fleet({"slack": slack.scenario()}, SLACK_APP_TOKEN="xapp-1-A1-1-test", HTTP_PROXY_URL=proxy.url)
        self.addCleanup(slack.stop)
        self.fleet.start_servers()
        proxy.allowed.add(self.fleet.upstream.port)
        self.fleet.start_slack_notifier()
        wait_until(slack.live, 30, "it is connected")
        self.assertIn(f"127.0.0.1:{slack.port}", proxy.asked)
        self.assertIn(f"127.0.0.1:{self.fleet.upstream.port}", proxy.asked)
        self.assertEqual(proxy.plain, [])

    @unittest.skipUnless(nginx_is_there(), "nginx or openssl is not installed")
    def test_tls_of_the_web_socket(self):
        """wss:// is verified against HTTP_CA_FILE: a server of another authority, another name or an old certificate gets no word."""
        self.slack = SocketMode()
        self.addCleanup(self.slack.stop)
        self.fleet = self.make_fleet({"slack": self.slack.scenario()}, SLACK_APP_TOKEN="xapp-1-A1-1-test")
        self.fleet.start_servers()
        ours, others = (Authority(self.fleet.folder, name) for name in ("ours", "others"))
        here = "DNS:localhost,IP:127.0.0.1"
        front = TlsFront(self.fleet.folder, [
            (*ours.issue("api", here), self.fleet.upstream.port), (*ours.issue("good", here), self.slack.port),
            (*others.issue("stranger", here), self.slack.port), (*ours.issue("name", "DNS:slack.example"), self.slack.port),
            (*ours.issue("old", here, expired=True), self.slack.port)])
        self.addCleanup(front.stop)
        api, good, *bad = front.ports

        def notifier(address):
            self.slack.address = address
            self.fleet.upstream.patch({"slack": self.slack.scenario()})
            return self.fleet.start_slack_notifier(HTTP_CA_FILE=ours.ca, SLACK_API_URL=f"https://localhost:{api}/api/")

        for port in bad:
            refused = notifier(f"wss://localhost:{port}")
            self.assertRegex(refused.wait_event("SOCKET-ERROR", seconds=20)["error"], "(?i)certificate|TLS|SSL")
            refused.stop()
        plain = notifier(f"ws://127.0.0.1:{self.slack.port}")  # Slack's API over TLS never names one without
        self.assertIn("without encryption", plain.wait_event("SOCKET-ERROR", seconds=20)["error"])
        plain.stop()
        self.assertEqual(next(self.slack.numbers), 1)  # nobody shook hands
        self.notifiers = [notifier(f"wss://localhost:{good}")]
        wait_until(self.slack.live, 30, "it is connected")
        # Longer than a record of TLS and than one read: a part may lie in the TLS library while the socket is silent.
        for size in (10, 20_000, 300_000):
            self.slack.deliver("of_next_year", {"text": "x" * size})
        for number in range(50):
            self.slack.deliver("of_next_year", {"number": number})
        self.acknowledged()
        self.assertEqual(self.slack.again, 0)
        self.nothing_secret_is_logged()

    def test_a_clean_stop(self):
        self.start()
        link = self.slack.live()[0]
        self.assertEqual(self.notifiers[0].stop(), 0)
        self.assertEqual(link.closed_by_client, 1000)


class Load(SocketCase):
    def deliver_late(self, body):
        """PostgreSQL takes longer than Slack waits: the envelope is sent again while the first copy of it is still being stored."""
        lock, measured = Session(self.fleet.postgres.url), len(self.slack.latencies)
        lock.ask("BEGIN; LOCK TABLE heard IN ACCESS EXCLUSIVE MODE;")
        envelope = self.slack.deliver("events_api", body)
        wait_until(lambda: self.slack.pending[envelope][4] > 1, 30, "it is sent again", every=0.02)
        lock.close()
        self.acknowledged()
        del self.slack.latencies[measured:]  # PostgreSQL's, not ours

    def test_none_is_lost_and_none_is_done_twice(self):
        """Disconnects, refresh requests, duplicates and late answers, over two replicas."""
        self.start(replicas=2)
        dice = random.Random(22)
        ids = []
        begun = time.monotonic()

        def disturb():
            live = self.slack.live()
            if not live:
                return
            connection = dice.choice(live)
            dice.choice((connection.drop, lambda: self.slack.request_refresh(connection),
                         lambda: self.slack.request_refresh(connection, "warning"),
                         lambda: connection.frame(9, b"are you there")))()

        for number in range(ENVELOPES):
            body = json.loads(event_body("version", channel=f"D{number}", user=f"U{number % 50}"))
            ids.append(body["event_id"])
            if number in (ENVELOPES // 3, 2 * ENVELOPES // 3):
                self.deliver_late(body)
            else:
                self.slack.deliver("events_api", body)
            if number % 20 == 0:  # the same event in another envelope
                self.slack.deliver("events_api", dict(body, retry_num=1))
            if number % 100 == 0:
                disturb()
            while len(self.slack.pending) > 100:
                time.sleep(0.002)
        self.acknowledged(120)
        took = time.monotonic() - begun
        stored = self.fleet.postgres.query("SELECT event_id FROM heard")
        self.assertEqual(sorted(row["event_id"] for row in stored), sorted(ids))
        wait_until(lambda: self.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0,
                   120 + ENVELOPES / 100, "all is answered", every=0.5)
        answered = time.monotonic() - begun
        self.assertEqual(self.value("SELECT count(*) FROM outbox WHERE kind = 'reply'"), ENVELOPES)
        times = sorted(self.slack.latencies)
        print(f"{ENVELOPES} envelopes in {took:.1f} s, answered after {answered:.0f} s, {self.slack.again} sent again, "
              f"{len(self.slack.strangers)} acknowledged twice, {next(self.slack.numbers) - 1} connections; "
              f"acknowledged after {statistics.median(times) * 1000:.0f} ms, 99 %: {times[len(times) * 99 // 100] * 1000:.0f} ms, "
              f"at most {times[-1] * 1000:.0f} ms")
        self.nothing_secret_is_logged()

    def test_idle_cost(self):
        self.start()
        pid = self.notifiers[0].process.pid if hasattr(self.notifiers[0], "process") else self.notifiers[0].pid

        def ticks():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                values = file.read().rsplit(")", 1)[1].split()
            return int(values[11]) + int(values[12])

        before = ticks()
        time.sleep(10)
        used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
        print(f"idle with Socket Mode: {used * 100:.0f} ms of CPU in 10 s")
        self.assertLess(used, 1)


if __name__ == "__main__":
    unittest.main()
