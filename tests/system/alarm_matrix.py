#!/usr/bin/env python3
"""Every fault of every part, and what operations read of it: a table, one line a cell.

    python3 tests/system/alarm_matrix.py --json table.json            # all cells, six at a time: half an hour
    python3 tests/system/alarm_matrix.py --jobs 1 redis site/lying    # the cells whose names begin so, one after the other
    python3 tests/system/alarm_matrix.py --list

A cell is part/fault/what happens meanwhile (one: nothing; leader: the leader is killed and another leads; restart: all
programs are killed and started again). Its line: seconds until operations are alerted; alerts, and the least and the most
seconds between two of them; all-clears; whether `status`, the page, /health, the metric and the alert rule name the same
incident within 30 s, and whether all of them drop it within 30 s of the end; and whether the cell is right. Each cell has servers
and programs of its own. A line is printed as soon as its cell ends, and the whole table at the end; --json writes it to a file.
PAPERSCOUT_MATRIX_LOGS=FOLDER keeps what each cell printed, and PAPERSCOUT_TEST_KEEP=1 the programs' logs (field "folder").

Exit status 1 when a cell is silent, late (more than two intervals and 30 s), repeats an alert within the interval, leaves out
an interval, speaks of a second incident, has not exactly one all-clear, or when the places disagree.

What a fault means where it is not plain:
    redis/full        a second kind of refusal: no memory is left
    redis/lying       a policy that evicts keys: it confirms writes that it drops later
    postgres/lying    a database whose encoding is SQL_ASCII: it returns other text than was stored
    postgres/rights   a second kind of refusal: the role may not write
    */slow            each answer takes longer than the program waits for it
    slack/channel     429 to one channel alone, again and again; its message was decided two minutes ago
    slack/lying       HTTP 200 with the page of a proxy
    site/slow         each answer is in time, and all of them together take longer than a cycle may
    site/lying        the site has a name that cannot exist
    index/lying       a plausible document that lost nearly all entries
    index/slow        a few bytes a second
    dns/*             the draft site alone has a name; DNS that fails for Slack and the webhook too leaves Prometheus' rule
    dns/refusing      REFUSED to every question; dns/lying: the address of a portal that answers 200 to everything
"""
import argparse
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rig import FleetCase, wait_until  # noqa: E402  pylint: disable=wrong-import-position
from rig.index import made_index  # noqa: E402  pylint: disable=wrong-import-position
from rig.name_server import NameServer, private_resolver_is_there  # noqa: E402  pylint: disable=wrong-import-position
from rig.places import CHECKOUT  # noqa: E402  pylint: disable=wrong-import-position
from rig.pace import PACE, paced  # noqa: E402  pylint: disable=wrong-import-position
from rig.prometheus import Prometheus, prometheus_is_there  # noqa: E402  pylint: disable=wrong-import-position
from rig.proxy import Proxy  # noqa: E402  pylint: disable=wrong-import-position
from rig.wait import TimedOut  # noqa: E402  pylint: disable=wrong-import-position

SECONDS = 5
JOBS = 6
AGREE_SECONDS = 30
SPACED_SECONDS = 3  # between two cells that start: a start takes all processors
FILES = {"match": "/files/*"}
INDEX = {"match": "/index.json"}

