#!/bin/bash
# Builds this checkout on Debian 13 and runs what Debian 12 cannot: TLS to Redis (hiredis 1.x).
#   tests/trixie/run.sh [REGEX of tests]      as root; the first time it makes the root, which takes some minutes
# The root is a folder made by debootstrap, PAPERSCOUT_TRIXIE or /var/tmp/paperscout-trixie; delete it when you like.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
root=${PAPERSCOUT_TRIXIE:-/var/tmp/paperscout-trixie}
tests=${1:-'system\.redis_|component\.(redis|daemon)$'}
mirror=${PAPERSCOUT_MIRROR:-}

[ "$(id -u)" = 0 ] || { echo "run.sh: debootstrap and chroot need root" >&2; exit 77; }
command -v debootstrap >/dev/null || { echo "run.sh: apt-get install debootstrap" >&2; exit 69; }
if [ ! -e "$root/ready" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase trixie "$root" ${mirror:+"$mirror"}
    touch "$root/ready"
fi
cp "$top/deploy/packages.sh" "$root/packages.sh"
chroot "$root" bash -c '. /packages.sh && packages_install build run &&
    for name in ccache openssl procps; do command -v ${name/procps/ps} >/dev/null || packages_apt $name; done'
mkdir -p "$root/src"
cd "$top"
# Files that have not changed keep their time, so that a second run builds little.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -c | tar -C "$root/src" -x
# Mounts of a namespace of our own: they are gone when it ends.
exec unshare -m bash -eu -c '
    root=$1; tests=$2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TESTS="$tests" \
        chroot "$root" bash -eu -c "
            cd /src
            cmake --preset debug -DCMAKE_C_COMPILER_LAUNCHER=ccache >/tmp/configure.log || { cat /tmp/configure.log; exit 1; }
            cmake --build build/debug --parallel \$(nproc) >/tmp/build.log 2>&1 || { tail -60 /tmp/build.log; exit 1; }
            exec ctest --test-dir build/debug -R \"\$TESTS\" --output-on-failure
        "' run "$root" "$tests"
