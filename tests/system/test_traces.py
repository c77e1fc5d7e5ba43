#!/usr/bin/env python3
"""OpenTelemetry: one complete trace for each message, and a collector that fails changes nothing else."""
import json
import socket
import threading
import time
import unittest

from rig import FleetCase, wait_until
from rig.collector import PATH, Collector
from rig.index import TwoCuts, made_index
from rig.pace import paced
from rig.proxy import Proxy

SPANS = 'paperscout_trace_spans_total{result="%s"}'
PATH_OF_A_DRAFT = ["plan", "task", "probe", "task", "probe", "result", "message", "send"]


class Recorder(Proxy):
    """Keeps what it passes on."""

    def __init__(self, target_port):
        self.seen = bytearray()
        super().__init__(target_port)

    def _pass_on(self, source):
        before = len(self._kept)
        super()._pass_on(source)
        if len(self._kept) > before:
            self.seen += self._kept[-1][2]


class BadPeer:
    """Takes connections and sends what it is given; with nothing to send it keeps them open."""

    def __init__(self, answer):
        self.answer = answer
        self.links = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                link = self.listener.accept()[0]
            except OSError:
                return
            self.links.append(link)
            if self.answer:
                link.recv(65536)
                link.sendall(self.answer)
                link.close()

    def close(self):
        self.listener.close()
        for link in self.links:
            link.close()


