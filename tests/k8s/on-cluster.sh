#!/bin/bash
# Plays what goes wrong in a cluster, on any cluster that kubectl reaches, and prints a table; --help says the rest.
set -euo pipefail

usage() {
    cat <<'END'
usage: tests/k8s/on-cluster.sh [-n NAMESPACE] [-m MESSAGES] [SCENARIO...]

On an installation of k8s/overlays/dev (messages on the notifiers' output), plays each SCENARIO, or all of them, while
MESSAGES (10) are being sent, and prints a line for each: seconds until every Deployment is complete again, messages
sent, lost (not on any notifier's output after 60 s) and doubled. Exit status: 0 nothing was lost, 1 something was,
64 wrong usage, 69 there is no such installation.

  scale           workers to 8 and back
  rolling-update  every pod is replaced
  delete-leader   the leading scheduler's pod is deleted
  delete-worker   a worker's pod is deleted while it works
  delete-notifier a notifier's pod is deleted while it sends
  evictions       every pod is evicted, as "kubectl drain" does it, as soon as its disruption budget allows that
  redis-restart   the pod of Redis is deleted
  postgres-restart  the pod of PostgreSQL is deleted

Run it against a cluster for tests: it deletes pods and sends messages.
END
}

namespace=paperscout messages=10
all=(scale rolling-update delete-leader delete-worker delete-notifier evictions redis-restart postgres-restart)
wrong_usage() {
    echo "on-cluster.sh: $1 (--help says what there is)" >&2
    exit 64
}
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage; exit 0 ;;
    -n) [ $# -ge 2 ] || wrong_usage "-n needs a name"; namespace=$2; shift ;;
    -m) [ $# -ge 2 ] || wrong_usage "-m needs a number"; messages=$2; shift ;;
    -*) wrong_usage "unknown option '$1'" ;;
    *) break ;;
    esac
    shift
done
scenarios=("$@")
for name in "${scenarios[@]}"; do
    [[ " ${all[*]} " == *" $name "* ]] || wrong_usage "unknown scenario '$name'"
done
[ ${#scenarios[@]} -gt 0 ] || scenarios=("${all[@]}")

work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || true' EXIT

k() { kubectl -n "$namespace" "$@"; }
pods_of() { k get pods -l "app.kubernetes.io/part-of=paperscout,app.kubernetes.io/component=$1" --field-selector=status.phase=Running -o name; }

settled() { k rollout status deployment --timeout=240s >/dev/null; }

# The output of a deleted pod is gone with it, so it is collected all the time; a line names its pod. Lines that are
# read twice are the same, and counted once.
collect() {
    k logs -l app.kubernetes.io/part-of=paperscout,app.kubernetes.io/component=notifier --prefix --tail=-1 \
        --max-log-requests=20 >>"$work/said" 2>/dev/null || true
}
follow() { while :; do collect; sleep 0.5; done; }

send() { # SCENARIO: numbered messages, one after the other
    local i pod
    for ((i = 1; i <= messages; i++)); do
        for ((try = 0; try < 60; try++)); do
            pod=$(pods_of notifier | tail -n 1)
            if k exec "$pod" -- paperscout-notifier send '#papers' "on-cluster $run $1 $i." >/dev/null 2>&1; then
                break
            fi
            sleep 1
        done
    done
}

count() { # SCENARIO: prints "lost doubled"
    local i lost=0 doubled=0 seen
    for ((i = 1; i <= messages; i++)); do
        seen=$(sort -u "$work/said" | grep -cF "\"on-cluster $run $1 $i.\"" || true)
        [ "$seen" -ge 1 ] || lost=$((lost + 1))
        [ "$seen" -le 1 ] || doubled=$((doubled + seen - 1))
    done
    echo "$lost $doubled"
}

leader() {
    local name
    name=$(k exec "$(pods_of scheduler | head -n 1)" -- paperscout-scheduler status | sed -nE 's/^leader +([^ ]+).*/\1/p')
    echo "pod/$name"
}

evict() { # POD
    local try
    for ((try = 0; try < 240; try++)); do
        if k create --raw "/api/v1/namespaces/$namespace/pods/$1/eviction" -f - >/dev/null 2>"$work/refusal" <<END; then
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "$1", "namespace": "$namespace"}}
END
            return
        fi
        sleep 1
    done
    cat "$work/refusal" >&2
    return 1
}

play() {
    local pod program
    case "$1" in
    scale)
        before=$(k get deployment/paperscout-worker -o 'jsonpath={.spec.replicas}')
        k scale deployment/paperscout-worker --replicas=8 >/dev/null
        settled
        k scale deployment/paperscout-worker --replicas="$before" >/dev/null
        ;;
    rolling-update) k rollout restart deployment >/dev/null ;;
    delete-leader) k delete "$(leader)" >/dev/null ;;
    delete-worker) k delete "$(pods_of worker | head -n 1)" >/dev/null ;;
    delete-notifier) k delete "$(pods_of notifier | head -n 1)" >/dev/null ;;
    evictions)
        for program in scheduler worker notifier; do
            for pod in $(pods_of "$program"); do evict "${pod#pod/}"; done
        done
        ;;
    redis-restart) k delete pod redis-0 >/dev/null ;;
    postgres-restart) k delete pod postgres-0 >/dev/null ;;
    esac
    settled
}

for program in scheduler worker notifier; do
    if [ -z "$(pods_of "$program" 2>/dev/null)" ]; then
        echo "on-cluster.sh: no $program runs in namespace $namespace" >&2
        exit 69
    fi
done
run=$$
settled
: >"$work/said"
follow &
follower=$!
result=0
printf '%-18s %8s %6s %6s %8s\n' scenario seconds sent lost doubled
for name in "${scenarios[@]}"; do
    send "$name" &
    sender=$!
    began=$(date +%s%N)
    play "$name"
    seconds=$(((($(date +%s%N) - began)) / 100000000))
    wait "$sender"
    for ((try = 0; try < 60; try++)); do
        collect
        read -r lost doubled < <(count "$name")
        [ "$lost" -gt 0 ] || break
        sleep 1
    done
    [ "$lost" -eq 0 ] || result=1
    printf '%-18s %6d.%d %6d %6d %8d\n' "$name" $((seconds / 10)) $((seconds % 10)) "$messages" "$lost" "$doubled"
done
exit "$result"
