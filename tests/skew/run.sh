#!/bin/bash
# Version skew: the fleet as a mixture of the version before and this one, upgraded and taken back program by program.
#   tests/skew/run.sh [REVISION]      REVISION: a commit or tag of this repository; default: the newest tag, else tests/skew/baseline
# Builds that revision in build/skew/<hash> and this one in build/debug (or PAPERSCOUT_BUILD, when it is there), then runs
# tests/system/test_skew.py.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
revision=${1:-$(git describe --tags --abbrev=0 2>/dev/null || sed '/^#/d' tests/skew/baseline)}
hash=$(git rev-parse --verify --quiet "$revision^{commit}") || {
    echo "run.sh: $revision is not in this repository (a shallow clone? git fetch --unshallow)" >&2
    exit 69
}
now=${PAPERSCOUT_BUILD:-$top/build/debug}
old=$top/build/skew/$hash
launcher=$(command -v ccache >/dev/null && echo -DCMAKE_C_COMPILER_LAUNCHER=ccache || true)

if [ ! -x "$old/ready" ]; then
    mkdir -p "$old/source"
    git archive "$hash" | tar -C "$old/source" -x
    cmake -S "$old/source" -B "$old" -G Ninja -DCMAKE_BUILD_TYPE=Debug $launcher >"$old/configure.log"
    cmake --build "$old" --parallel "$(nproc)" --target paperscout-scheduler paperscout-worker paperscout-notifier >"$old/build.log" ||
        { tail -40 "$old/build.log"; exit 1; }
    install -m 755 /dev/null "$old/ready"
fi
if [ ! -x "$now/scheduler/paperscout-scheduler" ]; then
    cmake --preset debug $launcher >/dev/null
    cmake --build "$now" --parallel "$(nproc)"
fi
echo "skew: $(git log -1 --format='%h %s' "$hash") and this"
cd tests/system
exec env PAPERSCOUT_BUILD="$now" PAPERSCOUT_OLD="$old" python3 -B test_skew.py -v
