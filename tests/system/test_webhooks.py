#!/usr/bin/env python3
"""Webhooks beside Slack: filters, formats, signatures, and every step of a delivery that can go wrong."""
import json
import os
import time
import unittest

from rig import Fleet, FleetCase, wait_until
from rig.index import TwoCuts, made_index
from rig.webhook import WebhookReceiver, signature_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPEATED = "paperscout_notify_repeated_total"
PRIVATE = {"WEBHOOK_ALLOW_PRIVATE": "true"}


class FromFindToWebhook(FleetCase):
    def test_a_fleet_with_webhooks_alone(self):
        """No Slack at all: a draft reaches the webhooks whose filters accept it, once, signed."""
        receiver = WebhookReceiver()
        self.addCleanup(receiver.close)
        webhooks = [{"name": "all", "url": f"{receiver.url}/all", "secret": SECRET},
                    {"name": "archer", "url": f"{receiver.url}/archer", "authors": ["Archer"], "format": "mattermost"},
                    {"name": "nobody", "url": f"{receiver.url}/nobody", "authors": ["Nobody Known"]},
                    {"name": "papers", "url": f"{receiver.url}/papers", "kinds": ["dp_transition"]},
                    {"name": "new", "url": f"{receiver.url}/new", "kinds": ["new_paper"]},
                    {"name": "both", "url": f"{receiver.url}/both", "kinds": ["new_paper", "dp_transition"]}]
        fleet = self.make_fleet(
            {"index": {"inline": TwoCuts(made_index(), "2018-05-24", "2018-05-28").after}, "drafts": {}},
            POLL_INTERVAL_SECONDS=1, NOTIFICATION_CHANNEL="", WEBHOOKS=json.dumps(webhooks), **PRIVATE)
        fleet.start_servers()
        fleet.start("scheduler")
        fleet.start("worker")
        fleet.wait_cycles(1)
        notifier = fleet.start("notifier")
        fleet.upstream.patch({"drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "A draft\n\nBeatrix Archer\n\n"}}})
        wait_until(lambda: receiver.got("/all"), 60, "the webhook has the find")
        (request,) = receiver.got("/all")
        event = receiver.event(request)
        self.assertEqual((event["specversion"], event["type"], event["source"], event["data"]["kind"]),
                         ("1.0", "paperscout.frontier", "/paperscout", "frontier"))
        self.assertEqual([(item["id"], item["draft"]) for item in event["data"]["items"]], [("D1052R0", True)])
        self.assertIn("D1052R0", event["data"]["text"])
        self.assertEqual(request["headers"]["content-type"], "application/cloudevents+json; charset=utf-8")
        self.assertEqual(request["headers"]["webhook-id"], event["id"])
        self.assertLess(abs(int(request["headers"]["webhook-timestamp"]) - time.time()), 60)
        self.assertEqual(request["headers"]["webhook-signature"], signature_of(SECRET, request))
        fleet.wait_sent(20)
        self.assertEqual(receiver.got("/nobody") + receiver.got("/papers"), [])
        self.assertEqual(notifier.sent(), [], "nothing is left for the console")
        self.assertEqual(fleet.postgres.value("SELECT count(*) FROM outbox WHERE channel = 'webhook:all'"), 1)
        self.check_new_papers(fleet, receiver)
        self.check_commands(fleet, receiver)

    def check_new_papers(self, fleet, receiver):
        """A new paper goes to the webhooks that name new_paper; one that was a draft goes to each webhook once."""
        index = TwoCuts(made_index(), "2018-05-24", "2018-05-28").after
        index["P1052R0"] = {"type": "paper", "title": "Was a draft", "author": "Beatrix Archer", "date": "2018-06-01"}
        index["P1077R0"] = {"type": "paper", "title": "Never a draft", "author": "Somebody", "date": "2018-06-01"}
        fleet.upstream.patch({"index": {"inline": index}})

        def kinds(path):
            return sorted((receiver.event(one)["data"]["kind"], item["id"]) for one in receiver.got(path)
                          for item in receiver.event(one)["data"]["items"])
        both = [("dp_transition", "P1052R0"), ("new_paper", "P1077R0")]
        wait_until(lambda: kinds("/both") == both, 60, "both papers have arrived")
        fleet.wait_sent(20)
        self.assertEqual(kinds("/both"), both)
        self.assertEqual(kinds("/new"), [("new_paper", "P1052R0"), ("new_paper", "P1077R0")])
        self.assertEqual(kinds("/papers"), [("dp_transition", "P1052R0")])
        self.assertEqual([kind for kind, _ in kinds("/all")], ["dp_transition", "frontier"], "new papers must be asked for")

    def check_commands(self, fleet, receiver):
        """explain and check-webhooks show the webhooks; neither prints a URL or a secret."""
        code, text, _ = fleet.command("scheduler", "explain", "P1052")
        self.assertIn("webhook:all\n", text)
        self.assertIn("webhook:archer\n", text)
        self.assertNotIn("webhook:nobody", text)
        self.assertNotIn("webhook:new", text)
        text += json.dumps(json.loads(fleet.command("scheduler", "explain", "P1052", "--json")[1])["webhooks"])
        self.assertIn('["all", "archer"]', text)
        before = len(receiver.got("/all"))
        code, found, _ = fleet.command("notifier", "check-webhooks", "--json")
        every = {one["name"]: one for one in json.loads(found)["webhooks"]}
        self.assertEqual((code, every["all"]["secret"], every["new"]["secret"], every["new"]["kinds"], every["new"]["sent"]),
                         (0, True, False, ["new_paper"], None))
        self.assertEqual(len(receiver.got("/all")), before, "nothing is sent without --send")
        receiver.rule("/archer", status=410)
        code, sent, _ = fleet.command("notifier", "check-webhooks", "--send")
        self.assertEqual(code, 1)
        self.assertRegex(sent, r"ok +webhook all: took a test message; format json; secret set; kinds ")
        self.assertRegex(sent, r"problem +webhook archer: HTTP status 410;.*\n +To do: create the webhook again")
        (request,) = receiver.got("/all")[before:]
        self.assertEqual(request["headers"]["webhook-signature"], signature_of(SECRET, request))
        receiver.heal()
        code, _, error = fleet.command("notifier", "check-webhooks", WEBHOOK_ALLOW_PRIVATE="false")
        self.assertEqual((code, error), (78, ""))
        for shown in (text, found, sent):
            self.assertNotIn(SECRET, shown)
            self.assertNotIn(receiver.url, shown)
        self.assertEqual(fleet.command("notifier", "check-webhooks", WEBHOOKS="")[:2],
                         (0, "No webhook is set (WEBHOOK_URL, WEBHOOKS).\n"))

    def test_faults_of_the_settings_end_the_start(self):
        fleet = self.make_fleet({})
        for settings, want in (({"WEBHOOK_URL": "ftp://s3cret"}, "WEBHOOK_URL"),
                               ({"WEBHOOKS": '[{"name":"a","url":"https://s3cret","format":"irc"}]'}, "format: json, discord"),
                               ({"WEBHOOKS": "s3cret"}, "WEBHOOKS: not a JSON array")):
            code, text, error = fleet.command("notifier", "check-config", **settings)
            self.assertEqual((code, text), (78, ""))
            self.assertIn(want, error)
            self.assertNotIn("s3cret", error)


class Deliveries(unittest.TestCase):
    """Servers and scheduler are started once; each test has notifiers of its own."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet({}, POLL_INTERVAL_SECONDS=60, ENABLE_ISO_PROBE="false", MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1,
                          **PRIVATE)
        cls.addClassCleanup(cls.fleet.close)
        cls.fleet.start_servers()
        scheduler = cls.fleet.start("scheduler")
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        cls.fleet.wait_cycles(1)
        cls.receiver = WebhookReceiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.file = os.path.join(cls.fleet.folder, "webhooks.json")

    def setUp(self):
        self.receiver.heal()
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
            for secret in (SECRET, "/a/hidden", self.receiver.url):
                self.assertNotIn(secret, program.tail(100000), f"{program.name} shows a secret")
        self.assertEqual(self.fleet.sanitizer_reports(), [], "a sanitizer complained")

    def configure(self, path="/a/hidden"):
        fresh = f"{self.file}.new"
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump([{"name": "a", "url": self.receiver.url + path, "secret": SECRET},
                       {"name": "b", "url": self.receiver.url + "/b"},
                       {"name": "m", "url": self.receiver.url + "/m", "secret": "t0ken", "format": "matrix"}], file)
        os.replace(fresh, self.file)

    def start(self, **settings):
        self.configure()
        notifier = self.fleet.start_slack_notifier(f"n{len(self.fleet.programs)}", WEBHOOKS_FILE=self.file, **settings)
        wait_until(notifier.ready, 20, "the notifier is ready")
        return notifier

    def decide(self, channel="webhook:a", count=1):
        """Rows as the leader's decision leaves them; it bundles and pushes them itself."""
        for _ in range(count):
            self.fleet.postgres.execute(
                "INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('test:' || random(), 'draft', "
                f"'{channel}', '{{\"id\": \"D1R0\", \"url\": \"https://isocpp.org/D1R0.pdf\", \"draft\": true}}')")

    def sent(self, channel="webhook:a"):
        return self.fleet.postgres.value(
            f"SELECT count(*) FROM outbox WHERE channel = '{channel}' AND sent_at IS NOT NULL")

    def wait_sent(self, channel="webhook:a", count=1, seconds=40):
        wait_until(lambda: self.sent(channel) == count, seconds, f"{count} for {channel} are sent")

    def ids(self, path="/a/hidden"):
        return [request["headers"]["webhook-id"] for request in self.receiver.got(path)]

    def metric(self, program, name):
        return sum(float(line.split()[1]) for line in program.get("/metrics")[1].splitlines()
                   if line.startswith(name + " "))

    def test_429_waits_as_long_as_it_says_and_only_this_webhook(self):
        self.start()
        self.receiver.rule("/a/hidden", 1, status=429, headers={"Retry-After": "3"})
        self.decide()
        wait_until(lambda: self.receiver.got("/a/hidden"), 20, "it is asked")
        self.decide("webhook:b")
        self.decide("C1")
        self.wait_sent("webhook:b")
        self.wait_sent("C1")
        self.assertEqual(len(self.receiver.got("/a/hidden")), 1, "others wait for nobody")
        self.wait_sent()
        first, second = self.receiver.got("/a/hidden")
        self.assertGreater(second["at"] - first["at"], 2.9)
        self.assertEqual(len(set(self.ids())), 1)
        self.assertEqual(second["headers"]["webhook-signature"], signature_of(SECRET, second))

    def test_5xx_is_tried_again_and_stops_neither_slack_nor_others(self):
        notifier = self.start(MQ_CIRCUIT_BREAKER_THRESHOLD=2)
        self.receiver.rule("/a/hidden", status=500)
        self.decide()
        notifier.wait_event("MQ-CIRCUIT-OPEN", 30)
        self.decide("webhook:b")
        self.decide("C1")
        self.wait_sent("webhook:b")
        self.wait_sent("C1")
        self.assertEqual(notifier.health()["mq_circuit_state"], "closed", "Slack's circuit is another one")
        self.receiver.rule("/a/hidden", 0)
        self.wait_sent()
        self.assertEqual(len(set(self.ids())), 1)
        self.assertEqual(self.fleet.redis.list("notify:dead"), [])

    def test_a_lost_answer_is_repeated_with_the_same_id_and_counted(self):
        notifier = self.start()
        self.receiver.rule("/a/hidden", 1, drop=True, take=True)
        self.decide()
        self.wait_sent()
        first, second = self.receiver.taken("/a/hidden")
        self.assertEqual(len(set(self.ids())), 1)
        self.assertEqual([self.receiver.event(request)["data"]["repeated"] for request in (first, second)], [False, True])
        self.assertEqual(self.metric(notifier, REPEATED), 1)

    def test_what_was_refused_for_good_is_a_dead_letter_and_can_be_replayed(self):
        self.start()
        self.receiver.rule("/a/hidden", 1, status=400)
        self.decide()
        wait_until(lambda: self.fleet.redis.list("notify:dead"), 20, "it is given up")
        self.assertEqual(json.loads(self.fleet.redis.list("notify:dead")[0])["reason"], "HTTP status 400")
        self.assertEqual(self.fleet.command("notifier", "dead", "replay", "--all")[0], 0)
        self.wait_sent()

    def test_a_webhook_that_is_gone_keeps_its_messages_until_the_file_changes(self):
        """404: nothing is given up; a new address in WEBHOOKS_FILE is used without a restart."""
        notifier = self.start()
        self.receiver.rule("/a/hidden", status=404)
        self.decide(count=3)
        notifier.wait_event("MQ-CONFIGURATION", 20)
        self.decide("C1")
        self.wait_sent("C1")
        self.assertTrue(notifier.ready(), "Slack works")
        self.configure("/moved")
        self.wait_sent(count=3)
        self.assertEqual(self.fleet.redis.list("notify:dead"), [])
        self.assertGreater(len(self.receiver.got("/moved")), 0)

    def kill_while(self, condition, what):
        doomed = self.start()
        self.decide()
        wait_until(condition, 20, what)
        doomed.kill()
        self.fleet.redis.call("DEL", self.fleet.redis.key(f"instance:notifier:{doomed.name}"))
        self.receiver.rule("/a/hidden", 0)
        other = self.start()
        self.fleet.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' WHERE sent_at IS NULL")
        self.wait_sent(seconds=60)
        self.assertEqual(len(set(self.ids())), 1, "the receiver can drop a repetition by its id")
        return other

    def test_killed_before_the_receiver_has_it(self):
        self.receiver.rule("/a/hidden", 1, delay=60, take=False)
        self.kill_while(lambda: self.receiver.got("/a/hidden"), "the request is under way")
        self.assertEqual(len(self.receiver.taken("/a/hidden")), 1)

    def test_killed_after_the_receiver_has_it(self):
        self.receiver.rule("/a/hidden", 1, delay=60, take=True)
        other = self.kill_while(lambda: self.receiver.taken("/a/hidden"), "the receiver has it")
        self.assertEqual(self.metric(other, REPEATED), 1)

    def test_killed_after_the_answer_before_it_is_written_down(self):
        """PostgreSQL takes no mark: the answer is known to the dead alone."""
        self.receiver.rule("/a/hidden", 1, delay=0.5, take=True)
        doomed = self.start()
        self.decide()
        wait_until(lambda: self.receiver.taken("/a/hidden"), 20, "the receiver has it")
        self.fleet.postgres.execute("ALTER TABLE outbox RENAME COLUMN slack_ts TO hidden")
        try:
            time.sleep(1)
            doomed.kill()
        finally:
            self.fleet.postgres.execute("ALTER TABLE outbox RENAME COLUMN hidden TO slack_ts")
        self.fleet.redis.call("DEL", self.fleet.redis.key(f"instance:notifier:{doomed.name}"))
        self.start()
        self.fleet.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' WHERE sent_at IS NULL")
        self.wait_sent(seconds=60)
        self.assertEqual(len(set(self.ids())), 1)

    def test_a_private_address_is_refused_unless_it_is_allowed(self):
        notifier = self.start(WEBHOOK_ALLOW_PRIVATE="false")
        self.decide()
        event = notifier.wait_event("MQ-CONFIGURATION", 20)
        self.assertIn("WEBHOOK_ALLOW_PRIVATE", json.dumps(event))
        self.assertEqual(self.receiver.got(), [])

    def test_send_and_alerts_go_to_a_webhook_too(self):
        self.start()
        code, _, error = self.fleet.command("notifier", "send", "webhook:a", "hello")
        self.assertEqual((code, error), (0, ""))
        self.assertEqual(self.receiver.event(self.receiver.got("/a/hidden")[0])["type"], "paperscout.manual")
        self.assertEqual(self.fleet.command("notifier", "send", "webhook:m", "hello")[0], 0)
        self.assertEqual(self.fleet.command("notifier", "send", "webhook:a", "again")[0], 0)
        first, room, second = self.receiver.got()
        self.assertEqual([first["method"], room["method"], second["method"]], ["POST", "PUT", "POST"])
        self.assertEqual(room["path"], f"/m/send/m.room.message/{room['headers']['webhook-id']}")
        self.assertEqual(room["headers"]["authorization"], "Bearer t0ken")
        code, _, error = self.fleet.command("notifier", "send", "webhook:none", "hello")
        self.assertEqual(code, 1)
        self.assertIn("no webhook of this name", error)
        self.assertIn("notifier/WEBHOOKS.md", error)
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
            {"id": "a1", "kind": "ops_alert", "channel": "webhook:b", "text": "No poll for an hour"}))
        wait_until(lambda: self.receiver.got("/b"), 20, "the alert is there")
        self.assertEqual(self.receiver.event(self.receiver.got("/b")[0])["data"]["text"], "No poll for an hour")


if __name__ == "__main__":
    unittest.main()
