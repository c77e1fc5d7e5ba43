#!/usr/bin/env python3
"""Mail for people without Slack: a daily digest from a watchlist, and every step of a delivery that can go wrong."""
import json
import os
import time
import unittest

from rig import Fleet, FleetCase, wait_until
from rig.authority import Authority
from rig.index import TwoCuts, made_index
from rig.pace import paced
from rig.smtp import MailServer

READER = "reader@example.org"
FROM = {"SMTP_FROM": "Päper Scout <scout@example.org>"}
SECRET = "s3cret-word"


class FromWatchlistToMail(FleetCase):
    def test_a_watchlist_of_an_address(self):
        """The matches of a day are one mail; with `digest off` each poll's matches are one. No Slack at all."""
        server = MailServer("scout", SECRET)
        self.addCleanup(server.close)
        fleet = self.make_fleet(
            {"index": {"inline": TwoCuts(made_index(), "2018-05-24", "2018-05-28").after}, "drafts": {}},
            POLL_INTERVAL_SECONDS=1, NOTIFICATION_CHANNEL="", SMTP_URL=server.url(login=f"scout:{SECRET}@"), **FROM)
        fleet.start_servers()
        fleet.start("scheduler")
        fleet.start("worker")
        fleet.wait_cycles(1)
        notifier = fleet.start("notifier")
        code, text, error = fleet.command("notifier", "watchlist", "reader@EXAMPLE.org", "add", "author", "Archer")
        self.assertEqual((code, error), (0, ""))
        self.assertEqual(text, f"{READER} now watches author archer.\n{READER} gets matches in one message a day, at 08:00 UTC.\n")
        fleet.upstream.patch({"drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "A draft\n\nBeatrix Archer\n\n"},
                                         "D1053R0.pdf": {"modified": "-2h", "text": "Größe .\n\nBeatrix Archer\n\n"}}})
        held = f"SELECT count(*) FROM outbox WHERE channel = '{READER}' AND message_id IS NULL"
        wait_until(lambda: fleet.postgres.value(held) == 2, 60, "both matches wait for the digest")
        self.assertEqual(server.got(), [])
        self.assertEqual(fleet.command("notifier", "watchlist", READER, "digest", "now")[0], 0)
        (mail,) = wait_until(server.got, 60, "the digest is there")
        parsed = server.parsed(mail)
        self.assertEqual((mail["from"].split()[0:2], mail["to"]), (["MAIL", "FROM:<scout@example.org>"], [f"RCPT TO:<{READER}>"]))
        self.assertEqual(parsed["From"], "Päper Scout <scout@example.org>")
        self.assertEqual((parsed["To"], parsed["Auto-Submitted"]), (READER, "auto-generated"))
        self.assertEqual(parsed["Subject"], "Paperscout: New on your watchlist: D1052R0, D1053R0")
        self.assertRegex(parsed["Message-ID"], r"^<o\d+\.\d+\.paperscout@example\.org>$")
        self.assertLess(abs(parsed["Date"].datetime.timestamp() - time.time()), 600)
        self.assertEqual(parsed.get_content_type(), "text/plain")
        body = parsed.get_content()
        for part in ("D1052R0", "D1053R0.pdf)", "Größe .", f"sent this mail to {READER}. To change what you get"):
            self.assertIn(part, body)
        self.assertEqual(parsed.defects, [])
        self.assertEqual(max(len(line) for line in mail["data"].splitlines()) <= 998, True)
        self.assertIn(READER, fleet.command("scheduler", "explain", "D1054R0")[1] + fleet.command("scheduler", "explain", "P1052")[1])
        self.assertEqual(fleet.command("notifier", "watchlist", READER, "digest", "off")[0], 0)
        fleet.upstream.patch({"drafts": {"D1054R0.pdf": {"modified": "-2h", "text": "A third\n\nBeatrix Archer\n\n"}}})
        wait_until(lambda: len(server.got(READER)) == 2, 60, "without a digest a match comes at once")
        self.assertEqual(server.parsed(server.got()[1])["Subject"], "Paperscout: New on your watchlist: D1054R0")
        self.assertEqual(fleet.command("notifier", "watchlist", READER, "add", "2300")[1], f"{READER} now watches paper 2300.\n",
                         "a digest that was switched off stays off")
        self.assertEqual(notifier.sent(), [], "nothing is left for the console")
        for program in fleet.programs:
            self.assertNotIn(SECRET, program.tail(100000))

    def test_faults_of_the_settings_end_the_start(self):
        fleet = self.make_fleet({})
        for settings, want in (({"SMTP_URL": f"http://{SECRET}@host"}, "SMTP_URL: a URL of smtp:// or smtps://"),
                               ({"SMTP_URL": f"smtp://u:{SECRET}@host"}, "SMTP_URL needs SMTP_FROM"),
                               ({"SMTP_FROM": "somebody"}, 'SMTP_FROM="somebody": an address'),
                               ({"SMTP_FROM": "A <b@example.org> C"}, "an address")):
            code, text, error = fleet.command("notifier", "check-config", **settings)
            self.assertEqual((code, text), (78, ""))
            self.assertIn(want, error)
            self.assertNotIn(SECRET, error)


