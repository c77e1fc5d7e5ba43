"""How soon an idle fleet with default settings reacts: the counterpart of idle_cost.py, which could be lowered by sleeping longer.

`python3 -B reaction_times.py [--rounds 3]` in this folder; PAPERSCOUT_BUILD names another build to compare with. Prints
the median and the longest time of each reaction in seconds.
"""
import argparse
import signal
import statistics
import sys
import time

import idle_cost
from rig.fleet import Fleet
from rig.wait import wait_until


def until(condition, seconds, what):
    began = time.monotonic()
    wait_until(condition, seconds, what, every=0.02)
    return time.monotonic() - began


def leader_of(fleet):
    value = fleet.redis.call("GET", fleet.redis.key("leader")) or ""
    return next(p for p in fleet.programs if p.component == "scheduler" and p.alive() and
                value.startswith(p.instance + ":"))


def replaced(fleet, end):
    """Ends the leader with end, until another scheduler leads; starts a new one in its place."""
    leader = leader_of(fleet)
    other = next(p for p in fleet.programs if p.component == "scheduler" and p.alive() and p is not leader)
    before = len(other.events("LEADER-ACQUIRED"))
    end(leader)
    took = until(lambda: len(other.events("LEADER-ACQUIRED")) > before, 60, "another scheduler leads")
    leader.child.wait(30)
    fresh = fleet.start("scheduler", name=f"scheduler-{len(fleet.programs)}")
    fresh.instance = fresh.health()["instance"]
    wait_until(fresh.ready, 30, "the new scheduler is ready")
    time.sleep(10)
    return took


def poll_now(fleet):
    polls = sum(len(p.events("POLL-START")) for p in fleet.programs)
    fleet.command("scheduler", "poll-now")
    took = until(lambda: sum(len(p.events("POLL-START")) for p in fleet.programs) > polls, 90, "a poll starts")
    wait_until(lambda: fleet.postgres.query("SELECT count(*) AS n FROM cycles WHERE status = 'running'")[0]["n"] == 0,
               120, "the poll ends")
    time.sleep(10)
    return took


def names(program, incident):
    return any(one["name"] == incident for one in program.health().get("incidents", []))


def named(fleet, incident, begin, end):
    """Until the last program names the incident."""
    programs = [p for p in fleet.programs if p.alive()]
    begin()
    took = until(lambda: all(names(p, incident) for p in programs), 90, f"all name {incident}")
    end()
    wait_until(lambda: not any(names(p, incident) for p in programs), 90, f"none names {incident}")
    time.sleep(10)
    return took


def unready(fleet, begin, end):
    programs = [p for p in fleet.programs if p.alive() and p.component != "worker"]
    begin()
    took = until(lambda: not any(p.ready() for p in programs), 120, "schedulers and notifiers are not ready")
    end()
    wait_until(lambda: all(p.ready() for p in programs), 120, "all are ready again")
    time.sleep(10)
    return took


def row_queued(fleet):
    """A row of the outbox as a notifier's answer is one, without a signal: what the slow timers cost at most."""
    fleet.postgres.execute("INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('t' || now(), 'reply', 'C1', "
                           "'{\"text\": \"x\"}')")
    return until(lambda: fleet.postgres.query("SELECT count(*) AS n FROM outbox WHERE queued_at IS NULL")[0]["n"] == 0,
                 60, "the row is queued")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    fleet = Fleet(**idle_cost.SETTINGS)
    replicas = ("CONFIG", "SET", "min-replicas-to-write")
    try:
        idle_cost.begin(fleet)
        for name, reaction in (
                ("leader killed, another one leads", lambda: replaced(fleet, lambda p: p.send(signal.SIGKILL))),
                ("leader stopped, another one leads", lambda: replaced(fleet, lambda p: p.send(signal.SIGTERM))),
                ("poll-now, the poll starts", lambda: poll_now(fleet)),
                ("row stored without a signal, queued", lambda: row_queued(fleet)),
                ("Redis refuses writes, all programs name it", lambda: named(
                    fleet, "redis_refuses_writes", lambda: fleet.redis.call(*replicas, "1"),
                    lambda: fleet.redis.call(*replicas, "0"))),
                ("PostgreSQL stopped, all programs name it", lambda: named(
                    fleet, "postgres_down", lambda: fleet.postgres.process.stop(signal.SIGINT), fleet.postgres.start)),
                ("PostgreSQL stopped, not ready", lambda: unready(
                    fleet, lambda: fleet.postgres.process.stop(signal.SIGINT), fleet.postgres.start))):
            times = [reaction() for _ in range(options.rounds)]
            print(f"{name:44} {statistics.median(times):6.2f} {max(times):6.2f}", flush=True)
    finally:
        fleet.close()


if __name__ == "__main__":
    sys.exit(main())
