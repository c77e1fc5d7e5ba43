#!/bin/bash
# Builds this checkout on Debian 13 and runs what Debian 12 cannot: TLS to Redis (hiredis 1.x), and the tests of Redis
# with Redis 8 and again with Valkey 8.
#   tests/trixie/run.sh [REGEX of tests]      as root; the first time it makes the root, which takes some minutes
# The root is a folder made by debootstrap, PAPERSCOUT_TRIXIE or /var/tmp/paperscout-trixie; delete it when you like.
# PAPERSCOUT_SERVERS names the servers: "redis valkey"; one that Debian does not offer is named and left out.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
root=${PAPERSCOUT_TRIXIE:-/var/tmp/paperscout-trixie}
tests=${1:-'system\.(redis_|sentinel|kill_notifier|retention)|component\.(redis|daemon|scripts|signals|heartbeat|notifier|resolve)$'}
servers=${PAPERSCOUT_SERVERS:-redis valkey}
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
    for name in ccache openssl procps; do command -v ${name/procps/ps} >/dev/null || packages_apt $name; done
    for name in valkey-server; do
        dpkg -s $name >/dev/null 2>&1 || packages_apt $name || echo "run.sh: Debian does not offer $name"
    done'
mkdir -p "$root/src"
cd "$top"
# Files that have not changed keep their time, so that a second run builds little.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -c | tar -C "$root/src" -x
# Mounts of a namespace of our own: they are gone when it ends.
exec unshare -m bash -eu -c '
    root=$1 tests=$2 servers=$3
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TESTS="$tests" SERVERS="$servers" \
        chroot "$root" bash -eu -c "
            cd /src
            cmake --preset debug -DCMAKE_C_COMPILER_LAUNCHER=ccache >/tmp/configure.log || { cat /tmp/configure.log; exit 1; }
            cmake --build build/debug --parallel \$(nproc) >/tmp/build.log 2>&1 || { tail -60 /tmp/build.log; exit 1; }
            status=0
            # The tests find their server as redis-server in the PATH.
            for server in \$SERVERS; do
                command -v \$server-server >/dev/null || { echo \"== no \$server-server here\"; continue; }
                mkdir -p /servers/\$server
                for part in server cli; do ln -sf \$(command -v \$server-\$part) /servers/\$server/redis-\$part; done
                echo \"== with \$(\$server-server --version)\"
                PATH=/servers/\$server:\$PATH ctest --test-dir build/debug -R \"\$TESTS\" --output-on-failure || status=1
            done
            exit \$status
        "' run "$root" "$tests" "$servers"
