#!/usr/bin/env python3
"""Records a run of a real fleet for a model: record.py MODEL [FILE]   (default: runs/MODEL.fleet.run)

Starts private servers and the programs of the debug build, breaks something, and reads from MONITOR which scripts ran,
for whom, and with which effect. One line for each step, as the model names it: the step, who (the number of the
program; 2: nobody in particular), the outcome. What no line shows: "# shows:" names the steps that a run can show, and
check.py lets the model take all others in between. PAPERSCOUT_BUILD names another build folder.
"""
import hashlib
import glob
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
os.environ.setdefault("PAPERSCOUT_BUILD", os.path.join(ROOT, "build", "debug"))

from rig.fleet import Fleet  # noqa: E402
from rig.index import made_index  # noqa: E402
from rig.wait import wait_until  # noqa: E402

NOBODY = 2


def scripts():
    """{SHA-1: name} of the scripts, as the build embeds them."""
    names = {}
    for path in glob.glob(f"{ROOT}/shared/lua/*.lua"):
        with open(path, "rb") as file:
            names[hashlib.sha1(file.read()).hexdigest()] = os.path.basename(path)[:-4]
    return names


def calls(lines):
    """[(script, keys, arguments, inner commands)] of MONITOR's lines."""
    names, found = scripts(), []
    for source, words in lines:
        words = [word.encode().decode("unicode_escape", "replace") for word in words]
        if source == "lua":
            if found:
                found[-1][3].append(words)
        elif words and words[0].upper() in ("EVALSHA", "EVAL"):
            sha = words[1] if words[0].upper() == "EVALSHA" else hashlib.sha1(words[1].encode()).hexdigest()
            keys = int(words[2])
            found.append((names.get(sha, "?"), words[3:3 + keys], words[3 + keys:], []))
        else:
            found.append(("?", [], words, []))
    # A script that Redis did not know yet ran nothing; it is sent once more, as text.
    return [call for call in found if call[0] != "?" and call[3]]


def ran(inner, *command):
    return any([word.upper() for word in words[:1]] == [command[0]] and list(command[1:]) == words[1:len(command)]
               for words in inner)


def fleet(**settings):
    made = Fleet({"index": {"inline": made_index()}, "drafts": {},
                  "rules": {"slow": {"match": "/files/*", "delay_ms": 20}}},
                 **{"POLL_INTERVAL_SECONDS": 3, "HTTP_CONCURRENCY": 10, "TASK_VISIBILITY_SECONDS": 6, **settings})
    made.start_servers()
    return made


def record_lease():
    """Two schedulers: the leader is killed, the next one stops cleanly, and the first name leads again."""
    made = fleet()
    monitor = made.redis.monitor()
    made.start("worker")
    first = made.start("scheduler", "s0")
    made.wait_cycles(1)
    second = made.start("scheduler", "s1")
    first.kill()
    second.wait_event("LEADER-ACQUIRED", 30)
    second.wait_event("POLL-DONE", 30)
    third = made.start("scheduler", "s0")
    third.wait_event("SCHEDULER-START", 20)
    second.stop()
    key = made.redis.key("leader")
    wait_until(lambda: (made.redis.call("GET", key) or "").startswith("s0:"), 30, "the first name leads again")
    count = len(made.cycles())
    made.wait_cycles(count + 1, 30)
    lines = monitor.stop()
    made.close()
    who, steps = {}, []
    for script, keys, arguments, inner in calls(lines):
        if script == "lease_take":
            number = int(arguments[0][1:])
            granted = ran(inner, "SET", keys[0])
            if granted:
                who[arguments[1]] = number
            steps.append((script, number, "granted" if granted else "refused"))
        elif script in ("lease_keep", "lease_release"):
            number = int(arguments[0].partition(":")[0][1:] or 0) if arguments[0] else 0
            good = ran(inner, "PEXPIRE", keys[0]) or ran(inner, "DEL", keys[0])
            steps.append((script, number, "granted" if good else "refused"))
        elif script in ("cycle_open", "task_publish"):
            steps.append((script, who[arguments[0]], "done" if len(inner) > 1 else "fenced"))
    return (steps, ["lease_take", "lease_keep", "lease_release", "cycle_open", "task_publish"], ["-DEPOCHS=3"],
            "lease_keep 1 granted")


def record_tasks():
    """Two workers, one is killed with tasks in hand: the life of one of these."""
    made = fleet(POLL_INTERVAL_SECONDS=60)
    made.upstream.patch({"rules": {"slow": {"match": "/files/*", "delay_ms": 300}}})
    monitor = made.redis.monitor()
    victim, heir = made.start("worker", "w0"), made.start("worker", "w1")
    made.start("scheduler")
    wait_until(lambda: made.redis.pending("tasks", "workers") > 10, 30, "tasks are in hand")
    victim.kill()
    heir.wait_event("TASK-CLAIMED", 60)
    made.upstream.patch({"rules": {"slow": {"match": "/files/*", "delay_ms": 0}}})
    made.wait_cycles(1, 60)
    lines = monitor.stop()
    made.close()
    task_of, claimed, found = {}, [], calls(lines)
    for script, keys, arguments, inner in found:
        if script == "task_finish":
            count = int(arguments[1])
            names = arguments[2:2 + count]
            for at in range(2 + count, len(arguments), count + 1):
                task_of[arguments[at]] = arguments[at + 1 + names.index("task")]
        elif script == "task_claim":
            claimed += [words[5] for words in inner if words[0].upper() == "XCLAIM"]
    entry = next(entry for entry in claimed if entry in task_of)
    task, steps, holder = task_of[entry], [], {}
    for script, keys, arguments, inner in found:
        if script in ("task_publish", "cycle_open") and task in arguments:
            steps.append(("task_publish", NOBODY, "done" if any(task in words for words in inner) else "nothing"))
        elif script == "task_claim" and any(entry in words for words in inner):
            steps.append((script, int(arguments[1][1:]), "done"))
            holder[entry] = int(arguments[1][1:])
        elif script == "task_finish" and entry in arguments:
            passed_on = keys[1] == keys[0]
            counted = any(words[0].upper() == "XADD" and task in words for words in inner)
            steps.append(("ps_task_completion_pass_on" if passed_on else script, holder[entry],
                          "done" if counted else "nothing"))
    return steps, ["task_publish", "task_claim", "task_finish", "ps_task_completion_pass_on", "task_bury",
                   "task_return"], [], "task_finish 0 done"


