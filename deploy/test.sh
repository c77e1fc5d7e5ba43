#!/bin/bash
# Installs what is missing, builds Paperscout with gcc and clang and runs every test; --help says more.
set -uo pipefail

usage() {
    cat <<'END'
usage: deploy/test.sh [--quick | --soak | --report] [--no-install] [--jobs N] [--help]

Builds Paperscout and runs its tests on a bare Debian 12 or 13. Needs root or sudo only where a
package is missing, and the network only then. In this order:

  packages   installs what deploy/packages.sh names
  compile    the programs, as they are shipped, with gcc and with clang; every warning an error
  debug      unit, fuzz (known inputs), component (real Redis, PostgreSQL, nginx) and lint, and of
             system (the whole fleet) what measures time and what goes on for long
  asan       every test but lint and what measures time, built by clang with AddressSanitizer and UBSan

  --quick       only unit, fuzz and lint, in the debug build: no servers, a minute or two once built
  --soak        the long versions of tests that take their length from the environment, one after the
                other, models at larger bounds, random schedules, faults made on purpose, and a
                report; some hours (CONTRIBUTING.md lists them)
  --report      measures nothing but the coverage of core, and writes the page of what the last runs
                proved, build/report/index.html; every other run but --quick writes it at its end
  --no-install  take the machine as it is
  --jobs N      so many compilers at once, and two to three times as many tests,
                because they wait for most of their time; fewer while the load is above three for each
                of N (default: the processors there are)

What fails is shown in full, and is not played again: a test that fails on a busy machine is a fault,
in the test or in what it tests.
Build folders: build/release, release-clang, debug, asan; ccache is used where it is installed.
The last line is the total, "N passed, N failed"; a build that fails counts as one. Exit status:
0 nothing failed, 1 something did, 64 wrong usage, 69 no packages.
END
}

wrong_usage() {
    echo "test.sh: $1 (--help says what there is)" >&2
    exit 64
}

quick=no soak=no report=no install=yes jobs=$(nproc 2>/dev/null || echo 2)
while [ $# -gt 0 ]; do
    case "$1" in
    --quick) quick=yes ;;
    --soak) soak=yes ;;
    --report) report=yes ;;
    --no-install) install=no ;;
    --jobs) [ $# -ge 2 ] || wrong_usage "--jobs needs a number"; jobs=$2; shift ;;
    --jobs=*) jobs=${1#--jobs=} ;;
    -h | --help) usage; exit 0 ;;
    *) wrong_usage "unknown option '$1'" ;;
    esac
    shift
done
[[ $jobs =~ ^[1-9][0-9]{0,2}$ ]] || wrong_usage "--jobs takes 1 to 999, not '$jobs'"

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. deploy/packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 failures=() began=$SECONDS

# What the page is made of (tests/report/report.py).
note() { # NAME SECONDS ok|failed
    printf '%s\t%s\t%s\n' "$@" >>build/report/stages.tsv
}

write_report() {
    python3 -B tests/report/report.py
    case $? in
    1) failed=$((failed + 1)); failures+=("report: a limit is not kept") ;;
    2) failed=$((failed + 1)); failures+=("report: there is nothing to show") ;;
    esac
}

say() {
    printf '\n== %s\n' "$1"
}

took() { # since when, in SECONDS
    local s=$((SECONDS - $1))
    if [ $s -lt 60 ]; then echo "$s s"; else echo "$((s / 60)) min $((s % 60)) s"; fi
}

packages() {
    local since=$SECONDS missing
    missing=$(packages_missing build run test)
    if [ -z "$missing" ]; then
        echo "every package is there"
        return
    fi
    echo "installing:" $missing
    packages_install build run test >"$work/apt.log" 2>&1 || {
        cat "$work/apt.log"
        exit 69
    }
    echo "installed in $(took $since)"
}

# Quiet when it goes well; what went wrong, all of it, when it does not.
build() { # PRESET [target...]
    local since=$SECONDS launcher= preset=$1
    shift
    ! command -v ccache >/dev/null || launcher=ccache
    if cmake --preset "$preset" -DCMAKE_C_COMPILER_LAUNCHER=$launcher >"$work/build.log" 2>&1; then
        if cmake --build "build/$preset" --parallel "$jobs" ${1:+--target "$@"} -- -k 0 >"$work/build.log" 2>&1; then
            echo "built $preset in $(took $since)"
            note "build $preset" $((SECONDS - since)) ok
            return 0
        fi
        sed -i -E '/^\[[0-9]+\/[0-9]+\]/d' "$work/build.log" # the steps that went well
    fi
    cat "$work/build.log"
    echo "the build $preset FAILED after $(took $since)"
    failed=$((failed + 1))
    failures+=("build $preset")
    note "build $preset" $((SECONDS - since)) failed
    return 1
}

