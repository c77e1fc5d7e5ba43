"""People who send signed commands to the notifiers of a cluster."""
import http.client
import re
import threading

from .kube_case import SIGNING_SECRET
from .speaker import event_body, sign

FIRST = 7001  # number of the first paper that somebody watches


class People(threading.Thread):
    """A command each quarter of a second, from another person every time, to an endpoint of the Service."""

    def __init__(self, cluster, service="paperscout-notifier"):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.service = service
        self.over = threading.Event()
        self.sent = []  # paper numbers
        self.refused = []  # (paper number, what came instead of 200, address)

    def run(self):
        while not self.over.wait(0.25):
            endpoints = self.cluster.endpoints(self.service)
            number = FIRST + len(self.sent)
            self.sent.append(number)
            address = endpoints[number % len(endpoints)] if endpoints else None
            try:
                status = self.post(address, event_body(
                    f"watch P{number}", user=f"U{number}", channel=f"D{number}")) if address else "no endpoint"
            except (OSError, http.client.HTTPException) as error:
                status = repr(error)
            if status != 200:
                self.refused.append((number, status, address))

    @staticmethod
    def post(address, body):
        link = http.client.HTTPConnection(address, 3000, timeout=3)
        try:
            link.request("POST", "/slack/events", body, {"Content-Type": "application/json",
                                                         **sign(body, secret=SIGNING_SECRET)})
            return link.getresponse().status
        finally:
            link.close()

    def stop(self):
        self.over.set()
        self.join()

    @staticmethod
    def answered(fleet):
        """Papers that an answer to a person names."""
        return {int(number) for message in fleet.messages() if message["channel"].startswith("D")
                for number in re.findall(r"P(7\d{3})", message["text"])}
