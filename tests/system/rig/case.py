"""unittest cases that clean up behind themselves and show the logs when they fail."""
import os
import sys
import unittest

from .fleet import Fleet
from .places import build_dir, program_path


class RigCase(unittest.TestCase):
    """A case that makes fleets. The first lines of a failure's logs come with it."""
    needs = ()  # components that must be built

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        self._fleets = []
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for fleet in self._fleets:
                print(f"\n==== logs of {self.id()}\n{fleet.tails()}", file=sys.stderr)
        for fleet in self._fleets:
            if "PAPERSCOUT_TEST_KEEP" not in os.environ:
                fleet.remove()

    def setUp(self):
        for component in self.needs:
            if program_path(f"paperscout-{component}") is None:
                self.fail(f"paperscout-{component} is not in {build_dir()}; build it first")

    def make_fleet(self, scenario=None, **settings):
        fleet = Fleet(scenario, **settings)
        self._fleets.append(fleet)
        self.addCleanup(self._end, fleet)
        return fleet

    def _end(self, fleet):
        fleet.close(keep=True)
        self.assertEqual(fleet.sanitizer_reports(), [], "a sanitizer complained")


class FleetCase(RigCase):
    """A case that needs all three programs."""
    needs = ("scheduler", "worker", "notifier", "upstream")