def metric(program, name):
    for line in program.get("/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return None


class Traces(FleetCase):
    def make(self, **settings):
        self.cuts = TwoCuts(made_index(), "2018-05-24", "2018-05-28")
        fleet = self.make_fleet({"index": {"inline": self.cuts.before}, "drafts": {}}, POLL_INTERVAL_SECONDS=1, **settings)
        fleet.start_servers()
        return fleet

    def add_draft(self, fleet, name):
        fleet.upstream.patch({"drafts": {name: {"modified": "-2h", "text": "A draft\n\nBeatrix Archer\n\n"}}})

    def wait_message(self, fleet, part):
        """(id, trace) of the sent message that holds the find whose trace holds that."""
        def look():
            return next(((row["message_id"], row["trace"]) for row in fleet.postgres.query(
                "SELECT message_id, trace FROM outbox WHERE sent_at IS NOT NULL") if part in row["trace"]), None)
        return wait_until(look, 60, f"the message of {part} is sent")

    def wait_path(self, collector, message):
        """The path to the span of the request that sent the message, once it is complete."""
        def look():
            spans = collector.named("send", **{"paperscout.message": message})
            path = collector.path_to(spans[-1]) if spans else [None]
            return path if None not in path else None
        return wait_until(look, 60, f"the trace of {message} is complete")

    def without_a_collector(self, fleet):
        """Nothing is traced, and it can be switched on later."""
        scheduler = fleet.start("scheduler")
        entries = wait_until(lambda: fleet.redis.call("XRANGE", "paperscout:tasks", "-", "+"), 30, "tasks are published")
        self.assertNotIn("traceparent", json.dumps(entries))
        fleet.start("worker")
        fleet.start("notifier")
        fleet.wait_cycles(1)
        self.add_draft(fleet, "D1051R0.pdf")
        self.wait_message(fleet, "D1051R0.pdf")
        self.assertEqual(fleet.postgres.value("SELECT count(traceparent) FROM outbox"), 0)
        self.assertEqual(scheduler.events("TRACE-START"), [])
        self.assertIsNone(metric(scheduler, SPANS % "sent"))
        for program in fleet.programs:
            self.assertEqual(program.stop(), 0)

    def test_each_message_has_one_complete_trace(self):
        collector = Collector()
        self.addCleanup(collector.close)
        collector.rule(PATH, times=3, status=503, headers={"Retry-After": "1"})  # sent again
        fleet = self.make()
        recorder = Recorder(fleet.upstream.port)
        self.addCleanup(recorder.stop)
        site = f"http://127.0.0.1:{recorder.port}"
        fleet.settings.update({"WG21_INDEX_URL": f"{site}/index.json", "ISO_BASE_URL": f"{site}/files/papers/",
                               "SLACK_API_URL": f"{site}/api/"})
        self.without_a_collector(fleet)
        fleet.settings.update({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_TRACES_SAMPLER_ARG": "0",
                               "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20s3cret", "OTEL_RESOURCE_ATTRIBUTES": "a=%2C", "NOTIFY_ON_NEW_PAPER": "true"})
        scheduler = fleet.start("scheduler")
        workers = [fleet.start("worker"), fleet.start("worker")]
        notifier = fleet.start_slack_notifier()
        wait_until(lambda: collector.named("plan"), 60, "a cycle is planned with traces")
        self.add_draft(fleet, "D1052R0.pdf")
        message, trace = self.wait_message(fleet, "D1052R0.pdf")
        path = self.wait_path(collector, message)
        self.assertEqual([span["name"] for span in path], PATH_OF_A_DRAFT)
        self.assertEqual(len({span["trace"] for span in path}), 1)
        self.assertEqual([span["resource"]["service.name"].rpartition("-")[2] for span in path],
                         ["scheduler"] + 4 * ["worker"] + 2 * ["scheduler"] + ["notifier"])
        self.assertEqual([span["http.request.method"] for span in path if span["name"] == "probe"], ["HEAD", "GET"])
        self.assertEqual({span["paperscout.outcome"] for span in path if span["name"] in ("probe", "result")}, {"hit_recent"})
        self.assertEqual({span.get("paperscout.task") for span in path[1:]}, {trace})
        self.assertEqual({span["resource"]["a"] for span in path}, {","})
        self.assertEqual({span["resource"]["service.instance.id"] for span in path if "worker" in span["resource"]["service.name"]},
                         {worker.name for worker in workers}, "another worker confirms")
        self.assertEqual(collector.named("probe", **{"paperscout.outcome": "miss"}), [], "no probe without a find is sampled")
        with self.subTest("a find of the index"):
            fleet.upstream.patch({"index": {"inline": self.cuts.after}})
            message, _ = self.wait_message(fleet, "poll:")
            self.assertEqual([span["name"] for span in self.wait_path(collector, message)], ["plan", "message", "send"])
        with self.subTest("a known draft that has changed"):
            fleet.upstream.patch({"drafts": {"D1052R0.pdf": {"modified": "-1m", "text": "A draft, changed\n\nBeatrix Archer\n\n"}}})
            message = wait_until(lambda: fleet.postgres.value(
                "SELECT max(message_id) FROM outbox WHERE dedupe_key LIKE 'update:%D1052R0.pdf:%' AND sent_at IS NOT NULL"), 60, "the update is sent")
            path = self.wait_path(collector, message)
            self.assertEqual([span["name"] for span in path], ["plan", "task", "probe", "result", "message", "send"])
            self.assertEqual({span["paperscout.task"].partition(":")[2] for span in path if span["name"] in ("task", "probe", "result")},
                             {"D1052R0.pdf"}, "the probe that saw the change")
            self.assertIn(path[1]["paperscout.tier"], ("recheck", "control"), "the newest drafts are controls")
        with self.subTest("a worker that sends no traces"):
            for worker in workers:
                self.assertEqual(worker.stop(), 0)
            fleet.start("worker", OTEL_SDK_DISABLED="true")
            self.add_draft(fleet, "D1053R0.pdf")
            path = self.wait_path(collector, self.wait_message(fleet, "D1053R0.pdf")[0])
            self.assertEqual([span["name"] for span in path], ["plan", "result", "message", "send"])
        self.assertEqual({request["headers"]["authorization"] for request in collector.got()}, {"Basic s3cret"})
        self.assertNotIn(b"traceparent", bytes(recorder.seen).lower(), "strangers get no trace")
        self.assertIn(b"chat.postMessage", bytes(recorder.seen))
        for program in (scheduler, notifier):
            self.assertGreater(metric(program, SPANS % "sent"), 0)
            self.assertEqual(metric(program, SPANS % "dropped"), 0)
        for program in fleet.programs:
            self.assertNotIn("s3cret", program.tail(100000), f"{program.name} shows a secret")
        ids = [(span["trace"], span["id"]) for span in collector.spans()]
        self.assertEqual(len(ids), len(set(ids)), "no span is taken twice")

    def test_a_collector_that_fails_changes_nothing_else(self):
        """Each program has its own collector, which fails in its own way. People still get a message about every find."""
        hanging, garbage = BadPeer(b""), BadPeer(b"\x00\xffnonsense\r\n\r\n")
        slow, closed = Collector(), socket.create_server(("127.0.0.1", 0))
        for peer in (hanging, garbage, slow):
            self.addCleanup(peer.close)
        slow.rule(PATH, delay=60)
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
        closed.close()
        refusing = Collector()
        self.addCleanup(refusing.close)
        refusing.rule(PATH, status=401)
        fleet = self.make(OTEL_TRACES_SAMPLER_ARG="1")
        programs = [fleet.start("scheduler", OTEL_EXPORTER_OTLP_ENDPOINT=dead),
                    fleet.start("scheduler", OTEL_EXPORTER_OTLP_ENDPOINT=dead),
                    fleet.start("worker", OTEL_EXPORTER_OTLP_ENDPOINT=hanging.url),
                    fleet.start("worker", OTEL_EXPORTER_OTLP_ENDPOINT=garbage.url),
                    fleet.start("worker", OTEL_EXPORTER_OTLP_ENDPOINT=slow.url),
                    fleet.start("notifier", OTEL_EXPORTER_OTLP_ENDPOINT=refusing.url)]
        fleet.wait_cycles(1)
        for number in range(1051, 1054):
            self.add_draft(fleet, f"D{number}R0.pdf")
            self.wait_message(fleet, f"D{number}R0.pdf")
        leader = next(program for program in programs[:2] if program.health()["role"] == "leader")
        leader.wait_event("TRACE-ERROR", 30)
        programs[-1].wait_event("TRACE-ERROR", 30)
        wait_until(lambda: metric(programs[-1], SPANS % "refused"), 30, "refused spans are counted")
        for program in programs:
            # A busy machine may be late for a moment, which the status says; a failure would stay counted.
            wait_until(lambda: program.ready() and (program.health()["status"], program.health()["stuck"]) == ("ok", False), 30,
                       f"{program.name} is well")
            self.assertEqual(sum(program.health()["failures"].values()), 0, program.name)
            self.assertEqual(len(program.events("TRACE-ERROR")), 1 if program in (leader, programs[-1]) else
                             len(program.events("TRACE-ERROR")), "one line for an outage")
        for program in reversed(programs):
            began = time.monotonic()
            self.assertEqual(program.stop(), 0, program.name)
            took = time.monotonic() - began
            # Half a second for the last spans: the stop waits neither for the collector's 60 s nor for the timeout of 10 s.
            self.assertLess(took, paced(5), program.name)
            self.assertEqual(program.events("DRAIN-TIMEOUT"), [], program.name)

    def test_with_a_collector_tasks_carry_the_span_that_planned_them(self):
        """One in three, by chance that does not change, is sampled."""
        collector = Collector()
        self.addCleanup(collector.close)
        fleet = self.make(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}{PATH}", OTEL_TRACES_SAMPLER_ARG="0.3",
                          OTEL_SERVICE_NAME="fleet")
        scheduler = fleet.start("scheduler")
        planned = scheduler.wait_event("PROBE-START", 30)["planned"]
        entries = wait_until(lambda: len(found := fleet.redis.call("XRANGE", "paperscout:tasks", "-", "+")) >= planned + 4 and
                             found, 30, "all tasks are published, with four controls")
        (plan,) = wait_until(lambda: collector.named("plan"), 30, "the plan is sent")
        self.assertEqual(plan["resource"]["service.name"], "fleet")
        fields = [dict(zip(entry[1][::2], entry[1][1::2])) for entry in entries]
        self.assertEqual({field["traceparent"][:52] for field in fields}, {f"00-{plan['trace']}-{plan['id']}"})
        sampled = sum(field["traceparent"].endswith("-01") for field in fields)
        self.assertTrue(0.15 * len(fields) < sampled < 0.45 * len(fields), (sampled, len(fields)))
        fleet.start("worker")
        fleet.wait_cycles(1)
        probes = wait_until(lambda: len(spans := collector.named("probe")) >= sampled and spans, 30, "sampled probes are sent")
        first = [span for span in probes if span["trace"] == plan["trace"]]
        self.assertEqual(len(first), sampled)
        self.assertEqual({span["paperscout.task"] for span in first},
                         {field["task"] for field in fields if field["traceparent"].endswith("-01")})
        results = wait_until(lambda: len(spans := [span for span in collector.named("result") if span["trace"] == plan["trace"]])
                             >= sampled and spans, 30, "their results are sent")
        self.assertEqual([span["name"] for span in collector.path_to(results[0])], ["plan", "task", "probe", "result"])

    def test_faults_of_the_settings_end_the_start(self):
        fleet = self.make_fleet({})
        for settings, want in (({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
                               ({"OTEL_EXPORTER_OTLP_HEADERS": "s3cret"}, 'OTEL_EXPORTER_OTLP_HEADERS: entry 1 has no "="'),
                               ({"OTEL_RESOURCE_ATTRIBUTES": "=1"}, "OTEL_RESOURCE_ATTRIBUTES: entry 1 has no key"),
                               ({"OTEL_TRACES_SAMPLER_ARG": "2"}, "OTEL_TRACES_SAMPLER_ARG")):
            code, text, error = fleet.command("scheduler", "check-config", **settings)
            self.assertEqual((code, text), (78, ""))
            self.assertIn(want, error)
            self.assertNotIn("s3cret", error)


if __name__ == "__main__":
    unittest.main()
