#!/bin/bash
# No SQL in C: a statement is a file in X/sql, with its parameters and columns in the header, so that it can be found, read and
# pasted into EXPLAIN. The build makes one typed function of each (shared/cmake/embed_sql.cmake).
set -u # and no pipefail: a grep that finds nothing is well

here=$(cd "$(dirname "$0")" && pwd)
check() { # ROOT
    local files bad=0
    mapfile -t files < <(cd "$1" && find . -regextype posix-extended -regex '\./(shared|scheduler|worker|notifier)/.*\.[ch]' \
        -printf '%P\n' | sort)
    [ ${#files[@]} -gt 0 ] || { echo "sql.sh: no files"; return 1; }
    (cd "$1" && python3 -B "$here/literals.py" strings "${files[@]}") |
        grep -E ':"(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH [a-z_]+ AS) ' |
        sed 's/$/   <- a statement is a file in X\/sql/' | grep . && bad=1
    return $bad
}

self_test() {
    local seen
    mkdir -p "$tmp/worker/io"
    echo 'const char *t = "SELECTED texts; UPDATE is a word, and so is WITH"; /* SELECT 1 */' >"$tmp/worker/io/a.c"
    seen=$(check "$tmp") || { echo "sql.sh: reports what is right:"; echo "$seen"; return 1; }
    echo 'f("SELECT 1"); g("UPDATE meta " "SET x = 1");' >>"$tmp/worker/io/a.c"
    seen=$(check "$tmp") && { echo "sql.sh: finds nothing"; return 1; }
    [ "$(grep -c . <<<"$seen")" = 2 ] || { echo "sql.sh: finds not exactly the planted statements:"; echo "$seen"; return 1; }
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
self_test || exit 1
check "$here/../.."
