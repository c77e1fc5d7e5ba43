#!/bin/bash
# No banned function anywhere, exit only in main.c; a Redis key's text lives in keys.def alone and
# an event's name in log.def alone.
set -u # and no pipefail: a grep that finds nothing is well

here=$(cd "$(dirname "$0")" && pwd)
functions='strcpy|strcat|strncpy|sprintf|vsprintf|strtok|atoi|atol|atof|gets|gmtime|localtime|rand|srand|system|alloca'

sources() { # ROOT, folders as an extended regular expression
    (cd "$1" && find . -regextype posix-extended -name '*.[ch]' -regex "\./($2)/.*" -printf '%P\n' | sort)
}

# The second column of a .def file, as one extended regular expression.
names_of() { # DEF FILE
    sed -nE 's/^PS_X\([A-Z0-9_]+, *"([^"]+)".*/\1/p' "$1" | paste -sd'|'
}

refuse() { # what to say; lines FILE:LINE:TEXT on standard input
    local bad=0 line
    while IFS= read -r line; do
        echo "$(cut -d: -f1-2 <<<"$line"): $1: $(cut -d: -f3- <<<"$line" | sed 's/^ *//')"
        bad=1
    done
    return $bad
}

check() { # ROOT
    local bad=0 keys events programs everything all_code code strings
    mapfile -t programs < <(sources "$1" 'shared|scheduler|worker|notifier')
    mapfile -t everything < <(sources "$1" 'shared|scheduler|worker|notifier|tests')
    keys=$(names_of "$1/shared/core/keys.def")
    events=$(names_of "$1/shared/core/log.def")
    [ -n "$keys" ] && [ -n "$events" ] || { echo "shared/core/keys.def or log.def: no rows read"; return 1; }
    cd "$1" || return 1
    all_code=$(python3 -B "$here/literals.py" code "${everything[@]}") || return 1
    code=$(python3 -B "$here/literals.py" code "${programs[@]}") || return 1
    strings=$(python3 -B "$here/literals.py" strings "${programs[@]}") || return 1
    grep -E "(^|[^A-Za-z0-9_.>])($functions) *\(" <<<"$all_code" | refuse "banned function" || bad=1
    grep -E '^[a-z]+/cli/[a-z_]+\.c:' <<<"$code" | grep -E '(^|[^A-Za-z0-9_])(v?f?printf|f?puts|fwrite) *\(' |
        grep -vE 'fputs *\([^,]*, *stderr\)|fwrite *\(svg' | refuse "a command prints with ps_print" || bad=1
    grep -vE '^[a-z]+/main\.c:' <<<"$code" | grep -E '(^|[^A-Za-z0-9_])exit *\(' |
        refuse "exit outside main.c" || bad=1
    # A key's plain word ("cycle") is also a field's or a column's name; with the prefix, a colon of
    # its own or in a command it is a key.
    grep -E ":\"(paperscout:.*|%s:?($keys)(%s.*)?|($keys)%s.*|($(tr '|' '\n' <<<"$keys" | grep : | paste -sd'|'))|[A-Z]+ ($keys)( .*)?)\"\$" <<<"$strings" |
        grep -vE ':"WHERE ' | refuse "Redis key text outside keys.def" || bad=1
    grep -E "(\"|[^A-Z-])($events)(\"|[^A-Z-])" <<<"$strings" | refuse "event name outside log.def" || bad=1
    return $bad
}

plant() { # line of worker/io/a.c
    echo "$1" >>"$tmp/worker/io/a.c"
}

# Planted wrongs must be found, planted rights must not.
self_test() {
    local seen wrong
    mkdir -p "$tmp/shared/core" "$tmp/worker/io"
    cp "$here"/../../shared/core/{keys,log}.def "$tmp/shared/core/"
    plant 'int x = ps_rand(1); /* strcpy(a, b) */ // exit(1)'
    plant 'const char *t = "atoi(x) POLL"; gmtime_r(&a, &b); _exit(1); p->system = 0;'
    plant 'F_TEXT("cycle", v); F_TEXT("leader", v); "[REDIS_KEY_PREFIX]";'
    plant 'void on_exit_now(int a);'
    seen=$(check "$tmp") || { echo "banned.sh: refuses what is right:"; echo "$seen"; return 1; }
    : >"$tmp/worker/io/a.c"
    plant 'strcpy(a, b);'
    plant 'x = atoi (text);'
    plant 'sprintf(a, "x");'
    plant 'exit(1);'
    plant 'char *k = "paperscout:tasks";'
    plant 'k = ps_alloc_format("%stasks", prefix);'
    plant 'k = "notify:inflight:";'
    plant 'redisAsyncCommand(c, f, p, "XLEN tasks");'
    plant 'log("POLL-DONE");'
    seen=$(check "$tmp") && { echo "banned.sh: finds nothing where everything is wrong"; return 1; }
    wrong=$(grep -cE '^worker/io/a\.c:[0-9]+: ' <<<"$seen")
    [ "$wrong" = 9 ] || { echo "banned.sh: finds $wrong of 9 planted wrongs:"; echo "$seen"; return 1; }
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(self_test) || exit 1
check "$here/../.."
