#!/bin/bash
# Every .c and .h file is as clang-format 14 lays it out.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
for tool in clang-format-14 clang-format; do
    "$tool" --version 2>/dev/null | grep -q 'version 14\.' && break
    tool=
done
if [ -z "$tool" ]; then
    echo "format.sh: clang-format 14 is not installed"
    exit 1
fi

if echo 'int  main ( void ){return 0;}' | "$tool" --dry-run -Werror --assume-filename=a.c 2>/dev/null; then
    echo "format.sh: takes a badly laid out line"
    exit 1
fi
find shared scheduler worker notifier tests -name '*.[ch]' -print0 | xargs -0 "$tool" --dry-run -Werror 2>&1
