#!/bin/bash
# Runs all of Paperscout on this machine with one command; --help says more.
set -uo pipefail

usage() {
    cat <<'END'
usage: deploy/up.sh [--demo [--stay] | --live] [--no-install] [--help]
       deploy/up.sh run COMMAND [ARGUMENT...]
       deploy/up.sh down [--wipe]

Runs a whole Paperscout on one machine: a private Redis and PostgreSQL, two schedulers, two workers
and a notifier, and tells in plain words what they do. Whatever ends by itself is started again. On a
bare Debian 12 or 13 it first installs what is missing (deploy/packages.sh; root or sudo only for
that) and builds the programs.

  up.sh          where wg21.link answers: live, until Ctrl-C; else the demo
  up.sh --live   polls wg21.link and isocpp.org whether or not wg21.link answers just now
  up.sh --demo   plays a sample mailing of invented papers on this machine, 45 seconds, and ends
  --stay         the demo goes on until Ctrl-C
  --no-install   takes the machine as it is
  up.sh run ...  calls a program beside a run in another terminal, with its settings and in its folder:
                 deploy/up.sh run paperscout status
  up.sh down     stops what a run in another terminal, or one that crashed, has left
  down --wipe    and deletes everything it stored

Settings come from the environment and from .env in the working directory (deploy/env.example). With
REDIS_URL or DATABASE_URL set, that server is used and none is started. With SLACK_BOT_TOKEN set (or
SLACK_BOT_TOKEN_FILE), messages go to Slack; else they are shown here. The status page is at
http://127.0.0.1:8080/ unless that port is taken, or HEALTH_PORT says another. The demo heeds no
settings. Data and logs lie in
/var/lib/paperscout for root, else in ~/.local/state/paperscout; PAPERSCOUT_STATE names another folder.
Started by root, Redis and the programs run as the user paperscout if there is one, else as nobody, in a
folder of their own with a copy of .env; PAPERSCOUT_USER names another user (root: as root).
PAPERSCOUT_BUILD names a folder with built programs, and nothing is installed or built then.

Exit status: 0 ended as asked, 1 something failed or the demo did not show what it must, 64 wrong usage,
69 no packages or a server that did not start.
END
}

wrong_usage() {
    echo "up.sh: $1 (--help says what there is)" >&2
    exit 64
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
build=${PAPERSCOUT_BUILD:-$root/build/release}

if [ "${1:-}" = run ]; then
    shift
    [ $# -gt 0 ] || wrong_usage "run what?"
    exec python3 -B "$root/deploy/local/up.py" --build "$build" run -- "$@"
fi

command=up mode= install=yes arguments=()
for argument in "$@"; do
    case "$argument" in
    -h | --help) usage; exit 0 ;;
    down) command=down ;;
    --demo | --live)
        [ -z "$mode" ] || [ "$mode" = "$argument" ] || wrong_usage "--demo or --live, not both"
        mode=$argument
        arguments+=("$argument")
        ;;
    --stay | --wipe) arguments+=("$argument") ;;
    --no-install) install=no ;;
    *) wrong_usage "unknown argument '$argument'" ;;
    esac
done
[[ $command = down || " ${arguments[*]} " != *" --wipe "* ]] || wrong_usage "--wipe goes with down"
[[ $command = up || " ${arguments[*]} " != *" --"[dls]* ]] || wrong_usage "down takes --wipe only"
[[ $mode = --demo || " ${arguments[*]} " != *" --stay "* ]] || wrong_usage "--stay goes with --demo"

install_packages() {
    . "$root/deploy/packages.sh"
    local missing
    missing=$(packages_missing build run)
    [ -n "$missing" ] || return 0
    echo "Installing what is missing:" $missing
    packages_install build run >"$log" 2>&1 || { cat "$log"; exit 69; }
}

build_programs() {
    local launcher=
    ! command -v ccache >/dev/null || launcher=ccache
    echo "Building the programs (a minute at the first run) ..."
    (cd "$root" && CC=gcc cmake --preset release -DCMAKE_C_COMPILER_LAUNCHER=$launcher &&
        cmake --build build/release --target paperscout paperscout-scheduler \
            paperscout-worker paperscout-notifier paperscout-upstream) >"$log" 2>&1 || {
        cat "$log"
        echo "up.sh: the build failed" >&2
        exit 1
    }
}

if [ $command = up ] && [ -z "${PAPERSCOUT_BUILD:-}" ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    [ $install = no ] || install_packages
    build_programs
    rm -f "$log"
fi
exec python3 -B "$root/deploy/local/up.py" --build "$build" $command "${arguments[@]}"