def record_outbox():
    """Two notifiers; the one that is sending is killed before it has Slack's answer: the life of that message."""
    made = fleet(ENABLE_ISO_PROBE="false", POLL_INTERVAL_SECONDS=60)
    made.upstream.patch({"slack": {"fault": "stall", "accept": True}})
    monitor = made.redis.monitor()
    made.start("scheduler")
    made.wait_cycles(1)
    victim = made.start_slack_notifier("n0")
    made.postgres.execute("INSERT INTO outbox (dedupe_key, kind, channel, data, message_id, message_text) "
                          "VALUES ('recorded', 'draft', 'C1', '{}', 'o1000', 'recorded')")
    wait_until(lambda: len(made.upstream.slack()) == 1, 30, "Slack has the message, and does not answer")
    victim.kill()
    made.upstream.patch({"slack": {"fault": None, "accept": None}})
    made.start_slack_notifier("n1")
    time.sleep(1)
    made.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' WHERE sent_at IS NULL")
    made.wait_sent(60)
    wait_until(lambda: made.redis.keys("notify:inflight:*") == [], 20, "nobody holds anything")
    lines = monitor.stop()
    made.close()
    steps, held = [], None
    for script, keys, arguments, inner in calls(lines):
        message = next((text for text in arguments if '"o1000"' in text), None)
        if script == "message_push" and message:
            steps.append((script, NOBODY, "done"))
        elif script == "message_take" and any('"o1000"' in word for words in inner for word in words if words[0].upper() == "RPUSH"):
            held = int(arguments[0][1:])
            steps.append((script, held, "done"))
        elif script == "message_reclaim" and held is not None and any(
                words[0].upper() == "LMOVE" and words[1].endswith(f"n{held}") for words in inner):
            steps.append((script, int(arguments[2][1:]), "done"))
            held = None
        elif script == "channel_admit" and "o1000" in arguments and any("next_ms" in words for words in inner if words[0].upper() == "HSET"):
            steps.append((script, int(arguments[0][1:]), "done"))
        elif script == "message_acknowledge" and message:
            steps.append((script, int(keys[1][-1]), "done" if held == int(keys[1][-1]) else "nothing"))
            held = None
    return steps, ["message_push", "message_take", "message_reclaim", "channel_admit", "message_acknowledge"], [], "message_acknowledge 0 done"


def record_alarms():
    """A scheduler and a notifier; PostgreSQL goes away, Redis keeps the record, PostgreSQL comes back."""
    made = fleet(OPS_ALERT_CHANNEL="#ops", ENABLE_ISO_PROBE="false", POLL_INTERVAL_SECONDS=20)
    monitor = made.redis.monitor()
    programs = [made.start("scheduler", "p0"), made.start("notifier", "p1")]
    made.wait_cycles(1)
    made.postgres.stop()
    wait_until(lambda: any(program.events("OPS-ALERT") for program in programs), 120, "the alarm")
    time.sleep(2)
    made.postgres.start()
    wait_until(lambda: any(program.events("OPS-RECOVERY") for program in programs), 120, "the all-clear")
    lines = monitor.stop()
    made.close()
    steps = []
    for script, _, arguments, inner in calls(lines):
        if arguments and arguments[0] != "postgres_down":
            continue
        if script == "alarm_claim":
            won = any(words[0].upper() == "HSET" for words in inner)
            steps.append((script, int(arguments[1][1:]), "won" if won else "not_won"))
        elif script == "alarm_end" and any(words[0].upper() == "HDEL" for words in inner):
            steps.append((script, NOBODY, "done"))
    return steps, ["alarm_claim", "alarm_end"], [], "alarm_end 2 done"


def main():
    model = sys.argv[1] if len(sys.argv) > 1 else ""
    recorder = globals().get(f"record_{model}")
    if recorder is None:
        raise SystemExit(__doc__)
    steps, shows, bounds, refused = recorder()
    path = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "runs", f"{model}.fleet.run")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    kept = [step for number, step in enumerate(steps)  # the third of the same in a row says nothing new
            if steps[max(0, number - 2):number] != [step, step]]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {recorder.__doc__.strip()}\n# Recorded by record.py from a fleet.\n# shows: {' '.join(shows)}\n")
        file.write(f"# cannot follow: {refused}\n")
        if bounds:
            file.write(f"# bounds: {' '.join(bounds)}\n")
        file.writelines(f"{name} {who} {outcome}\n" for name, who, outcome in kept)
    print(f"{path}: {len(kept)} steps")


if __name__ == "__main__":
    main()
