#!/bin/bash
# Each header compiles alone, and a second time in one file. Usage: headers.sh [BUILD_DIR], where
# the generated headers are.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
build=${1:-build/debug}
compiler=${CC:-cc}
mapfile -t flags < <(pkg-config --cflags-only-I hiredis libcurl libevent libcares libcjson libpq libutf8proc \
    libxml-2.0 libcrypto cmocka | tr ' ' '\n' | grep . | sed 's/^-I/-isystem/')

# compiles ROOT HEADER: prints the compiler's complaints; false when there are any.
compiles() {
    printf '#include "%s"\n#include "%s"\nextern int ps_not_empty;\n' "$2" "$2" |
        "$compiler" -std=c17 -D_POSIX_C_SOURCE=200809L -DPS_HAVE_HIREDIS_SSL=0 -DPS_VERSION='""' \
            -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$1" -I"$build/generated" "${flags[@]}" \
            -x c - 2>&1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo 'size_t needs_stddef(void);' >"$tmp/bad.h"
if compiles "$tmp" bad.h >"$tmp/seen"; then
    echo "headers.sh: takes a header that lacks an include"
    exit 1
fi
grep -q 'bad.h:1:' "$tmp/seen" || { echo "headers.sh: does not name the place:"; cat "$tmp/seen"; exit 1; }

bad=0
while IFS= read -r header; do
    compiles . "$header" || bad=1
done < <(find shared scheduler worker notifier tests -name '*.h' | sort)
exit $bad
