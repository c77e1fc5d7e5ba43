#!/bin/bash
# The settings that people read are the ones the programs know: README.md's table and
# deploy/env.example equal the programs' own output; and what documents name is there (links.py).
# Argument: the build folder.
set -u
build=$1
program=$build/scheduler/paperscout-scheduler
faults=0

if [ ! -e README.md ]; then
    echo "docs: no README.md yet, nothing to compare"
    exit 0
fi

compare() { # what, shown text, program's option
    local option=$3
    local own
    if ! own=$("$program" "$option"); then
        echo "docs: $program $option failed"
        faults=1
    elif [ "$2" != "$own" ]; then
        echo "docs: $1 is not what paperscout-scheduler $option prints:"
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$own") | head -20
        faults=1
    fi
}

table=$(sed -n '/<!-- settings:begin -->/,/<!-- settings:end -->/p' README.md | sed '1d;$d')
if [ -z "$table" ]; then
    echo "docs: README.md has no table between <!-- settings:begin --> and <!-- settings:end -->"
    faults=1
else
    compare "README.md's settings table" "$table" --markdown-settings
fi
if [ ! -e deploy/env.example ]; then
    echo "docs: deploy/env.example is missing"
    faults=1
else
    compare "deploy/env.example" "$(cat deploy/env.example)" --env-example
fi
python3 -B tests/lint/links.py "$program" || faults=1
exit $faults
