#!/bin/bash
# Includes follow the layers (ARCHITECTURE.md): shared/core <- shared/io; shared/core <- X/core <-
# X/io, X/cli, which also use shared/io; no daemon includes another; core includes no I/O library.
set -uo pipefail

# check ROOT: prints every include that goes the wrong way; false when there is one.
check() {
    (cd "$1" && find . -regextype posix-extended -name '*.[ch]' \
        -regex '\./(shared|scheduler|worker|notifier|tests/unit)/.*' -printf '%P\n' | sort |
        xargs -r grep -HnE '^[[:space:]]*#[[:space:]]*include' /dev/null) | awk -F: '
    function layer(path,    part) {
        split(path, part, "/")
        if (part[1] == "embedded") return "shared io"
        if (path ~ /^[a-z]+\/main\.c$/) return part[1] " main"
        return part[1] " " part[2]
    }
    function allowed(from, to,    f, t) {
        split(from, f, " "); split(to, t, " ")
        if (f[1] == "tests") return t[2] == "core" || t[1] == "tests"
        if (t[1] != f[1] && t[1] != "shared") return 0
        if (t[2] == "core") return 1
        if (f[2] == "core") return 0
        if (t[2] == "io") return 1
        if (t[2] == "cli") return f[2] == "cli" || f[2] == "main"
        return 0
    }
    {
        text = $0; sub(/^[^:]*:[^:]*:/, "", text)
        where = $1 ":" $2 ": "
        if (match(text, /"[^"]*"/)) {
            to = substr(text, RSTART + 1, RLENGTH - 2)
            if (to !~ /^[a-z_]+\/.*[^\/]$/ || to ~ /\.\./) {
                print where "\"" to "\" is no path from the root"; bad = 1
            } else if (!allowed(layer($1), layer(to))) {
                print where layer($1) " may not include " to; bad = 1
            }
        } else if (layer($1) ~ / core$/ &&
                   text ~ /<(event2\/|event\.h|hiredis\/|libpq-fe|openssl\/ssl|sys\/stat|sys\/wait|netdb|unistd|fcntl|poll|sys\/epoll|sys\/select|signal|pthread|threads|time|sys\/time|spawn)/) {
            print where "core is pure:" substr(text, index(text, "<")); bad = 1
        }
    }
    END { exit bad }'
}

plant() { # file, line
    mkdir -p "$tmp/$(dirname "$1")"
    echo "$2" >>"$tmp/$1"
}

# Planted wrongs must be found, planted rights must not.
self_test() {
    local seen wrong=0
    plant shared/core/a.c '#include "shared/core/a.h"'
    plant shared/core/a.c '#include <string.h>'
    plant shared/io/a.c '#include "embedded/scripts.h"'
    plant worker/cli/a.c '#include "worker/core/a.h"'
    plant worker/io/a.c '#include "shared/io/a.h"'
    plant worker/main.c '#include "worker/cli/a.h"'
    seen=$(check "$tmp") || { echo "layers.sh: refuses what is right:"; echo "$seen"; return 1; }
    plant shared/core/b.c '#include "shared/io/a.h"'
    plant shared/core/b.c '#include <unistd.h>'
    plant shared/core/b.c '#include "a.h"'
    plant shared/core/b.c '#include "embedded/scripts.h"'
    plant shared/io/b.c '#include "worker/core/a.h"'
    plant worker/core/b.c '#include "worker/io/a.h"'
    plant worker/core/b.c '#  include "shared/io/a.h"'
    plant worker/io/b.c '#include "worker/cli/a.h"'
    plant worker/io/b.c '#include "notifier/core/a.h"'
    plant tests/unit/b.c '#include "worker/io/a.h"'
    seen=$(check "$tmp") && { echo "layers.sh: finds nothing where everything is wrong"; return 1; }
    wrong=$(grep -cE '/b\.c:[0-9]+: ' <<<"$seen")
    [ "$wrong" = 10 ] || { echo "layers.sh: finds $wrong of 10 planted wrongs:"; echo "$seen"; return 1; }
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
self_test || exit 1
check "$(dirname "$0")/../.."
