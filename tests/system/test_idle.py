"""A fleet without work asks little of its servers and sleeps most of the time: bounds on counts, so that they cannot grow unnoticed.

idle_cost.py prints the whole table; it measures the same for a minute.
"""
import unittest

import idle_cost
from rig.fleet import Fleet

SECONDS = 12
# A second, of two schedulers, two workers and two notifiers together. Measured over a minute: 11.6, 0.43 and 1.6 to 2.7. Reads that run
# once a minute may fall into these seconds.
COMMANDS, TRANSACTIONS, WAKE_UPS = 15, 1.2, 5


class Idle(unittest.TestCase):
    def test_bounds(self):
        fleet = Fleet(**idle_cost.SETTINGS)
        self.addCleanup(fleet.close)
        idle_cost.begin(fleet)
        cost = idle_cost.measure(fleet, SECONDS)
        idle_cost.print_cost(cost)
        self.assertLess(cost["redis_sum"], COMMANDS)
        self.assertLess(cost["postgres"], TRANSACTIONS)
        for name, rate in cost["wake_ups"].items():
            self.assertLess(rate, WAKE_UPS, name)


if __name__ == "__main__":
    unittest.main()
