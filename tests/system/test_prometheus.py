#!/usr/bin/env python3
"""A real Prometheus scrapes a running fleet: nothing to find fault with in /metrics, every panel of the
dashboard and every alert's expression has data, and a fault for each alert makes it fire."""
import json
import os
import re
import subprocess
import time
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.places import CHECKOUT, find_server
from rig.prometheus import Prometheus, prometheus_is_there
from rig.upstream import Nginx, nginx_is_there

# Which faults, played together, make which alerts fire (the names are checked by tests/lint).
SITE_FAILS = {"PaperscoutNoGoodPoll", "PaperscoutErrorShare"}
WORKER_STOPPED = {"PaperscoutStuck", "PaperscoutTasksWait", "PaperscoutNoWorkers"}
SLACK_FAILS = {"PaperscoutBackpressure", "PaperscoutCircuitOpen", "PaperscoutDeadLetters"}
CHANNEL_GONE = {"PaperscoutDeadLetters", "PaperscoutSlackChannelRefused"}
REDIS_UNFIT = {"PaperscoutRedisEvicts", "PaperscoutRedisMemory"}
LATE_NEWS = {"PaperscoutLateNews"}
SITE_PAUSES = {"PaperscoutHostPaused"}
FORGOTTEN = {"PaperscoutProbingPaused"}
SITE_BLOCKS = {"PaperscoutSiteDisbelieved"}
INDEX_AWAY = {"PaperscoutIndexStale"}
INDEX_SHRINKS = {"PaperscoutIndexImplausible"}
TOKEN_REVOKED = {"PaperscoutSlackRefused", "PaperscoutNotReady", "PaperscoutMessageWaits"}
REDIS_REFUSES = {"PaperscoutRedisRefusesWrites"}
POSTGRES_REFUSES = {"PaperscoutPostgresRefusesWrites"}
ENCODING = {"PaperscoutPostgresEncoding"}
CERTIFICATE_SHORT = {"PaperscoutCertificateEnds"}
BAD_CERTIFICATE = {"PaperscoutCertificateRefused"}
ROWS_LOST = {"PaperscoutOpenStdRowsLost"}
SOCKET_MODE = {"PaperscoutSocketModeDown"}
NOTIFIER_GONE = {"PaperscoutNoNotifier"}
SERVERS_GONE = {"PaperscoutRedisDown", "PaperscoutPostgresDown", "PaperscoutNoLeader"}

# Panels (title, legend) of what only a fault brings about, or somebody who asks something.
ONLY_AFTER_A_FAULT = {("Listening", "event {{what}}"), ("Listening", "command {{command}}"),
                      ("Leadership", "fenced, {{store}}"),
                      ("Leadership", "failover after {{cause}}, s")}


def as_bool(expression):
    """The expression with every comparison made to answer 0 or 1: it has data if its parts have."""
    return re.sub(r"(==|>)(?! bool)", r"\1 bool", expression)


@unittest.skipUnless(prometheus_is_there(),
                     "prometheus is not installed (deploy/packages.sh test names it)")