# part/fault: (incidents of which one must be named, begins, ends); methods of Cell below.
FAULTS = {
    "redis/down": ({"redis_down"}, "redis_kill", "redis_start"),
    "redis/hanging": ({"redis_down"}, "redis_stall", "redis_heal"),
    "redis/refusing": ({"redis_refuses_writes"}, "redis_noreplicas", "redis_replicas"),
    "redis/full": ({"redis_refuses_writes"}, "redis_fill", "redis_empty"),
    "redis/lying": ({"redis_unfit"}, "redis_evicts", "redis_keeps"),
    "redis/slow": ({"redis_down"}, "redis_slow", "redis_heal"),
    "postgres/down": ({"postgres_down"}, "postgres_stop", "postgres_start"),
    "postgres/hanging": ({"postgres_down"}, "postgres_stall", "postgres_heal"),
    "postgres/refusing": ({"postgres_refuses_writes"}, "postgres_read_only", "postgres_writes"),
    "postgres/rights": ({"postgres_refuses_writes"}, "postgres_revoke", "postgres_grant"),
    "postgres/lying": ({"postgres_encoding"}, "postgres_sql_ascii", "postgres_utf8"),
    "postgres/slow": ({"postgres_down"}, "postgres_slow", "postgres_heal"),
    "slack/down": ({"slack_failing"}, "slack_reset", "slack_heal"),
    "slack/hanging": ({"slack_failing"}, "slack_stall", "slack_heal"),
    "slack/refusing": ({"slack_refused"}, "slack_revoke", "slack_heal"),
    "slack/channel": ({"message_waits"}, "slack_holds_one", "slack_heal"),
    "slack/lying": ({"slack_failing"}, "slack_portal", "slack_heal"),
    "slack/slow": ({"slack_failing"}, "slack_slow", "slack_heal"),
    "site/down": ({"no_good_poll"}, "site_reset", "site_heal"),
    "site/hanging": ({"no_good_poll"}, "site_stall", "site_heal"),
    "site/refusing": ({"site_disbelieved"}, "site_forbids", "site_heal"),
    "site/lying": ({"site_disbelieved"}, "site_has_all", "site_heal"),
    "site/slow": ({"no_good_poll"}, "site_slow", "site_heal"),
    "index/down": ({"index_stale"}, "index_503", "index_heal"),
    "index/hanging": ({"index_stale"}, "index_stall", "index_heal"),
    "index/refusing": ({"index_stale"}, "index_403", "index_heal"),
    "index/lying": ({"index_implausible"}, "index_shrinks", "index_heal"),
    "index/slow": ({"index_stale"}, "index_drips", "index_heal"),
    "dns/down": ({"no_good_poll"}, "dns_down", "dns_heal"),
    "dns/hanging": ({"no_good_poll"}, "dns_hangs", "dns_heal"),
    "dns/refusing": ({"no_good_poll"}, "dns_refuses", "dns_heal"),
    "dns/lying": ({"site_disbelieved"}, "dns_lies", "dns_heal"),
    "dns/slow": ({"no_good_poll"}, "dns_slow", "dns_heal"),
}
TICKETS = {"index_stale", "index_implausible", "message_waits"}  # alerted once a day
RULES = {"redis_down": "PaperscoutRedisDown", "redis_refuses_writes": "PaperscoutRedisRefusesWrites",
         "redis_unfit": "PaperscoutRedisEvicts", "postgres_down": "PaperscoutPostgresDown",
         "postgres_refuses_writes": "PaperscoutPostgresRefusesWrites",
         "postgres_encoding": "PaperscoutPostgresEncoding", "slack_failing": "PaperscoutCircuitOpen",
         "slack_refused": "PaperscoutSlackRefused", "message_waits": "PaperscoutMessageWaits", "no_good_poll": "PaperscoutNoGoodPoll",
         "site_disbelieved": "PaperscoutSiteDisbelieved", "index_stale": "PaperscoutIndexStale",
         "index_implausible": "PaperscoutIndexImplausible"}
INCIDENTS = re.compile(r'^PS_X\(\w+,\s*"(\w+)",[^"]*"\w+",\s*"([^"]*)", "([^"]*)",', re.M)
with open(os.path.join(CHECKOUT, "shared", "core", "incident.def"), encoding="utf-8") as definitions:
    TEXTS = {name: (title, over) for name, title, over in INCIDENTS.findall(definitions.read())}
MEANWHILE = ("one", "leader", "restart")
CELLS = [f"{fault}/{meanwhile}" for fault in FAULTS for meanwhile in MEANWHILE]
PLACES = {"status", "page", "health", "metric", "rule"}


class Portal(http.server.BaseHTTPRequestHandler):
    """What a public network's log-in page answers, whatever is asked for."""

    def do_HEAD(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "12")
        self.end_headers()

    def do_GET(self):  # pylint: disable=invalid-name
        self.do_HEAD()
        self.wfile.write(b"please log in"[:12])

    def log_message(self, *_arguments):  # pylint: disable=arguments-differ
        pass


