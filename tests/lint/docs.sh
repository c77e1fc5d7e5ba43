#!/bin/bash
# Checks that the settings in the documentation are those that the programs know: the table in
# deploy/SETTINGS.md, that of deploy/COMMANDS.md and the file deploy/env.example equal the programs' own output, deploy/compose.yaml passes
# every setting on (compose_names.py), and every file, folder and setting that a document names exists (links.py).
#
# usage: docs.sh [--write] BUILD-FOLDER     --write: regenerate the files instead of checking them
set -u
write=no
if [ "${1:-}" = --write ]; then
    write=yes
    shift
fi
build=${1:?the build folder}
program=$build/scheduler/paperscout-scheduler
faults=0

own() { # option
    "$program" "$1" || {
        echo "docs: $program $1 failed" >&2
        exit 1
    }
}

table=$(own --markdown-settings) || exit 1
example=$(own --env-example) || exit 1
commands=$("$build/bin/paperscout" --markdown-commands) || exit 1

# between NAME FILE: the lines between the marks NAME:begin and NAME:end
between() {
    sed -n "/<!-- $1:begin -->/,/<!-- $1:end -->/p" "$2" | sed '1d;$d'
}

if [ $write = yes ]; then
    page=$(sed '/<!-- settings:begin -->/q' deploy/SETTINGS.md)
    printf '%s\n%s\n<!-- settings:end -->\n' "$page" "$table" >deploy/SETTINGS.md
    printf '%s\n' "$example" >deploy/env.example
    { sed '/<!-- commands:begin -->/q' deploy/COMMANDS.md && printf '%s\n' "$commands" &&
        sed -n '/<!-- commands:end -->/,$p' deploy/COMMANDS.md; } >deploy/COMMANDS.md.new &&
        mv deploy/COMMANDS.md.new deploy/COMMANDS.md
    python3 -B tests/lint/compose_names.py "$program" --write
    exit
fi

compare() { # file, its text, the program's text
    if [ "$2" != "$3" ]; then
        echo "docs: $1 differs from what the program prints; run tests/lint/docs.sh --write $build"
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | head -20
        faults=1
    fi
}
compare deploy/SETTINGS.md "$(between settings deploy/SETTINGS.md)" "$table"
compare deploy/COMMANDS.md "$(between commands deploy/COMMANDS.md)" "$commands"
compare deploy/env.example "$(cat deploy/env.example)" "$example"
python3 -B tests/lint/compose_names.py "$program" || faults=1
python3 -B tests/lint/links.py "$program" || faults=1
exit $faults