class Scraped(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            PROBE_RATE_LIMIT="2000", PROBE_RATE_BURST="1000", PROBE_MAX_ATTEMPTS="1",
            MQ_BACKPRESSURE_THRESHOLD="3", MQ_MAX_RETRIES="1",
            MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS="60", MQ_CIRCUIT_BREAKER_THRESHOLD="5",
            PROBE_RATE_FLOOR="100", CACHE_TTL_HOURS="0")
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        self.worker = self.fleet.start("worker")
        self.notifier = self.fleet.start_slack_notifier()
        self.prometheus = Prometheus(self.fleet.folder, self.fleet.programs)
        self.fleet.extras.append(self.prometheus)
        self.prometheus.start()
        wait_until(lambda: self.prometheus.up() == len(self.fleet.programs), 20, "all are scraped")
        self.fleet.wait_cycles(2)
        self.fleet.wait_sent()

    fired = frozenset()

    def expect(self, alerts, seconds, what):
        def look():
            self.fired |= self.prometheus.firing()
            return alerts <= self.fired
        wait_until(look, seconds, f"{sorted(alerts)} after: {what}", every=0.2)

    def site(self, **behaviour):
        """How the site answers to everything from now on."""
        self.fleet.upstream.patch({"rules": {"files": None}})  # a patch merges
        self.fleet.upstream.patch({"rules": {"files": {"match": "/files/*", **behaviour}}})

    def say(self, channel, times=1):
        for number in range(times):
            self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
                {"id": f"{channel}-{number}", "kind": "manual", "channel": channel, "text": "x",
                 "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))

    def test_what_people_look_at_has_data(self):
        for program in self.fleet.programs:
            done = subprocess.run([find_server("promtool"), "check", "metrics"],
                                  input=program.get("/metrics")[1], capture_output=True, text=True,
                                  timeout=20)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), program.name)
        rules = self.prometheus.rules()
        self.assertEqual(len(rules), 31)
        queries = {("alert", name): expression for name, expression in rules.items()}
        with open(os.path.join(CHECKOUT, "deploy", "dashboards", "paperscout.json"),
                  encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        for panel in panels:
            for target in panel.get("targets", []):
                queries[panel["title"], target["legendFormat"]] = (
                    target["expr"].replace('job=~"$job",instance=~"$instance"', 'job=~".+"')
                    .replace("$__rate_interval", "1m"))
        queries = {name: query for name, query in queries.items() if name not in ONLY_AFTER_A_FAULT}

        def empty():  # a rate has data once its counter was read twice
            return [name for name, query in queries.items()
                    if not self.prometheus.query(as_bool(query))]
        wait_until(lambda: not empty(), 20, lambda: f"all have data, but: {empty()}")
        wait_until(lambda: not self.prometheus.firing(), 20,
                   lambda: f"none fires, but: {self.prometheus.firing()}")

    def test_each_alert_fires(self):
        fleet, upstream = self.fleet, self.fleet.upstream
        upstream.patch({"drafts": {f"D{number}R0.pdf": {"modified": "-5h", "text": "a draft"}
                                   for number in range(1053, 1068)}})
        self.expect(LATE_NEWS, 40, "drafts are announced five hours after their upload")
        fleet.command("scheduler", "pause", "the site moves")
        fleet.postgres.execute("UPDATE meta SET probing_paused_at = now() - interval '12 hours'")
        self.expect(FORGOTTEN, 40, "nobody ends a pause of twelve hours")
        fleet.command("scheduler", "resume")
        self.site(status=403)
        self.expect(SITE_BLOCKS, 40, "the site answers 403 to everything")
        upstream.patch({"rules": {"index": {"match": "/index.json", "status": 503}}})
        self.expect(INDEX_AWAY, 40, "the index answers 503")
        upstream.patch({"rules": {"index": None}})
        self.site(fault="reset")
        self.expect(SITE_FAILS, 40, "the site resets every connection")
        self.site(retry_after=30)
        self.expect(SITE_PAUSES, 40, "the site asks for a pause")

        upstream.patch({"slack": {"channels": {"gone": {"error": "channel_not_found"}}}})
        self.say("gone")
        fleet.redis.call("CONFIG", "SET", "maxmemory", 64 * 1024 * 1024)
        fleet.redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.expect(CHANNEL_GONE, 20, "a channel is gone")
        upstream.patch({"rules": {"slack": {"match": "/api/*", "fault": "reset"}}})
        self.say("away", 1100)  # more than one notifier takes in hand
        used = int(re.search(r"used_memory:(\d+)", fleet.redis.call("INFO", "memory"))[1])
        fleet.redis.call("CONFIG", "SET", "maxmemory", int(used * 1.1))
        fleet.redis.cut()  # who connects looks at once
        self.expect(REDIS_UNFIT, 20, "Redis may evict, and is nearly full")
        self.expect(SLACK_FAILS, 60, "Slack resets every connection")
        fleet.redis.call("CONFIG", "SET", "maxmemory", 0)

        self.site(delay_ms=300)
        wait_until(lambda: self.worker.health()["in_flight"] > 0, 40, "the worker is at work")
        self.worker.pause()
        self.expect(WORKER_STOPPED, 60, "the worker is stopped by SIGSTOP")
        self.worker.resume()

        upstream.patch({"rules": {"slack": None}, "slack": {"error": "token_revoked"}})
        self.say("revoked", 2)
        self.expect(TOKEN_REVOKED, 120, "the token is revoked")
        fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 1)
        self.expect(REDIS_REFUSES, 30, "Redis has too few replicas")
        fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 0)
        fleet.postgres.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        fleet.postgres.cut()
        self.expect(POSTGRES_REFUSES, 30, "PostgreSQL is read only")

        self.notifier.kill()
        self.expect(NOTIFIER_GONE, 30, "the notifier is killed")

        fleet.redis.kill()
        fleet.postgres.stop()
        self.expect(SERVERS_GONE, 30, "Redis and PostgreSQL are gone")

    @unittest.skipUnless(nginx_is_there(), "nginx or openssl is not installed")
    def test_a_certificate_that_is_not_accepted(self):
        nginx = Nginx(self.fleet.folder, self.fleet.upstream.url)
        self.fleet.extras.append(nginx)
        nginx.start()
        self.notifier.stop()
        stranger = self.fleet.start_slack_notifier(SLACK_API_URL=f"{nginx.url}/api/")
        watched = Prometheus(self.fleet.folder, [stranger])
        self.fleet.extras.append(watched)
        watched.start()
        wait_until(lambda: watched.up() == 1, 20, "it is scraped")
        self.say("C1")
        wait_until(lambda: re.search(r"^paperscout_tls_refused_total [1-9]", stranger.get("/metrics")[1],
                                     re.M), 20, "the certificate is refused")
        event = stranger.wait_event("MQ-RETRY")
        self.assertIn("certificate", event["error"])
        wait_until(lambda: BAD_CERTIFICATE <= watched.firing(), 20, "the alert fires", every=0.2)