class Deliveries(unittest.TestCase):
    """Servers and scheduler are started once; each test has notifiers of its own."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet({}, POLL_INTERVAL_SECONDS=60, ENABLE_ISO_PROBE="false", MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1, **FROM)
        cls.addClassCleanup(cls.fleet.close)
        cls.fleet.start_servers()
        scheduler = cls.fleet.start("scheduler")
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        cls.fleet.wait_cycles(1)

    def setUp(self):
        self.server = MailServer()
        self.addCleanup(self.server.close)
        redis = self.fleet.redis
        for key in redis.keys("notify*") + redis.keys("channel:*") + redis.keys("instance:notifier:*"):
            redis.call("DEL", key)
        self.fleet.postgres.execute("TRUNCATE outbox RESTART IDENTITY")
        self.fleet.upstream.load({"slack": {}})
        self.fleet.upstream.reset()

    def tearDown(self):
        for program in self.fleet.programs[1:]:
            if program.alive():
                program.kill()
        for program in self.fleet.programs:
            self.assertNotIn(SECRET, program.tail(100000), f"{program.name} shows a secret")
        self.assertEqual(self.fleet.sanitizer_reports(), [], "a sanitizer complained")

    def start(self, url=None, **settings):
        notifier = self.fleet.start_slack_notifier(f"n{len(self.fleet.programs)}", SMTP_URL=url or self.server.url(), **settings)
        wait_until(notifier.ready, 20, "the notifier is ready")
        return notifier

    def decide(self, channel=READER, kind="watchlist", name="D1R0"):
        """Rows as the leader's decision leaves them; it bundles and pushes them itself."""
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('test:' || random(), "
            f"'{kind}', '{channel}', '{{\"id\": \"{name}\", \"url\": \"https://isocpp.org/{name}.pdf\", \"draft\": true}}')")
        self.fleet.redis.call("XADD", self.fleet.redis.key("signals"), "*", "what", "outbox")

    def wait_sent(self, channel=READER, count=1, seconds=60):
        wait_until(lambda: self.fleet.postgres.value(
            f"SELECT count(*) FROM outbox WHERE channel = '{channel}' AND sent_at IS NOT NULL") == count, seconds,
            f"{count} for {channel} are sent")

    def ids(self):
        return [self.server.parsed(mail)["Message-ID"] for mail in self.server.got()]

    def dead(self):
        return [json.loads(letter)["reason"] for letter in self.fleet.redis.list("notify:dead")]

    def test_4xx_is_tried_again_and_stops_nobody_else(self):
        """Greylisting, and a server that is full after the mail: the same mail comes again."""
        notifier = self.start()
        self.server.rule("RCPT", 1, say="450 4.2.0 come again")
        self.server.rule("END", 1, say="452 4.3.1 no room")
        self.decide()
        self.wait_sent()
        self.decide("C1")
        self.wait_sent("C1")
        self.assertEqual(len(self.server.said("RCPT")), 3)
        self.assertEqual((len(self.ids()), len(set(self.ids()))), (2, 1))
        self.assertEqual(self.server.got()[0]["data"], self.server.got()[1]["data"], "a mail that is sent again is the same mail")
        self.assertEqual(self.dead(), [])
        self.assertEqual(notifier.health()["mq_circuit_state"], "closed", "Slack's circuit is another one")

    def test_5xx_is_a_dead_letter_and_can_be_replayed(self):
        self.start()
        self.server.rule("RCPT", 1, say="550 5.1.1 <reader@example.org> unknown here")
        self.decide()
        wait_until(self.dead, 20, "it is given up")
        self.assertRegex(self.dead()[0], r"refused the address: SMTP status 550, 5\.1\.1.*unknown here")
        self.decide("other@example.org")
        self.wait_sent("other@example.org")
        self.assertEqual(self.fleet.command("notifier", "dead", "replay", "--all")[0], 0)
        self.wait_sent()
        self.server.rule("END", 1, say="554 5.7.1 spam")
        self.decide(name="D2R0")
        wait_until(self.dead, 20, "it is given up")
        self.assertIn("refused the mail: SMTP status 554", self.dead()[0])

    def test_a_wrong_password_keeps_the_messages_until_the_file_changes(self):
        self.server.user, self.server.password = "u", SECRET
        path = os.path.join(self.fleet.folder, "smtp-url")
        for password in ("wrong-word", SECRET):
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(self.server.url(login=f"u:{password}@"))
            os.replace(path + ".new", path)
            if password != SECRET:
                notifier = self.fleet.start_slack_notifier(f"n{len(self.fleet.programs)}", SMTP_URL_FILE=path)
                self.decide()
                event = notifier.wait_event("MQ-CONFIGURATION", 20)
                self.assertIn("does not accept user and password", json.dumps(event))
                self.assertEqual((self.dead(), notifier.ready()), ([], True))
        self.wait_sent()

    def test_a_lost_answer_is_repeated_with_the_same_id(self):
        notifier = self.start()
        self.server.rule("END", 1, drop=True)
        self.decide()
        self.wait_sent()
        self.assertEqual((len(self.ids()), len(set(self.ids()))), (2, 1))
        self.assertEqual(self.server.got()[0]["data"], self.server.got()[1]["data"])
        notifier.wait_event("MQ-REPEATED", 5)

    def test_killed_after_the_server_has_it(self):
        doomed = self.start()
        self.server.rule("END", 1, hang=60)
        self.decide()
        wait_until(self.server.got, 20, "the server has it")
        doomed.kill()
        self.fleet.redis.call("DEL", self.fleet.redis.key(f"instance:notifier:{doomed.name}"))
        self.start()
        self.fleet.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' WHERE sent_at IS NULL")
        self.wait_sent()
        self.assertEqual((len(self.ids()), len(set(self.ids()))), (2, 1))

    def test_a_server_that_hangs_delays_neither_slack_nor_the_stop(self):
        """Also while it does not answer QUIT, for which libcurl waits inside its call."""
        notifier = self.start()
        self.server.rule("QUIT", hang=60)
        self.server.rule("RCPT", hang=60)
        self.decide()
        wait_until(lambda: self.server.said("RCPT"), 20, "the mail is under way")
        for number in range(5):
            self.decide(f"C{number}")
            self.wait_sent(f"C{number}")
        self.assertTrue(notifier.ready())
        self.assertEqual(notifier.get("/livez")[0], 200)
        self.assertEqual(notifier.stop(), 0, notifier.tail(3000))

    def test_no_password_goes_out_without_tls_and_certificates_are_checked(self):
        """0.0.0.0 leads to this machine and is not known as such."""
        authority = Authority(self.fleet.folder, "mail")
        good = authority.issue("good", "IP:0.0.0.0")
        login = f"u:{SECRET}@"
        self.server.user, self.server.password = "u", SECRET
        with self.subTest("a server without STARTTLS"):
            notifier = self.start(self.server.url("0.0.0.0", login=login))
            self.decide()
            self.assertIn("offers no STARTTLS", json.dumps(notifier.wait_event("MQ-CONFIGURATION", 20)))
            self.assertEqual((self.server.said("AUTH"), self.server.said("MAIL")), ([], []))
            notifier.kill()
        for implicit in (False, True):
            server = MailServer("u", SECRET, good, implicit)
            self.addCleanup(server.close)
            url = server.url("0.0.0.0", "smtps" if implicit else "smtp", login)
            address = f"r{implicit}@example.org"
            with self.subTest("a certificate that nobody vouches for", implicit=implicit):
                notifier = self.start(url)
                self.decide(address)
                self.assertIn("certificate", json.dumps(notifier.wait_event("MQ-CONFIGURATION", 20)))
                self.assertEqual(server.said("AUTH"), [])
                notifier.kill()
            with self.subTest("a known authority", implicit=implicit):
                notifier = self.start(url, HTTP_CA_FILE=authority.ca)
                self.wait_sent(address)
                self.assertEqual([mail["tls"] for mail in server.got(address)], [True])
                notifier.kill()

    def test_texts_of_strangers_add_no_header_and_no_command(self):
        self.start()
        text = "Subject\r\nBcc: all@example.org\r\n.\r\nMAIL FROM:<x@example.org>\n.\n..\n=41 \u202e" + "x" * 3000
        self.assertEqual(self.fleet.command("notifier", "send", READER, text)[0], 0)
        (mail,) = self.server.got()
        parsed = self.server.parsed(mail)
        self.assertEqual(sorted(name.lower() for name in parsed.keys()), sorted(
            ["date", "from", "to", "subject", "message-id", "mime-version", "content-type", "content-transfer-encoding", "auto-submitted"]))
        self.assertIn("\n.\n..\n=41 \u202exxx", parsed.get_content().replace("\r", ""))
        self.assertEqual(len(self.server.said("MAIL")), 1)
        for address in ("a@b.org\nRCPT TO:<c@example.org>", "<a@example.org>", "a b@example.org", "a@example.org>"):
            code, _, error = self.fleet.command("notifier", "send", "--no-wait", address, "x")
            self.assertEqual(len(self.server.said("RCPT")), 1, (code, error))

    def test_alerts_and_finds_go_to_addresses_too(self):
        self.start()
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
            {"id": "a1", "kind": "ops_alert", "channel": "ops@example.org", "text": "No poll for an hour"}))
        (mail,) = wait_until(lambda: self.server.got("ops@example.org"), 20, "the alert is there")
        self.assertEqual(self.server.parsed(mail)["Subject"], "Paperscout: No poll for an hour")
        self.decide("list@example.org", "draft")
        self.wait_sent("list@example.org")
        self.assertEqual(self.server.parsed(self.server.got("list@example.org")[0])["Subject"], "Paperscout: New draft: D1R0")

    def test_without_a_mail_server_messages_wait(self):
        notifier = self.fleet.start_slack_notifier(f"n{len(self.fleet.programs)}")
        self.decide()
        self.assertIn("SMTP_URL", json.dumps(notifier.wait_event("MQ-CONFIGURATION", 20)))
        self.assertEqual(self.dead(), [])
        notifier.kill()
        self.start()
        self.wait_sent()


if __name__ == "__main__":
    unittest.main()