# Of the tests that pass only the slow ones are named.
play() { # LOG, ctest's arguments...
    local log=$1
    shift
    ctest --output-on-failure --no-tests=error --test-load $((3 * jobs)) "$@" </dev/null 2>&1 |
        tee "$log" |
        sed -u -e '/^ *Start *[0-9]*:/d' -e '/ Passed  *0\.[0-9]* sec$/d' -e '/^Internal ctest/d' \
            -e '/^Test project /d' -e '/^Label Time Summary/,/^$/d' -e '/^[0-9]*% tests passed/,$d'
}

failed_in() { # LOG: a line each, "name (why)"
    sed -nE '/^The following tests FAILED/,$s/^[[:space:]]+[0-9]+ - ([^ ]+ \([^)]*\)).*$/\1/p' "$1"
}

run_tests() { # PRESET, tests at once, ctest's selection...
    local preset=$1 at_once=$2 since=$SECONDS total bad names name log=$work/ctest.log
    shift 2
    play "$log" --test-dir "build/$preset" --parallel "$at_once" --output-junit "$PWD/build/report/tests-$preset.xml" "$@"
    read -r bad total < <(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log")
    if [ -z "${total:-}" ]; then # ctest itself did not come to its end
        tail -5 "$log"
        bad=1 total=1
        failures+=("$preset: ctest did not finish")
    fi
    mapfile -t names < <(failed_in "$log")
    passed=$((passed + total - bad))
    failed=$((failed + bad))
    for name in "${names[@]}"; do
        failures+=("$preset: $name")
    done
    note "tests $preset" $((SECONDS - since)) "$([ "$bad" = 0 ] && echo ok || echo failed)"
    echo "$preset: $((total - bad)) of $total passed in $(took $since)"
}

finish() {
    say "done in $(took $began)"
    [ ${#failures[@]} = 0 ] || printf 'FAILED  %s\n' "${failures[@]}"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

mkdir -p build/report
if [ $install = yes ]; then
    say "packages"
    packages
fi

# Servers live in sbin, which is in nobody's PATH but root's.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# What the caller's surroundings say of compilers, servers and proxies is not meant for tests.
export CC=gcc
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset DATABASE_URL REDIS_URL "${!PG@}"

# One factor says how busy this machine is. Limits and intervals of the tests are multiplied by it, so that no
# test fails because something else runs here (tests/system/rig/pace.py).
if [ -z "${PAPERSCOUT_TEST_PACE:-}" ]; then
    PAPERSCOUT_TEST_PACE=$(cd tests/system && python3 -B rig/pace.py) || PAPERSCOUT_TEST_PACE=1
fi
export PAPERSCOUT_TEST_PACE
echo "test pace: $PAPERSCOUT_TEST_PACE (1 on a quiet machine)"

if [ $report = yes ]; then
    say "coverage of core, and the page"
    python3 -B tests/coverage/coverage.py --jobs "$jobs" | tail -1
    [ "${PIPESTATUS[0]}" = 0 ] || { failed=$((failed + 1)); failures+=("coverage"); }
    write_report
    finish
fi
: >build/report/stages.tsv
note pace "$PAPERSCOUT_TEST_PACE" ok

left_out=()
if ! { clang-format-14 --version || clang-format --version; } 2>/dev/null | grep -q 'version 14\.'; then
    echo "there is no clang-format 14 here: the test of the layout, lint.format, is left out"
    left_out=(-E '^lint\.format$')
fi

if [ $quick = yes ]; then
    say "debug: build, unit tests, known fuzz inputs, lint"
    ! build debug || run_tests debug "$((jobs * 2))" -L '^(unit|fuzz|lint)$' "${left_out[@]}"
    finish
fi

# Each line: the test, then the settings of its long version.
soak_tests() {
    cat <<'END'
test_kill_scheduler PAPERSCOUT_KILLS=100
test_chaos PAPERSCOUT_CHAOS_SECONDS=1800
test_stop_anytime PAPERSCOUT_STOPS=100
test_rolling PAPERSCOUT_POLLS=50
test_notify_burst PAPERSCOUT_BURST=5000
test_postgres_lost PAPERSCOUT_AWAY_SECONDS=120
test_worker_storm PAPERSCOUT_STORM_NUMBERS=1240
test_worker_storm PAPERSCOUT_STORM_PAUSE_MS=10000
test_k8s_probes PAPERSCOUT_KUBELET_SPEED=1
test_k8s_probes PAPERSCOUT_REDIS_AWAY_SECONDS=60
test_k8s_nodes PAPERSCOUT_LONG=1
test_k8s_helm_install PAPERSCOUT_LONG=1
test_k8s_installations PAPERSCOUT_LONG=1
test_k8s_commands PAPERSCOUT_ON_CLUSTER=all
test_k8s_load PAPERSCOUT_PHASE_SECONDS=30
test_socket_mode PAPERSCOUT_ENVELOPES=10000
test_listening PAPERSCOUT_LISTEN_ALL=1
test_alarm_moves PAPERSCOUT_SOAK=1
test_crowd PAPERSCOUT_CROWD=2000,600,20
test_hostile_people PAPERSCOUT_COMMANDS=1300
test_replay_fleet PAPERSCOUT_REPLAY=2017-06-01..2018-06-20
alarm_matrix
END
}

soak_step() { # NAME COMMAND...: its last line when it passes, all of it when it does not
    local name=$1 since=$SECONDS
    shift
    if "$@" </dev/null >"$work/soak.log" 2>&1; then
        passed=$((passed + 1))
        printf 'passed  %-26s %s (%s)\n' "$name" "$(tail -1 "$work/soak.log")" "$(took $since)"
    else
        failed=$((failed + 1))
        failures+=("soak: $name")
        cat "$work/soak.log"
        printf 'FAILED  %-26s (%s)\n' "$name" "$(took $since)"
    fi
}

if [ $soak = yes ]; then
    say "soak: long versions of whole-fleet tests, debug build"
    build debug || finish
    while read -r test settings; do
        since=$SECONDS
        # shellcheck disable=SC2086
        if (cd tests/system && env PAPERSCOUT_BUILD="$PWD/../../build/debug" $settings python3 -B "$test.py") \
            </dev/null >"$work/soak.log" 2>&1; then
            passed=$((passed + 1))
            printf 'passed  %-22s %-40s %s\n' "$test" "$settings" "$(took $since)"
            [ "$test" != alarm_matrix ] || sed '1,/^$/d' "$work/soak.log" # the table
            ! grep '^channel delay' "$work/soak.log" || true
        else
            failed=$((failed + 1))
            failures+=("soak: $test $settings")
            tail -60 "$work/soak.log"
            printf 'FAILED  %-22s %-40s %s\n' "$test" "$settings" "$(took $since)"
        fi
    done < <(soak_tests)
    say "soak: models at larger bounds, random schedules for ten minutes each"
    for model in lease tasks outbox alarms; do
        soak_step "model $model" python3 -B tests/model/check.py "$model" --deep
    done
    for simulation in build/debug/tests/simulation_*; do
        soak_step "${simulation##*/}" env PAPERSCOUT_SIMULATION_SECONDS=600 "$simulation"
    done
    say "soak: faults made on purpose, forty in each core file and script"
    build asan || finish
    soak_step mutation python3 -B tests/mutation/mutate.py --sample 40 --sanitized build/asan --report build/report/mutation.json
    say "soak: libFuzzer, ten minutes for each parser"
    soak_step fuzz python3 -B tests/fuzz/fuzz.py --seconds "${PAPERSCOUT_FUZZ_SECONDS:-600}"
    grep ' runs ' "$work/soak.log" # what each parser's inputs reach
    say "soak: growth, coverage, and the benchmark against the last release"
    soak_step growth python3 -B tests/growth/growth.py
    soak_step coverage python3 -B tests/coverage/coverage.py --jobs "$jobs"
    soak_step benchmark python3 -B tests/bench/against.py
    say "page"
    write_report
    finish
fi

say "compile: release with gcc and with clang, $jobs at once"
programs=(paperscout-scheduler paperscout-worker paperscout-notifier paperscout-upstream)
build release "${programs[@]}"
build release-clang "${programs[@]}"
say "debug: unit, component and lint, and of the whole fleet what measures time or goes on for long"
! build debug || run_tests debug "$((jobs * 3))" -LE '^fleet$' "${left_out[@]}"
say "asan: every test but lint and what measures time, under AddressSanitizer and UBSan"
# What goes on for long is played in full above.
! build asan || PAPERSCOUT_AWAY_SECONDS=6 PAPERSCOUT_POLLS=5 run_tests asan "$((jobs * 2))" -LE '^(lint|timing)$'
say "page"
# Its limits are those of --report and --soak: what was measured by an earlier run does not fail this one.
python3 -B tests/report/report.py || true
finish
