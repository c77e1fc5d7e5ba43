#!/bin/bash
# Only the writer of the leader compares epochs and terms. Every other part asks ps_leader_writer_leads, so that a fault in the
# guard against late answers can be in one file only. The election and the lease, which give out the epochs, are the exception.
set -u

may='^scheduler/(io/(leader_writer|leadership|election)|core/lease)\.'
name='([a-z_]+(->|\.))*[a-z_]*(epoch|term)'
patterns=("$name +(==|!=|<=|>=|<|>) " "(==|!=|<=|>=|<|>) +$name([^a-z_(]|\$)" 'ps_store_begin(_meta)?\('
    '[a-z_]*op_(epoch|term)')
# Reads for people: nothing is decided by them.
shown='^scheduler/io/scheduler_health\.c:.*epoch > 0 \? epoch : -1|^scheduler/io/store\.[ch]:.*ps_store_begin'

check() { # ROOT
    local bad=0 pattern files
    mapfile -t files < <(cd "$1" && find scheduler -name '*.[ch]' | sort | grep -vE "$may")
    [ ${#files[@]} -gt 0 ] || { echo "epochs.sh: no files"; return 1; }
    for pattern in "${patterns[@]}"; do
        (cd "$1" && grep -HnE "$pattern" "${files[@]}") | grep -vE "${shown/:.*epoch/:[0-9]+:.*epoch}" |
            sed 's/$/   <- use leader_writer.h: no other file compares epochs or terms/' | grep . && bad=1
    done
    return $bad
}

self_test() {
    local seen
    mkdir -p "$tmp/scheduler/io"
    echo 'bool leads = writer->epoch == leadership->epoch;' >"$tmp/scheduler/io/leader_writer.c"
    echo 'int determined = 1 > 0; long epoch = ps_leader_writer_epoch(poll->writer); /* > the epoch */' >"$tmp/scheduler/io/a.c"
    seen=$(check "$tmp") || { echo "epochs.sh: reports what is right:"; echo "$seen"; return 1; }
    printf '%s\n' 'if (poll->epoch > 0)' 'if (0 != term)' 'batch = ps_store_begin(7);' 'x->op_epoch = 1;' >"$tmp/scheduler/io/a.c"
    seen=$(check "$tmp") && { echo "epochs.sh: finds nothing"; return 1; }
    [ "$(grep -c . <<<"$seen")" = 4 ] || { echo "epochs.sh: finds not exactly the planted lines:"; echo "$seen"; return 1; }
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
self_test || exit 1
check "$(dirname "$0")/../.."
