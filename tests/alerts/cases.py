#!/usr/bin/env python3
"""Every alert rule against data as it really moves: it fires, it does not fire, a counter's or gauge's first sample is
already bad, and a burst every 30 minutes; and of two installations, one broken, for the broken one alone. Makes promtool tests of the table below and runs them; prints what differs.

Series are in promtool's notation, one sample each 30 s. Each case names the minutes at which the rule must fire ("on")
and must not ("off")."""
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RULES = os.path.join(TOP, "deploy", "alerts", "paperscout.yml")

def burst(bad, good, samples=4, cycles=6):
    """Bad for so many samples every 30 minutes."""
    return " ".join(f"{bad}x{samples - 1} {good}x{59 - samples}" for _ in range(cycles))


def jumps(step, cycles=6, start=0):
    """A counter that jumps every 30 minutes, as probes do when a cycle takes a minute."""
    return " ".join(f"{start + step * (n + 1)}x59" for n in range(cycles))


# What makes each rule's second half, over plain metrics, fire, beside its incident: alert -> [(what, series, on, off)].
MORE = {
    "PaperscoutNoLeader": [
        ("two schedulers, none leads", {'paperscout_leader{instance="s1"}': "1x4 0x20", 'paperscout_leader{instance="s2"}': "0x24"}, [4], [2]),
        ("no scheduler is scraped at all, from the first sample on", {'paperscout_workers_alive{instance="w1"}': "1x20"}, [5], []),
        ("one leads", {'paperscout_leader{instance="s1"}': "1x40", 'paperscout_leader{instance="s2"}': "0x40"}, [], [5, 15]),
        ("a failover of half a minute every 30 minutes", {'paperscout_leader{instance="s1"}': burst("0", "1", 1)}, [], [1, 31, 61])],
    "PaperscoutNoGoodPoll": [
        ("polls stopped being good", {'paperscout_last_successful_poll_timestamp_seconds{instance="s1"}': "0x200", 'paperscout_poll_interval_seconds{instance="s1"}': "1800x200", 'paperscout_leader{instance="s1"}': "1x200"}, [62], [60]),
        ("there never was one, in the first sample neither", {'process_start_time_seconds{instance="s1"}': "60x200", 'paperscout_poll_interval_seconds{instance="s1"}': "600x200", 'paperscout_leader{instance="s1"}': "1x200"}, [23], [21]),
        ("a good poll every 30 minutes", {'paperscout_last_successful_poll_timestamp_seconds{instance="s1"}': jumps(1800, start=-1800), 'paperscout_poll_interval_seconds{instance="s1"}': "1800x360", 'paperscout_leader{instance="s1"}': "1x360"}, [], [29, 59, 89, 119])],
    "PaperscoutErrorShare": [
        ("counters that jump every 30 minutes, all errors", {'paperscout_probes_total{instance="w0",outcome="error"}': "0 " + jumps(1600)}, [40, 61, 100, 150], []),
        ("counters that jump every 30 minutes, one in ten is an error", {'paperscout_probes_total{instance="w0",outcome="error"}': "0 " + jumps(160), 'paperscout_probes_total{instance="w0",outcome="miss"}': "0 " + jumps(1440)}, [], [40, 100, 150]),
        ("the first sample holds a cycle of errors, and so does the next cycle", {'paperscout_probes_total{instance="w0",outcome="error"}': "_ 1600x59 3200x60"}, [40], [20]),
        ("counters that move all the time", {'paperscout_probes_total{instance="w0",outcome="error"}': "0+3x200", 'paperscout_probes_total{instance="w0",outcome="miss"}': "0+7x200"}, [30, 90], []),
        ("no worker is there", {'paperscout_leader{instance="s1"}': "1x200"}, [], [90])],
    "PaperscoutStuck": [
        ("a worker is stuck", {'paperscout_stuck{instance="w1"}': "0x4 1x20"}, [5], [2]),
        ("none is", {'paperscout_stuck{instance="w1"}': "0x40", 'paperscout_stuck{instance="w2"}': "0x40"}, [], [5, 15]),
        ("one is in the first sample", {'paperscout_stuck{instance="w1"}': "_ _ 1x20"}, [3], []),
        ("for half a minute every 30 minutes", {'paperscout_stuck{instance="w1"}': burst("1", "0", 1)}, [], [1, 31, 61])],
    "PaperscoutTasksWait": [
        ("a task waits already in the first sample", {'paperscout_tasks_oldest_pending_seconds{instance="s1"}': "_ 1000+30x80"}, [7], [3]),
        ("a task waits", {'paperscout_tasks_oldest_pending_seconds{instance="s1"}': "0+30x80"}, [25], [14]),
        ("tasks of a cycle wait for a minute every 30 minutes", {'paperscout_tasks_oldest_pending_seconds{instance="s1"}': burst("60", "0")}, [], [1, 31, 61])],
    "PaperscoutNoWorkers": [
        ("none is alive", {'paperscout_workers_alive{instance="s1"}': "2x4 0x20", 'paperscout_leader{instance="s1"}': "1x24"}, [6], [2]),
        ("a standby has not counted any, and the leader has", {'paperscout_workers_alive{instance="s1"}': "2x40", 'paperscout_leader{instance="s1"}': "1x40", 'paperscout_workers_alive{instance="s2"}': "0x40", 'paperscout_leader{instance="s2"}': "0x40"}, [], [5, 15]),
        ("none is alive in the first sample", {'paperscout_workers_alive{instance="s1"}': "0x40", 'paperscout_leader{instance="s1"}': "1x40"}, [4], [1]),
        ("none is for a minute every 30 minutes", {'paperscout_workers_alive{instance="s1"}': burst("0", "2", 2), 'paperscout_leader{instance="s1"}': "1x360"}, [], [1, 2, 31, 61])],
    "PaperscoutNoNotifier": [
        ("none is scraped, from the first sample on", {'paperscout_leader{instance="s1"}': "1x40"}, [5], [1]),
        ("a restart of half a minute every 30 minutes", {'paperscout_notify_depth{instance="n1"}': burst("_", "0", 2)}, [], [1, 31, 61]),
        ("one is", {'paperscout_notify_depth{instance="n1"}': "0x40"}, [], [5])],
    "PaperscoutBackpressure": [
        ("for a quarter of an hour, from the first sample on", {'paperscout_notify_backpressure{instance="n1"}': "1x40"}, [12], [5]),
        ("none", {'paperscout_notify_backpressure{instance="n1"}': "0x40"}, [], [12]),
        ("for five minutes every 30 minutes, as after a large poll", {'paperscout_notify_backpressure{instance="n1"}': burst("1", "0", 10)}, [], [4, 12, 34, 64])],
    "PaperscoutCircuitOpen": [
        ("for ten minutes, from the first sample on", {'paperscout_notify_circuit_open{instance="n1"}': "1x40"}, [8], [3]),
        ("closed", {'paperscout_notify_circuit_open{instance="n1"}': "0x40"}, [], [8]),
        ("open for two minutes every 30 minutes", {'paperscout_notify_circuit_open{instance="n1"}': burst("1", "0")}, [], [1, 6, 31, 61])],
    "PaperscoutLateNews": [
        ("twelve drafts, each more than an hour after its upload", {**{f'paperscout_upload_to_notify_seconds_bucket{{instance="n1",le="{le}"}}': "0x9 12x200" for le in ("14400", "+Inf")}, 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="3600"}': "0x9 1x200", 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "0x9 12x200"}, [], [90]),
        ("a notifier that has just started announces what waited for hours, before its first sample", {**{f'paperscout_upload_to_notify_seconds_bucket{{instance="n1",le="{le}"}}': "_ 12x200" for le in ("+Inf",)}, 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="14400"}': "_ 1x200", 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "_ 12x200"}, [15, 60], []),
        ("two drafts, four hours each, every 30 minutes for a night, among forty that took a minute", {'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="60"}': "0x9 40x720", 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="14400"}': "0x9 " + jumps(1, start=40, cycles=12), 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="+Inf"}': "0x9 " + jumps(2, start=40, cycles=12), 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "0x9 " + jumps(2, start=40, cycles=12)}, [], [60, 180, 350]),
        ("twelve drafts, four hours each", {**{f'paperscout_upload_to_notify_seconds_bucket{{instance="n1",le="{le}"}}': "0x9 12x200" for le in ("+Inf",)}, 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="14400"}': "0x9 1x200", 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "0x9 12x200"}, [60], [8]),
        ("the classic planner, which takes hours by design", {'paperscout_poll_interval_seconds{instance="s1"}': "1800x200", 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="+Inf"}': "0x9 12x200", 'paperscout_upload_to_notify_seconds_bucket{instance="n1",le="14400"}': "0x9 1x200", 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "0x9 12x200"}, [], [60]),
        ("twelve drafts, a minute each", {**{f'paperscout_upload_to_notify_seconds_bucket{{instance="n1",le="{le}"}}': "0x9 12x200" for le in ("60", "14400", "+Inf")}, 'paperscout_upload_to_notify_seconds_count{instance="n1"}': "0x9 12x200"}, [], [60])],
    "PaperscoutDeadLetters": [
        ("a notifier gives up three messages before its first sample", {'paperscout_notify_dead_total{instance="n1"}': "_ _ 3x120", 'paperscout_tasks_dead_total{instance="w1"}': "0x122"}, [10], []),
        ("no worker is there", {'paperscout_notify_dead_total{instance="n1"}': "0 0 0 3x120"}, [10], [1]),
        ("none", {'paperscout_notify_dead_total{instance="n1"}': "0x200", 'paperscout_tasks_dead_total{instance="w1"}': "0x200"}, [], [10, 90]),
        ("tasks", {'paperscout_tasks_dead_total{instance="w1"}': "0x9 1x60"}, [10], [3]),
        ("they were given up long ago", {'paperscout_notify_dead_total{instance="n1"}': "3x400"}, [30], [90]),
        ("one each 30 minutes", {'paperscout_notify_dead_total{instance="n1"}': "0 " + jumps(1)}, [10, 60, 120], [])],
    "PaperscoutRedisEvicts": [
        ("a policy that evicts", {'paperscout_redis_unfit{instance="s1"}': "0x4 1x20"}, [5], [1]),
        ("the policy of its first sample evicts", {'paperscout_redis_unfit{instance="s1"}': "_ 1x20"}, [3], []),
        ("it evicted keys long before this installation was there", {'paperscout_redis_evicted_keys_total{instance="s1"}': "_ 9x200", 'paperscout_redis_unfit{instance="s1"}': "_ 0x200"}, [], [5, 90]),
        ("keys are evicted every 30 minutes", {'paperscout_redis_evicted_keys_total{instance="s1"}': "0 " + jumps(9)}, [33, 61, 100], []),
        ("keys were evicted", {'paperscout_redis_evicted_keys_total{instance="s1"}': "0x4 9x40"}, [6], [1])],
    "PaperscoutRedisMemory": [
        ("90 % for five minutes every 30 minutes", {'paperscout_redis_memory_used_bytes{instance="s1"}': burst("90", "50", 10), 'paperscout_redis_memory_max_bytes{instance="s1"}': "100x360"}, [], [4, 12, 34, 64]),
        ("90 % from the first sample on", {'paperscout_redis_memory_used_bytes{instance="s1"}': "90x60", 'paperscout_redis_memory_max_bytes{instance="s1"}': "100x60"}, [12], [5]),
        ("no limit", {'paperscout_redis_memory_used_bytes{instance="s1"}': "90x60", 'paperscout_redis_memory_max_bytes{instance="s1"}': "0x60"}, [], [12])],
    "PaperscoutCertificateRefused": [
        ("refused from now on", {'paperscout_tls_refused_total{instance="w1"}': "0x3 1+1x60"}, [5], [1]),
        ("refused before its first sample", {'paperscout_tls_refused_total{instance="w1"}': "_ 4x20"}, [5], []),
        ("one host every 30 minutes", {'paperscout_tls_refused_total{instance="w1"}': "0 " + jumps(1)}, [35, 65], [55, 85]),
        ("long ago", {'paperscout_tls_refused_total{instance="w1"}': "4x200"}, [], [60])],
    "PaperscoutRedisDown": [
        ("one program does not reach it, from its first sample on", {'paperscout_redis_connected{instance="w1"}': "0x20", 'paperscout_redis_connected{instance="w2"}': "1x20"}, [4], [1]),
        ("every program does", {'paperscout_redis_connected{instance="w1"}': "1x40", 'paperscout_redis_connected{instance="w2"}': "1x40"}, [], [4, 15]),
        ("it is away for a minute every 30 minutes", {'paperscout_redis_connected{instance="w1"}': burst("0", "1", 2)}, [], [1, 2, 31, 61])],
    "PaperscoutPostgresDown": [
        ("one program does not reach it, from its first sample on", {'paperscout_db_connected{instance="n1"}': "0x20", 'paperscout_db_connected{instance="s1"}': "1x20"}, [4], [1]),
        ("every program does", {'paperscout_db_connected{instance="n1"}': "1x40", 'paperscout_db_connected{instance="s1"}': "1x40"}, [], [4, 15]),
        ("it is away for a minute every 30 minutes", {'paperscout_db_connected{instance="n1"}': burst("0", "1", 2)}, [], [1, 2, 31, 61])],
    "PaperscoutHostPaused": [
        ("short pauses all day, seen by every other scrape", {'paperscout_host_pause_seconds{instance="s0",host="isocpp.org"}': "_ " + " ".join(["3 0"] * 60)}, [48], [5]),
        ("one long pause", {'paperscout_host_pause_seconds{instance="s0",host="isocpp.org"}': "0x19 900-30x29 0x60"}, [], [5, 60]),
        ("the site pauses us already in the first sample", {'paperscout_host_pause_seconds{instance="s0",host="isocpp.org"}': "_ 900x80"}, [20], [10]),
        ("pauses that no scrape sees", {'paperscout_host_pauses_total{instance="w0"}': "0+1x200"}, [30], [5]),
        ("a pause in each cycle, every 30 minutes", {'paperscout_host_pause_seconds{instance="s0",host="isocpp.org"}': burst("20", "0", 2)}, [], [40, 70])],
    "PaperscoutNotReady": [
        ("a token was revoked a day ago, before the first sample", {'paperscout_ready{instance="n0"}': "0x200", 'paperscout_ready{instance="s0"}': "1x200"}, [15, 90], [5]),
        ("a restart every 30 minutes", {'paperscout_ready{instance="n0"}': burst("0", "1")}, [], [1, 31, 61])],
    "PaperscoutIndexStale": [
        ("not downloaded for days", {'paperscout_index_age_seconds{instance="s0"}': "0+30x400", 'paperscout_poll_interval_seconds{instance="s0"}': "1800x400"}, [130, 190], [110]),
        ("the stored copy is days old in the first sample", {'paperscout_index_age_seconds{instance="s0"}': "_ 200000+30x80", 'paperscout_poll_interval_seconds{instance="s0"}': "1800x80"}, [8], [4]),
        ("downloaded every 30 minutes", {'paperscout_index_age_seconds{instance="s0"}': " ".join(["0+30x59"] * 6), 'paperscout_poll_interval_seconds{instance="s0"}': "1800x360"}, [], [60, 120, 170])],
    "PaperscoutSlackRefused": [
        ("a trial a minute, and messages wait", {'paperscout_failures_total{instance="n0",component="notifier",category="CONFIGURATION"}': "0 0+1x200", 'paperscout_notify_depth{instance="n0"}': "5x200"}, [25, 90], [3]),
        ("a notifier whose first sample has a refused trial already", {'paperscout_failures_total{instance="n0",component="notifier",category="CONFIGURATION"}': "_ 3+1x200", 'paperscout_notify_depth{instance="n0"}': "5x201"}, [25, 90], []),
        ("one refused message each 30 minutes", {'paperscout_failures_total{instance="n0",component="notifier",category="CONFIGURATION"}': "0 " + jumps(1), 'paperscout_notify_depth{instance="n0"}': "0x361"}, [], [40, 100])],
    "PaperscoutMessageWaits": [
        ("in the outbox", {'paperscout_outbox_oldest_seconds{instance="s0"}': "0+30x100"}, [25], [14]),
        ("it waits already in a notifier's first sample", {'paperscout_notify_oldest_seconds{instance="n0"}': "_ 1000+30x100"}, [7], [3]),
        ("at a notifier", {'paperscout_notify_oldest_seconds{instance="n0"}': "0+30x100"}, [25], [14]),
        ("a burst that drains in ten minutes, every 30 minutes", {'paperscout_outbox_oldest_seconds{instance="s0"}': burst("600", "0", 20)}, [], [10, 40, 70])],
}


def rules():
    """[(alert, incident, for in minutes)]"""
    found = []
    with open(RULES, encoding="utf-8") as file:
        text = file.read()
    for entry in re.split(r"^ +- alert: ", text, flags=re.M)[1:]:
        name = entry.split("\n", 1)[0].strip()
        incident = re.search(r'paperscout_incident\{name="(\w+)"\}', entry)[1]
        wait = re.search(r"^ +for: (\d+)m$", entry, re.M)
        found.append((name, incident, int(wait[1]) if wait else 0))
    return found


# Rules that fire where there are no data at all are told apart by what says that the fleet is there.
ALIVE = {'paperscout_leader{instance="alive"}': "1x120", 'paperscout_notify_depth{instance="alive"}': "0x120"}


def of_incident(incident, wait):
    series = f'paperscout_incident{{instance="s0",name="{incident}"}}'
    yield "the incident is present", {series: "0x9 1x40", **ALIVE}, [5 + wait + 1], [4]
    yield "the incident is absent", {series: "0x40", **ALIVE}, [], [5, 20]
    yield "the incident is present in the first sample", {series: "_ _ 1x40", **ALIVE}, [1 + wait + 1], []
    bursts = {series: burst("1", "0", 2, 2), **ALIVE}
    if wait >= 2:  # a minute is not long enough
        yield "a minute every 30 minutes", bursts, [], [1, 31, 45]
    else:
        yield "a minute every 30 minutes", bursts, [] if wait else [0, 30], [15, 45]


# Two installations in one Prometheus; the series of the second half of a rule: alert -> {series without the two labels: (of the
# broken one, of the sound one)}. None: the series is not there. Their ready says that the installation was there.
TWO = {
    "PaperscoutNoLeader": [
        ("its schedulers stand by", {"paperscout_leader": ("0x60", "1x60")}),
        ("its schedulers are gone", {"paperscout_leader": (None, "1x60"), "paperscout_ready": ("1x60", "1x60")}),
        ("all its pods are gone", {"paperscout_leader": ("1x9", "1x60"), "paperscout_ready": ("1x9", "1x60")})],
    "PaperscoutNoNotifier": [
        ("its notifiers are gone", {"paperscout_notify_depth": (None, "0x60"), "paperscout_ready": ("1x60", "1x60")})],
    "PaperscoutNoWorkers": [
        ("no worker is alive", {"paperscout_workers_alive": ("0x60", "2x60"), "paperscout_leader": ("1x60", "1x60")})],
    "PaperscoutNoGoodPoll": [
        ("the last good poll is long ago", {"paperscout_last_successful_poll_timestamp_seconds": ("0x60", "0+30x60"),
                                            "paperscout_poll_interval_seconds": ("300x60", "300x60")})],
    "PaperscoutErrorShare": [
        ("errors", {'paperscout_probes_total{outcome="error"}': ("0+30x60", "0x60"),
                    'paperscout_probes_total{outcome="miss"}': ("0+30x60", "0+3000x60")})],
    "PaperscoutRedisDown": [("Redis is away", {"paperscout_redis_connected": ("0x60", "1x60")})],
    "PaperscoutMessageWaits": [("a message waits", {"paperscout_outbox_oldest_seconds": ("2000x60", "0x60")})],
}


def labelled(series, namespace, installation):
    name, _, rest = series.partition("{")
    return f'{name}{{namespace="{namespace}",installation="{installation}",instance="{installation}-0"' + (f",{rest}" if rest else "}")


def of_two_installations(alert, incident):
    """(what, series): prod is broken and staging is not."""
    sound = {"paperscout_leader": ("1x60", "1x60"), "paperscout_notify_depth": ("0x60", "0x60")}
    cases = [("an incident", {f'paperscout_incident{{name="{incident}"}}': ("1x60", "0x60")})] + TWO.get(alert, [])
    for what, pairs in cases:
        series = {}
        for name, (broken, other) in {**sound, **pairs}.items():
            if broken is not None:
                series[labelled(name, "scout", "prod")] = broken
            series[labelled(name, "scout", "staging")] = other
        yield what, series


def tests():
    for alert, incident, _ in rules():
        for what, series in of_two_installations(alert, incident):
            yield {"name": f"{alert}, two installations: {what}", "interval": "30s",
                   "input_series": [{"series": name, "values": values} for name, values in series.items()],
                   "promql_expr_test": [
                       {"expr": f'count by (namespace, installation) (ALERTS{{alertname="{alert}",alertstate="firing"}})',
                        "eval_time": "25m", "exp_samples": [{"labels": '{namespace="scout",installation="prod"}', "value": 1}]}]}
    for alert, incident, wait in rules():
        cases = list(of_incident(incident, wait)) + MORE.get(alert, [])
        for what, series, on, off in cases:
            yield {"name": f"{alert}: {what}", "interval": "30s",
                   "input_series": [{"series": name, "values": values} for name, values in series.items()],
                   "promql_expr_test": [
                       {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                        "eval_time": f"{minute}m", "exp_samples": [{"value": value}]}
                       for value, minutes in ((1, on), (0, off)) for minute in minutes]}


# What the cases of a rule's second half must show, and how their names say it.
KINDS = {"fires": lambda case: case[2], "does not fire": lambda case: not case[2],
         "a first sample that is bad already": lambda case: "first sample" in case[0],
         "a burst every 30 minutes": lambda case: "30 minutes" in case[0]}


def missing_kinds():
    """[what no case shows]: every rule that has an expression over plain metrics has every kind of case."""
    with open(RULES, encoding="utf-8") as file:
        entries = re.split(r"^ +- alert: ", file.read(), flags=re.M)[1:]
    found = []
    for entry in entries:
        alert = entry.split("\n", 1)[0].strip()
        if len(set(re.findall(r"\b(?:paperscout|process)_\w+", entry.split("annotations:")[0])) - {"paperscout_incident"}) > 0:
            found += [f"{alert}: {kind}" for kind, shows in KINDS.items() if not any(shows(case) for case in MORE.get(alert, []))]
    return found


def main():
    missing = missing_kinds()
    if missing:
        print("cases.py: no case shows\n  " + "\n  ".join(missing))
        return 1
    unknown = (set(MORE) | set(TWO)) - {alert for alert, _, _ in rules()}
    if unknown:
        print("cases.py: no such alert: " + ", ".join(sorted(unknown)))
        return 1
    with tempfile.NamedTemporaryFile("w", suffix=".yml", delete=False, encoding="utf-8") as file:
        json.dump({"rule_files": [RULES], "evaluation_interval": "1m", "tests": list(tests())}, file)  # JSON is YAML
    done = subprocess.run(["promtool", "test", "rules", file.name], capture_output=True, text=True, check=False)
    os.unlink(file.name)
    if done.returncode != 0:
        print((done.stdout + done.stderr).strip())
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
