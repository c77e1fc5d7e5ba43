#!/bin/bash
# Builds the three images of deploy/Dockerfile; --help says more.
set -euo pipefail

usage() {
    cat <<'END'
usage: deploy/images.sh [--debootstrap] [--tag TAG] [--prefix PREFIX]

Builds PREFIXpaperscout-scheduler:TAG, -worker and -notifier with podman or docker, and says how large they
are. TAG is the version in CMakeLists.txt, PREFIX is empty, or registry.example.com/paperscout/ for example.

  --debootstrap  take Debian 13 from a package mirror in place of a registry: as root, makes the image
                 localhost/debian:trixie-slim once (podman, debootstrap), and builds on that
                 (DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR name others than Debian's own)

The time of every file, and the label "created", is that of the last commit. Exit status: 0 built, 1 not,
64 wrong usage, 69 neither podman nor docker is there.
END
}

wrong_usage() {
    echo "images.sh: $1 (--help says what there is)" >&2
    exit 64
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tag=$(sed -nE 's/^project\(paperscout VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
prefix= base= mirror=${DEBIAN_MIRROR:-}
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage; exit 0 ;;
    --debootstrap) base=localhost/debian:trixie-slim ;;
    --tag) [ $# -ge 2 ] || wrong_usage "--tag needs a name"; tag=$2; shift ;;
    --prefix) [ $# -ge 2 ] || wrong_usage "--prefix needs a name"; prefix=$2; shift ;;
    *) wrong_usage "unknown argument '$1'" ;;
    esac
    shift
done

# Without a cgroup manager or a network of its own, as in a container or on a small machine, podman still builds so.
if command -v podman >/dev/null; then
    build=(podman build --isolation=chroot --network=host --format docker)
    tool=podman
elif command -v docker >/dev/null && [ -z "$base" ]; then
    build=(docker build)
    tool=docker
else
    echo "images.sh: needs podman${base:+ and debootstrap}, or docker" >&2
    exit 69
fi

if [ -n "$base" ] && ! podman image exists "$base"; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo "making $base from ${mirror:-the mirror that debootstrap names}"
    debootstrap --variant=minbase trixie "$work/root" ${mirror:+"$mirror"} >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
    security=${DEBIAN_SECURITY_MIRROR-http://deb.debian.org/debian-security}
    [ -z "$security" ] || echo "deb $security trixie-security main" >>"$work/root/etc/apt/sources.list"
    tar -C "$work/root" --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/lib/apt/lists/*' -c . |
        podman import --quiet - "$base"
fi

revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
epoch=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)
for program in scheduler worker notifier; do
    began=$SECONDS
    "${build[@]}" -f "$root/deploy/Dockerfile" --target $program -t "${prefix}paperscout-$program:$tag" \
        ${base:+--build-arg "BASE=$base"} --build-arg "VERSION=$tag" --build-arg "REVISION=$revision" \
        --build-arg "SOURCE_DATE_EPOCH=$epoch" --build-arg "CREATED=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" "$root"
    size=$($tool image inspect --format '{{.Size}}' "${prefix}paperscout-$program:$tag")
    echo "built ${prefix}paperscout-$program:$tag, $((size / 1000000)) MB, in $((SECONDS - began)) s"
done
