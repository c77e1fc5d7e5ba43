#!/bin/bash
# Modules do not include each other in a circle (see cycles.py for what counts as one module).
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

plant() { # FILE INCLUDED...
    local file=$1
    shift
    mkdir -p "$tmp/$(dirname "$file")"
    printf '#include "%s"\n' "$@" >>"$tmp/$file"
}

# A module with its private header is no cycle; three modules in a circle are one.
self_test() {
    local seen
    plant shared/io/a.c shared/io/a.h shared/io/a_private.h shared/core/b.h
    plant shared/io/a_private.h shared/io/a.h
    plant shared/io/a_more.c shared/io/a_private.h
    plant shared/io/a.h shared/core/b.h
    plant shared/core/b.h shared/core/c.h
    seen=$(python3 -B "$here/cycles.py" "$tmp") ||
        { echo "cycles.sh: reports a cycle where there is none:"; echo "$seen"; return 1; }
    plant shared/core/c.h shared/core/d.h
    plant shared/core/d.c shared/core/b.h
    seen=$(python3 -B "$here/cycles.py" "$tmp")
    [ "$seen" = "include cycle: shared/core/b shared/core/c shared/core/d" ] ||
        { echo "cycles.sh: does not find the planted cycle: $seen"; return 1; }
}

self_test || exit 1
python3 -B "$here/cycles.py" "$here/../.."
