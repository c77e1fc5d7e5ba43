#!/usr/bin/env python3
"""An alarm record that Redis kept while PostgreSQL took no writes moves to PostgreSQL without being lost on the way.

PAPERSCOUT_SOAK=1 also plays the cases that wait for several intervals."""
import json
import os
import time
import unittest

from rig import CycleCase, wait_until
from rig.proxy import Proxy


SOAK = unittest.skipUnless(os.environ.get("PAPERSCOUT_SOAK") == "1", "deploy/test.sh --soak plays it")
CLAIM_IN_REDIS = rb"(?s)told_ms.*postgres_down\r\n\$\d+\r\nscheduler-\d\r\n"  # EVAL of alarm_claim.lua


class AlarmMoves(CycleCase):
    """tests/model/alarms.pml, guard KEEP: the record stays in Redis until PostgreSQL has it."""

    def told(self):
        return [message["text"] for message in self.fleet.messages() if message["channel"] == "#ops"]

    def settled(self):
        """No record is on its way, and nothing waits to be sent."""
        return (not self.fleet.redis.hash("alarm_records") and not self.fleet.redis.call("LLEN", self.fleet.redis.key("notify"))
                and self.fleet.postgres.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL") == 0)

    def start_net(self):
        """One scheduler, whose connections to Redis a proxy can cut."""
        self.start_fleet(schedulers=0, OPS_ALERT_CHANNEL="#ops", POLL_INTERVAL_SECONDS=600, OPS_ALERT_AFTER_MINUTES=0.1)
        net = Proxy(self.fleet.redis.port)
        self.fleet.extras.append(net)
        scheduler = self.fleet.start("scheduler", REDIS_URL=f"redis://127.0.0.1:{net.port}/0")
        self.fleet.wait_cycles(1, 20)
        return net, scheduler

    def test_postgresql_refuses_the_record_at_first(self):
        self.start_fleet(schedulers=1, OPS_ALERT_CHANNEL="#ops", POLL_INTERVAL_SECONDS=600)
        self.fleet.wait_cycles(1, 20)
        self.fleet.postgres.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$; "
            "CREATE TRIGGER refuse BEFORE INSERT ON alarms FOR EACH ROW EXECUTE FUNCTION refuse()")
        now = int(time.time() * 1000)
        record = json.dumps({"raised_ms": str(now - 60000), "told_ms": str(now - 60000), "times": 1, "by": "gone"})
        self.fleet.redis.call("HSET", self.fleet.redis.key("alarm_records"), "no_good_poll", record)
        self.fleet.redis.call("XADD", self.fleet.redis.key("signals"), "*", "what", "incidents")  # as who writes it does
        scheduler = self.schedulers()[0]
        scheduler.wait_event("OPS-ALERT-ERROR", 20, count=2)  # it was tried, and tried again
        self.assertEqual(self.fleet.redis.hash("alarm_records"), {"no_good_poll": record})
        self.fleet.postgres.execute("DROP TRIGGER refuse ON alarms")
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM alarms WHERE incident = 'no_good_poll' "
                                                     "AND cleared_at IS NOT NULL") == 1, 30, "the alarm is cleared")
        self.assertEqual(self.fleet.redis.hash("alarm_records"), {})
        told = wait_until(lambda: [message["text"] for message in self.fleet.messages()
                                   if message["channel"] == "#ops"], 20, "the all-clear")
        self.assertEqual(len(told), 1, told)
        self.assertIn("polls succeed again", told[0])

    def test_a_claim_in_redis_whose_answer_is_lost_is_repeated(self):
        """Without the repeat the record says that people know, and they read nothing for an interval of ten minutes."""
        self.start_fleet(schedulers=0, OPS_ALERT_CHANNEL="#ops", POLL_INTERVAL_SECONDS=600, OPS_ALERT_AFTER_MINUTES=0.1)
        nets = [Proxy(self.fleet.redis.port), Proxy(self.fleet.redis.port)]
        self.fleet.extras += nets
        for net in nets:
            self.fleet.start("scheduler", REDIS_URL=f"redis://127.0.0.1:{net.port}/0")
            net.lose_answer(CLAIM_IN_REDIS)
        self.fleet.wait_cycles(1, 20)
        self.fleet.postgres.stop()
        wait_until(lambda: any(net.lost for net in nets), 60, "a claim whose answer is lost")
        told = wait_until(self.told, 20, "the alert")
        self.assertEqual(len(told), 1, told)
        self.assertIn("PostgreSQL is not reached", told[0])

    def lose_claimer(self):
        """PostgreSQL is stopped, and the scheduler that claimed the alert in Redis is killed before it sent anything."""
        net, scheduler = self.start_net()
        net.lose_answer(CLAIM_IN_REDIS, stall=True)
        self.fleet.postgres.stop()
        wait_until(lambda: net.lost, 60, "a claim whose answer is lost")
        scheduler.kill()

    @SOAK
    def test_a_claimer_that_dies_before_it_alerts_is_replaced(self):
        """The notifier takes the next route once nobody has confirmed the alert for 15 s. It was silent for an interval."""
        self.lose_claimer()
        told = wait_until(self.told, 60, "the alert")
        self.assertEqual(len(told), 1, told)
        self.assertIn("PostgreSQL is not reached", told[0])
        self.fleet.start("scheduler")
        self.fleet.postgres.start()
        wait_until(lambda: len(self.told()) > 1 and self.settled(), 60, "the all-clear")
        self.assertEqual(len(self.told()), 2, self.told())
        self.assertRegex(self.told()[1], "PostgreSQL is reached again, after")

    def test_no_all_clear_of_an_alert_that_nobody_sent(self):
        """PostgreSQL is back at once, and the claim in Redis moves there: people read a summary, not "reached again" alone."""
        self.lose_claimer()
        self.fleet.postgres.start()
        self.fleet.start("scheduler")
        wait_until(lambda: self.told() and self.settled(), 60, "a message")
        self.assertEqual(len(self.told()), 1, self.told())
        self.assertRegex(self.told()[0], "PostgreSQL is not reached. It began at .* could not be delivered meanwhile")

    def test_a_claim_in_postgresql_whose_answer_is_lost_is_the_same_claim(self):
        """The claim and its outbox row are committed. The program that does not know it asks again under the same name, instead of
        a second alert by way of Redis."""
        self.start_fleet(schedulers=0, OPS_ALERT_CHANNEL="#ops", POLL_INTERVAL_SECONDS=600, OPS_ALERT_AFTER_MINUTES=0.1)
        self.fleet.upstream.patch({"rules": {"slow": {"match": "/files/*", "status": 500}}})
        net = Proxy(self.fleet.postgres.port)
        self.fleet.extras.append(net)
        net.lose_answer(rb"(?s)INSERT INTO alarms AS a.*site_disbelieved|INSERT INTO alarms AS a.*no_good_poll")
        port = self.fleet.postgres.port
        self.fleet.start("scheduler", DATABASE_URL=self.fleet.postgres.url.replace(f":{port}/", f":{net.port}/"))
        # A scheduler that has just started alerts nobody about polls for a minute.
        wait_until(lambda: net.lost, 120, "a claim whose answer is lost")
        wait_until(lambda: self.told() and self.settled(), 60, "the alert")
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM alarms WHERE cleared_at IS NULL") == 1, 20, "its record")
        self.wait_quiet()
        self.assertEqual(len(self.told()), 1, self.told())
        self.assertEqual(self.fleet.postgres.value("SELECT sum(times) FROM alarms"), 1)

    def wait_quiet(self):
        """Every program has looked at the records several times."""
        before = self.fleet.postgres.value("SELECT checked_at FROM write_check")
        for _ in range(3):
            self.fleet.redis.call("XADD", self.fleet.redis.key("signals"), "*", "what", "incidents")
            before = wait_until(lambda: (now := self.fleet.postgres.value("SELECT checked_at FROM write_check")) != before and now,
                                30, "another look")
        wait_until(self.settled, 20, "nothing waits")

    @SOAK
    def test_repeats_without_postgresql_go_below_the_first_alert(self):
        self.start_fleet(schedulers=1, OPS_ALERT_CHANNEL="COPS", POLL_INTERVAL_SECONDS=4, OPS_ALERT_AFTER_MINUTES=0.1)
        self.notifier.stop()
        self.fleet.start_slack_notifier()
        self.fleet.wait_cycles(1, 20)
        self.fleet.postgres.stop()

        def ops():
            return [message for message in self.fleet.upstream.slack() if message["channel"] == "COPS"]
        wait_until(lambda: len(ops()) >= 3, 60, "two repeats")
        self.fleet.postgres.start()
        wait_until(lambda: "reached again" in ops()[-1]["text"], 60, "the all-clear")
        first, *below = ops()
        self.assertIsNone(first["thread_ts"])
        self.assertEqual({message["thread_ts"] for message in below}, {first["ts"]})

    @SOAK
    def test_no_backlog_of_alerts_when_slack_comes_back(self):
        """Neither PostgreSQL nor Slack is there for some intervals. Afterwards people read the newest alert, not each of them."""
        self.start_fleet(schedulers=1, OPS_ALERT_CHANNEL="COPS", POLL_INTERVAL_SECONDS=4, OPS_ALERT_AFTER_MINUTES=0.1,
                         MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1)
        self.notifier.stop()
        self.fleet.start_slack_notifier()
        self.fleet.wait_cycles(1, 20)
        self.fleet.upstream.patch({"slack": {"fault": "reset"}})
        self.fleet.postgres.stop()
        redis, notifier = self.fleet.redis, self.fleet.programs[-1].name

        def alerts():  # that programs decided to send
            return json.loads(redis.hash("alarm_records").get("postgres_down", '{"times": 0}'))["times"]

        def ops():
            return [message["text"] for message in self.fleet.upstream.slack()
                    if message["channel"] == "COPS" and "PostgreSQL is not" in message["text"]]
        wait_until(lambda: alerts() >= 4, 90, "three repeats that nobody reads")
        self.assertEqual(ops(), [])
        before = alerts()
        self.fleet.upstream.patch({"slack": None})
        wait_until(lambda: ops() and not redis.call("LLEN", redis.key("notify"))
                   and not redis.call("LLEN", redis.key("notify:inflight:" + notifier)), 60, "the alert")
        self.assertLessEqual(len(ops()), 1 + alerts() - before, ops())


if __name__ == "__main__":
    unittest.main()