@unittest.skipUnless(prometheus_is_there() and nginx_is_there(), "prometheus, nginx or openssl is not installed")
class ScrapedBehindTls(FleetCase):
    """Alerts on what the first fleet does not use: a site with a certificate, the page of open-std.org, Socket Mode."""

    def test_each_alert_fires(self):
        year = time.strftime("%Y", time.gmtime())
        page = '<table><tr><td><a href="p1060r0.pdf">P1060R0</a><td>Early<td>Eve<td>2018-01-01'
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}},
             "rules": {"page": {"match": f"/papers/{year}/", "status": 200, "body": page + "</table>"}},
             "slack": {"methods": {"apps.connections.open": {"error": "invalid_auth"}}}},
            ENABLE_BULK_OPENSTD="true", SLACK_APP_TOKEN="xapp-1-A1-1-test", EVENTS_BIND_HOST="127.0.0.1")
        fleet, upstream = self.fleet, self.fleet.upstream
        fleet.start_servers()
        nginx = Nginx(fleet.folder, upstream.url)  # its certificate ends in two days
        fleet.extras.append(nginx)
        nginx.start()
        tls = {"ISO_BASE_URL": f"{nginx.url}/files/papers/", "HTTP_CA_FILE": nginx.ca_path}
        fleet.start("scheduler", OPENSTD_URL=upstream.url + "/papers/", **tls)
        fleet.start("worker", **tls)
        fleet.start_slack_notifier()
        prometheus = Prometheus(fleet.folder, fleet.programs)
        fleet.extras.append(prometheus)
        prometheus.start()

        def expect(alerts, what):
            wait_until(lambda: alerts <= prometheus.firing(), 60, f"{sorted(alerts)} after: {what}", every=0.2)
        expect(CERTIFICATE_SHORT, "the site's certificate ends in two days")
        expect(SOCKET_MODE, "Slack refuses the app-level token")
        upstream.patch({"rules": {"page": {"body": page}}})
        expect(ROWS_LOST, "the table does not end any more")
        upstream.patch({"rules": {"index": {"match": "/index.json", "status": 200, "content_type": "application/json",
                                            "headers": {"ETag": '"small"'},
                                            "body": '{"P0001R0": {"type": "paper", "title": "the only one"}}'}}})
        expect(INDEX_SHRINKS, "the index has one entry")
        fleet.postgres.execute("UPDATE pg_database SET encoding = pg_char_to_encoding('SQL_ASCII') "
                               "WHERE datname = 'postgres'")
        fleet.postgres.cut()
        expect(ENCODING, "the database says that it is SQL_ASCII")
        fleet.postgres.execute("UPDATE pg_database SET encoding = pg_char_to_encoding('UTF8') WHERE datname = 'postgres'")


if __name__ == "__main__":
    unittest.main()
