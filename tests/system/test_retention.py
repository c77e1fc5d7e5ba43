#!/usr/bin/env python3
"""What RETENTION_DAYS lets go, in PostgreSQL and in Redis."""
import json
import time
import unittest

from rig import FleetCase, wait_until


def letter(name, days):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))
    return json.dumps({"id": name, "kind": "manual", "channel": "C1", "text": "x", "reason": "is_archived", "dead_at": at})


class Retention(FleetCase):
    def test_old_rows_and_dead_letters_go(self):
        fleet = self.make_fleet({"index": {"inline": {}}, "drafts": {}}, ENABLE_ISO_PROBE="false", RETENTION_DAYS=3)
        fleet.start_servers()
        young = letter("young", 2)
        fleet.redis.call("RPUSH", fleet.redis.key("notify:dead"), *(letter(f"old{n}", 4) for n in range(250)), "pushed",
                         letter("old", 4), young)
        self.assertEqual(fleet.command("scheduler", "migrate")[0], 0)
        fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data, created_at, sent_at, message_id) SELECT 'reply:' || days, "
            "'reply', 'C1', '{}', now() - days * interval '1 day', now() - days * interval '1 day', 'm' || days "
            "FROM unnest(ARRAY[2, 4, 5]) days")
        scheduler = fleet.start("scheduler")
        wait_until(lambda: fleet.redis.list("notify:dead") == [young], 60, "the old dead letters are gone")
        event = wait_until(lambda: scheduler.events("RETENTION"), 20, "the event is logged")[0]
        self.assertEqual((event["rows"], event["dead_letters"], event["days"]), (2, 252, 3))
        self.assertEqual(fleet.postgres.value("SELECT count(*) FROM outbox WHERE kind = 'reply'"), 1)


if __name__ == "__main__":
    unittest.main()
