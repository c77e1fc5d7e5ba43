#!/usr/bin/env python3
"""An alarm record that Redis kept while PostgreSQL took no writes moves to PostgreSQL without being lost on the way."""
import json
import time
import unittest

from rig import CycleCase, wait_until
from rig.proxy import Proxy


class AlarmMoves(CycleCase):
    """tests/model/alarms.pml, guard KEEP: the record stays in Redis until PostgreSQL has it."""

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
            net.lose_answer(rb"(?s)told_ms.*postgres_down\r\n\$\d+\r\nscheduler-\d\r\n")  # EVAL of alarm_claim.lua
        self.fleet.wait_cycles(1, 20)
        self.fleet.postgres.stop()
        wait_until(lambda: any(net.lost for net in nets), 60, "a claim whose answer is lost")
        told = wait_until(lambda: [message["text"] for message in self.fleet.messages()
                                   if message["channel"] == "#ops"], 20, "the alert")
        self.assertEqual(len(told), 1, told)
        self.assertIn("PostgreSQL is not reached", told[0])


if __name__ == "__main__":
    unittest.main()