class Cell(FleetCase):
    """One cell; the name is in the class attribute of a subclass made by make()."""
    cell = ""

    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            POLL_INTERVAL_SECONDS=SECONDS, HTTP_TIMEOUT_SECONDS=2, PROBE_MAX_ATTEMPTS=1, OPS_ALERT_CHANNEL="COPS",
            CACHE_TTL_HOURS=0, TASK_VISIBILITY_SECONDS=4, MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1,
            CYCLE_DEADLINE_SECONDS=6, SHUTDOWN_GRACE_SECONDS=round(paced(3)), WG21_INDEX_TIMEOUT_S=2)
        self.fleet.start_servers()
        if self.cell.startswith("dns/"):
            self.give_name()
        self.redis_net, self.postgres_net = Proxy(self.fleet.redis.port), Proxy(self.fleet.postgres.port)
        self.fleet.extras += [self.redis_net, self.postgres_net]
        self.nets = {"REDIS_URL": f"redis://127.0.0.1:{self.redis_net.port}/0",
                     "DATABASE_URL": self.fleet.postgres.url.replace(
                         f":{self.fleet.postgres.port}/", f":{self.postgres_net.port}/"),
                     "OPS_ALERT_WEBHOOK_URL": f"{self.fleet.upstream.url}/hooks/ops"}
        self.running = []
        self.prometheus = None
        self.start_programs()
        if prometheus_is_there():
            self.prometheus = Prometheus(self.fleet.folder, self.running)
            self.fleet.extras.append(self.prometheus)
            self.prometheus.start()
        self.fleet.wait_cycles(2, 60)
        wait_until(lambda: all(p.health()["status"] == "ok" for p in self.running), 30, "all is well")

    def give_name(self):
        """The draft site has a name, which the fleet's own name server knows."""
        if not private_resolver_is_there():
            self.skipTest("a resolv.conf of its own needs root and unshare")
        upstream = self.fleet.upstream
        self.names = NameServer(self.fleet.folder)
        self.fleet.extras.append(self.names)
        self.fleet.prefix = self.names.prefix()
        self.fleet.settings["ISO_BASE_URL"] = upstream.drafts_url.replace("127.0.0.1", "drafts.test")
        portal = http.server.ThreadingHTTPServer(("127.0.0.2", upstream.port), Portal)
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        self.addCleanup(portal.shutdown)

    def start_programs(self):
        self.running = [self.fleet.start("scheduler", **self.nets), self.fleet.start("scheduler", **self.nets),
                        self.fleet.start("worker", **self.nets),
                        self.fleet.start_slack_notifier(**self.nets)]
        self.scrape()

    def scrape(self):
        if self.prometheus is not None:
            self.prometheus.watch(self.running)

    def again(self, program):
        """kill -9, and a new one in its place."""
        program.kill()
        self.running[self.running.index(program)] = self.fleet.start(program.component, **self.nets)
        self.scrape()

    # What people read

    def heard(self):
        """(t, text, in a thread) of what came to the operations channel or the webhook, in order."""
        slack = [(m["t_ms"], m["text"]) for m in self.fleet.upstream.slack() if m["channel"] == "COPS"]
        hooks = [(h["t_ms"], h["body"]["text"]) for h in self.fleet.upstream.hooks()]
        return sorted(slack + hooks)

    def alerts(self):
        return [one for one in self.heard() if "Runbook:" in one[1]]

    def all_clears(self):
        return [one for one in self.heard() if "Runbook:" not in one[1]]

    # What is shown

    def named(self, incident):
        """Where the incident is named now: of PLACES, and "alone:…" where only some programs name it."""
        found = {"health": [], "metric": [], "page": []}
        for program in self.running:
            try:
                health = program.health()
                found["health"].append(any(i["name"] == incident for i in health["incidents"])
                                       and health["status"] == "degraded")
                found["metric"].append(f'paperscout_incident{{name="{incident}"}} 1' in program.get("/metrics")[1])
                if program.component == "scheduler":
                    now = json.loads(program.get("/api/fleet")[1])["now"]
                    found["page"].append(any(t["name"] == incident for t in now["troubles"]))
            except OSError:
                found["health"].append(False)
        # Of a server that is away each program knows by itself; `status` and the page of one are enough.
        places = {place for place, says in found.items() if any(says)}
        code, text, wrong = self.fleet.command("scheduler", "status", "--json", **self.nets)
        if any(t["name"] == incident for t in json.loads(text)["troubles"]) if code == 0 else wrong.strip():
            places.add("status")  # where a server is away it fails with the reason
        if self.prometheus is None or RULES[incident] in self.prometheus.raised():
            places.add("rule")
        return places

    # Faults

    def redis_kill(self):
        self.fleet.redis.kill()

    def redis_start(self):
        self.fleet.redis.start()

    def redis_stall(self):
        self.redis_net.stall()

    def redis_slow(self):
        self.redis_net.slow(8)

    def redis_heal(self):
        self.redis_net.slow(0)
        self.redis_net.heal()

    def redis_noreplicas(self):
        self.fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 1)

    def redis_replicas(self):
        self.fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 0)

    def redis_fill(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory", 1)

    def redis_empty(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory", 0)

    def redis_evicts(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.fleet.redis.cut()  # who connects looks at once

    def redis_keeps(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.fleet.redis.cut()

    def postgres_stop(self):
        self.fleet.postgres.stop()

    def postgres_start(self):
        self.fleet.postgres.start()

    def postgres_stall(self):
        self.postgres_net.stall()

    def postgres_slow(self):
        self.postgres_net.slow(8)

    def postgres_heal(self):
        self.postgres_net.slow(0)
        self.postgres_net.heal()

    def encoding(self, name):
        self.fleet.postgres.execute(
            f"UPDATE pg_database SET encoding = pg_char_to_encoding('{name}') WHERE datname = 'postgres'")
        self.fleet.postgres.cut()

    def postgres_sql_ascii(self):
        self.encoding("SQL_ASCII")

    def postgres_utf8(self):
        self.encoding("UTF8")

    def read_only(self, value):
        self.fleet.postgres.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")
        self.fleet.postgres.cut()

    def postgres_read_only(self):
        self.read_only("on")

    def postgres_writes(self):
        self.fleet.postgres.execute("SET default_transaction_read_only = off; "
                                    "ALTER SYSTEM SET default_transaction_read_only = off")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")
        self.fleet.postgres.cut()

    def postgres_revoke(self):
        """No superuser has fewer rights, so a trigger stands in for the missing right."""
        self.fleet.postgres.execute(
            "CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'permission denied for table cycles' USING ERRCODE = '42501'; END $$; "
            "CREATE TRIGGER deny BEFORE INSERT ON cycles FOR EACH ROW EXECUTE FUNCTION deny()")

    def postgres_grant(self):
        self.fleet.postgres.execute("DROP TRIGGER deny ON cycles; DROP FUNCTION deny()")

    def slack(self, **behaviour):
        """Slack misbehaves to every method, takes nothing, and there is something to send."""
        rules = {f"slack {path}": {"match": f"/api/{path}*", **behaviour} for path in ("conversations", "auth")} \
            if "error" not in behaviour or "body" in behaviour else {}
        self.fleet.upstream.patch({"slack": behaviour, "rules": rules})
        for number in range(8):
            self.push(f"C{number}")

    def push(self, channel, ago=0):
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
            {"id": f"m{time.monotonic_ns()}", "kind": "manual", "channel": channel, "text": "x",
             "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))}))

    def slack_holds_one(self):
        self.fleet.upstream.patch({"slack": {"channels": {"C1": {"status": 429, "retry_after": 3}}}})
        self.push("C1", 120)

    def slack_reset(self):
        self.slack(fault="reset")

    def slack_stall(self):
        self.slack(fault="stall")

    def slack_revoke(self):
        self.slack(error="token_revoked")

    def slack_portal(self):
        self.slack(error="not_slack", content_type="text/html", body="<html>please log in</html>")

    def slack_slow(self):
        self.slack(delay_ms=12000)

    def slack_heal(self):
        self.fleet.upstream.patch({"rules": {"slack conversations": None, "slack auth": None}, "slack": None})

    def site(self, **behaviour):
        self.fleet.upstream.patch({"rules": {"files": {**FILES, **behaviour}}})

    def site_reset(self):
        self.site(fault="reset")

    def site_stall(self):
        self.site(fault="stall")

    def site_forbids(self):
        self.site(status=403)

    def site_slow(self):
        self.site(delay_ms=int(paced(1.5) * 1000))

    def site_has_all(self):
        self.fleet.upstream.patch({"drafts": {"P0000R0.html": {"modified": "-1h", "text": "not found"}}})

    def site_heal(self):
        self.fleet.upstream.patch({"rules": {"files": None}, "drafts": {"P0000R0.html": None}})

    def index(self, **behaviour):
        self.fleet.upstream.patch({"rules": {"index": {**INDEX, **behaviour}}})

    def index_503(self):
        self.index(status=503)

    def index_stall(self):
        self.index(fault="stall")

    def index_403(self):
        self.index(status=403)

    def index_drips(self):
        self.index(status=200, drip_ms=500, drip_bytes=10, headers={"ETag": '"drip"'}, content_type="application/json",
                   body=json.dumps(made_index()))

    def index_shrinks(self):
        self.index(status=200, body='{"P0001R0": {"type": "paper", "title": "the only one"}}',
                   content_type="application/json", headers={"ETag": '"small"'})

    def index_heal(self):
        self.fleet.upstream.patch({"rules": {"index": None}})

    def restart(self):
        for program in self.running:
            program.kill()
        self.start_programs()

    def dns(self, behaviour, address="127.0.0.1"):
        """A new worker, since libcurl keeps an address for a minute, and a connection for longer."""
        self.names.address = address
        self.names.set(behaviour)
        self.again(next(p for p in self.running if p.component == "worker"))

    def dns_down(self):
        self.dns("down")

    def dns_hangs(self):
        self.dns("hang")

    def dns_refuses(self):
        self.dns("refuse")

    def dns_lies(self):
        self.dns("answer", "127.0.0.2")

    def dns_slow(self):
        self.dns("slow")

    def dns_heal(self):
        self.dns("answer")

    # The play

    def meanwhile(self, what):
        if what == "leader":
            self.again(next((p for p in self.running if p.component == "scheduler" and p.health()["role"] == "leader"),
                            self.running[0]))
        elif what == "restart":
            self.restart()

    def wait_places(self, incident, wanted):
        """Waits until exactly the wanted places name it; "yes", or what differs."""
        places = set()

        def look():
            nonlocal places
            places = self.named(incident)
            return wanted <= places if wanted else not places
        try:
            wait_until(look, AGREE_SECONDS, "all places agree", every=0.5)
            return "yes"
        except TimedOut:
            return "no: " + (", ".join(sorted(wanted - places if wanted else places)))

    def runTest(self):  # pylint: disable=invalid-name
        self.fault, what = self.cell.rsplit("/", 1)
        incidents, begin, end = FAULTS[self.fault]
        incident = next(iter(incidents))
        interval = paced(SECONDS)
        row = {"cell": self.cell, "verdict": "silent", "limit": 2 * interval + paced(30), "wrong": []}
        RESULTS.append(row)
        self.fleet.upstream.reset()
        began = time.time() * 1000
        try:
            getattr(self, begin)()
            try:
                wait_until(self.alerts, 2 * SECONDS + 40, "operations are alerted")
            except TimedOut:
                row["wrong"] = ["silent"]
                raise
            row["told"] = (self.alerts()[0][0] - began) / 1000
            row["agree"] = self.wait_places(incident, PLACES)
            self.meanwhile(what)
            until = time.monotonic() + 3 * interval + (paced(8) if what == "restart" else 0)
            while time.monotonic() < until:
                time.sleep(0.2)
        finally:
            getattr(self, end)()
        ended = time.time() * 1000
        try:
            wait_until(self.all_clears, 60, "the all-clear")
            time.sleep(paced(5))
        except TimedOut:
            pass
        row["over"] = self.wait_places(incident, set())
        self.judge(row, incident, interval, ended)
        row["verdict"] = "wrong" if row["wrong"] else "right"
        if row["wrong"]:
            row.update(ended=(ended - began) / 1000, folder=self.fleet.folder)
            row["heard"] = [[(at - began) / 1000, text] for at, text in self.heard()]
        self.assertEqual(row["wrong"], [])

    def judge(self, row, incident, interval, ended):
        """Fills in what the table shows, and what is wrong with it."""
        alerts, wrong = self.alerts(), row["wrong"]
        gaps = [(b[0] - a[0]) / 1000 for a, b in zip(alerts, alerts[1:])]
        last = (ended - alerts[-1][0]) / 1000
        title, over = TEXTS[incident]
        others = {text for _, text in alerts if not text.startswith(f"Paperscout: {title}")}
        others |= {text for _, text in self.all_clears() if over not in text}
        row.update(alerts=len(alerts), gaps=gaps, all_clears=len(self.all_clears()))
        if row["told"] > row["limit"]:
            wrong.append(f"late (limit {row['limit']:.0f} s)")
        if row["all_clears"] != 1:
            wrong.append(f"{row['all_clears']} all-clears")
        if others:
            wrong.append(f"messages of something else than {incident}: {len(others)}")
        if incident in TICKETS:
            if len(alerts) > 1:
                wrong.append("a ticket repeated within a day")
        else:
            if gaps and min(gaps) < interval - paced(1):  # seconds of arrival: one may take longer than the other
                wrong.append("repeated within the interval")
            restarted = paced(10) if self.cell.endswith("/restart") else 0
            if max(gaps + [last]) > 2 * interval + paced(5) + restarted:
                wrong.append(f"an interval without an alert (the last one {last:.1f} s before the end)")
        if row["agree"] != "yes":
            wrong.append(f"not named by {row['agree'][4:]}")
        if row["over"] != "yes":
            wrong.append(f"still named by {row['over'][4:]}")


RESULTS = []  # of the cells that this process played


def play(names, path):
    """Plays these cells in this process; path: the file for their results, as JSON."""
    suite = unittest.TestSuite()
    for name in names:
        suite.addTest(type("Cell_" + name.replace("/", "_"), (Cell,), {"cell": name})("runTest"))
    done = unittest.TextTestRunner(verbosity=1, stream=sys.stderr).run(suite)
    for case, why in done.skipped:
        RESULTS.append({"cell": case.cell, "verdict": "not played", "wrong": [why]})
    with open(path, "w", encoding="utf-8") as file:
        json.dump(RESULTS, file)
    return 0 if done.wasSuccessful() and not done.skipped else 1


def line(row):
    """One line of the table."""
    if "gaps" not in row:
        return f"{row['cell']:26} {row['verdict']}: {'; '.join(row['wrong'])}"
    gaps = f"{min(row['gaps']):4.1f} to {max(row['gaps']):4.1f} s" if row["gaps"] else "none"
    return (f"{row['cell']:26} {row['told']:5.1f} s  alerts {row['alerts']}  gaps {gaps:>14}  all-clears "
            f"{row['all_clears']}  agree {row['agree']}  over {row['over']}  {row['verdict']}")


def details(row):
    """What people read in a cell that is wrong, and what is wrong with it."""
    lines = [f"    {at:6.1f} s {text}" for at, text in row.get("heard", [])]
    if "ended" in row:
        lines.append(f"    the fault ended at {row['ended']:.1f} s; wrong: {'; '.join(row['wrong'])}")
    return lines


def summary(rows, seconds, jobs):
    """The totals that issue and contract ask for."""
    right = [row for row in rows if row["verdict"] == "right"]
    told = [row["told"] for row in rows if "told" in row]
    wrong = [row["cell"] for row in rows if row["verdict"] != "right"]
    lines = [f"{len(right)} of {len(rows)} cells are right, in {seconds:.0f} s; {jobs} at a time, pace {pace_of(jobs)}",
             f"silent cells: {sum(row['verdict'] == 'silent' for row in rows)}; the slowest alert after "
             f"{max(told, default=0):.1f} s (limit {max((row.get('limit', 0) for row in rows), default=0):.0f} s)"]
    return lines + (["wrong: " + " ".join(wrong)] if wrong else [])


def pace_of(jobs):
    """The pace of the cells: they share the processors with one another, and measure nothing by themselves."""
    return os.environ.get("PAPERSCOUT_TEST_PACE") or f"{max(PACE, 1.0 if jobs == 1 else 1.5):.2f}"


def result_of(name, path, code):
    """What the process of a cell wrote, or that it wrote nothing."""
    try:
        with open(path, encoding="utf-8") as file:
            row = json.load(file)[0]
        if code and not row["wrong"]:
            row.update(verdict="broke off", wrong=["the cell's log has the reason"])
        return row
    except (OSError, ValueError, IndexError):
        return {"cell": name, "verdict": "broke off", "wrong": [f"exit status {code}; the cell's log has the reason"]}


def play_side_by_side(cells, jobs, json_path=None):
    """Each cell in a process of its own with servers of its own, some at a time: they mostly wait."""
    logs = os.environ.get("PAPERSCOUT_MATRIX_LOGS")
    waiting, running, rows = list(cells), {}, {}
    began = next_start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="alarm-matrix-") as folder:
        while waiting or running:
            if waiting and len(running) < jobs and time.monotonic() >= next_start:
                next_start = time.monotonic() + SPACED_SECONDS
                name = waiting.pop(0)
                at = os.path.join(logs or folder, name.replace("/", "_"))
                with open(f"{at}.log", "w", encoding="utf-8") as log:
                    running[name] = (at, subprocess.Popen(
                        [sys.executable, "-B", __file__, "--play", f"{at}.json", name], stdout=log, stderr=log,
                        env={**os.environ, "PAPERSCOUT_TEST_PACE": pace_of(jobs)}))
            for name, (at, child) in list(running.items()):
                if child.poll() is None:
                    continue
                rows[name] = row = result_of(name, f"{at}.json", child.returncode)
                print("\n".join([line(row)] + details(row)), flush=True)
                if row["verdict"] == "broke off":
                    with open(f"{at}.log", encoding="utf-8") as log:
                        print(log.read()[-4000:], flush=True)
                del running[name]
            time.sleep(0.2)
    table = [rows[name] for name in cells]
    if len(table) > 1:
        print("\n" + "\n".join(line(row) for row in table))
    print("\n".join(summary(table, time.monotonic() - began, jobs)))
    if json_path:
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump({"jobs": jobs, "pace": pace_of(jobs), "seconds": round(time.monotonic() - began),
                       "cells": table}, file, indent=1)
    return 0 if all(row["verdict"] == "right" for row in table) else 1


def main(arguments):
    if arguments[:1] == ["--play"]:
        return play(arguments[2:], arguments[1])
    parser = argparse.ArgumentParser(description="Plays every fault of every part and prints what operations read of it.")
    parser.add_argument("--list", action="store_true", help="print the names of the cells and exit")
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"play so many cells at a time (default {JOBS})")
    parser.add_argument("--json", metavar="FILE", help="write the table to FILE as JSON too")
    parser.add_argument("cell", nargs="*", help="play the cells whose names begin so (default: all)")
    options = parser.parse_args(arguments)
    cells = [name for name in CELLS if not options.cell or any(name.startswith(start) for start in options.cell)]
    if options.list:
        print("\n".join(cells))
        return 0
    if not cells or options.jobs < 1:
        parser.error("--jobs needs a number above 0" if cells else f"no cell begins with {' or '.join(options.cell)}; --list shows them")
    return play_side_by_side(cells, options.jobs, options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
