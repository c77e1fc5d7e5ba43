"""Cases about what people say in Slack: a scheduler with a small index, notifiers that listen."""
import collections

from .case import FleetCase
from .socket_mode import SocketMode
from .speaker import SECRET, SocketSpeaker, Speaker
from .wait import wait_until

INDEX = {
    "P0042R1": {"type": "paper", "title": "A <new> kind of *list*", "author": "Thomas Köppe", "date": "2026-01-02",
                "subgroup": "LEWG", "link": "https://wg21.link/p0042r1"},
    "P0043R0": {"type": "paper", "title": "Executors", "author": "Jane Doe", "date": "2026-01-01",
                "link": "https://wg21.link/p0043r0"},
}


class ListeningCase(FleetCase):
    socket = None  # the server of Socket Mode, where the words come over it

    def start_over_socket(self, **settings):
        """Without a public address and without a signing secret."""
        self.socket = SocketMode()
        self.addCleanup(self.socket.stop)
        return self.start(SLACK_APP_TOKEN="xapp-1-A1-1-test", SLACK_SIGNING_SECRET=None, **settings)

    def start(self, **settings):
        scenario = {"index": {"inline": INDEX}}
        if self.socket:
            scenario["slack"] = self.socket.scenario()
        self.fleet = self.make_fleet(scenario, **{"POLL_INTERVAL_SECONDS": 60, "ENABLE_ISO_PROBE": "false", "SLACK_SIGNING_SECRET": SECRET,
                                                  "EVENTS_BIND_HOST": "127.0.0.1", **settings})
        self.fleet.start_servers()
        scheduler = self.fleet.start("scheduler")
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        self.fleet.wait_cycles(1)
        return self.another()

    def another(self, **settings):
        """A notifier, and who speaks to it."""
        notifier = self.fleet.start_slack_notifier(**settings)
        wait_until(notifier.ready, 20, "the notifier is ready")
        self.notifier = notifier
        if self.socket:
            wait_until(self.socket.live, 20, "the notifier is connected")
            self.assertEqual(notifier.events("EVENTS-LISTEN"), [])
            return SocketSpeaker(self.socket)
        return Speaker(int(notifier.wait_event("EVENTS-LISTEN")["port"]))

    def heard(self):
        return self.fleet.postgres.value("SELECT count(*) FROM heard")

    def settled(self):
        """Everything heard is answered and every answer sent."""
        wait_until(lambda: self.fleet.postgres.value("SELECT count(*) FROM heard WHERE answered_at IS NULL") == 0, 40,
                   "everything is answered", every=0.1)
        self.fleet.wait_sent(40)

    def answers(self):
        said = collections.defaultdict(list)
        for message in self.fleet.upstream.slack():
            said[message["channel"]].append(message)
        return said
