#!/usr/bin/env python3
"""An alarm record that Redis kept while PostgreSQL took no writes moves to PostgreSQL without being lost on the way."""
import json
import time
import unittest

from rig import CycleCase, wait_until


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


if __name__ == "__main__":
    unittest.main()
