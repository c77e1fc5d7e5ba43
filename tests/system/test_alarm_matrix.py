#!/usr/bin/env python3
"""Three cells of tests/system/alarm_matrix.py, side by side; deploy/test.sh --soak plays all of them. Redis refuses writes: the
alert needs neither the leader nor the list. PostgreSQL refuses them and the leader changes: the record is in Redis. Slack's
place is taken by a log-in page: the alert goes to the webhook."""
import unittest

from alarm_matrix import play_side_by_side

CELLS = ["redis/refusing/one", "postgres/refusing/leader", "slack/lying/one"]


class AlarmMatrix(unittest.TestCase):
    def test_three_cells(self):
        self.assertEqual(play_side_by_side(CELLS, len(CELLS)), 0)


if __name__ == "__main__":
    unittest.main()
