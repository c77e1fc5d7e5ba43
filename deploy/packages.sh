#!/bin/bash
# The Debian packages that Paperscout needs, in one place. Sourced by test.sh and up.sh:
#   packages_of GROUP...       their names on this system, one a line
#   packages_missing GROUP...  those that are not installed
#   packages_install GROUP...  installs what is missing, as root or with sudo; asks the network only then
# Called as a program it does the first: deploy/packages.sh build run
#
# Groups: build (compiles everything with gcc), run (what the programs meet when they run),
# test (what only the tests need). Debian 12 and 13; other Debian-like systems as far as they go.

# Of these a package puts a service on the system; one that was not there before is left switched off.
packages_services='redis-server postgresql pgbouncer nginx prometheus'

packages_clang_version() {
    case "$(. /etc/os-release 2>/dev/null && echo "${ID:-}:${VERSION_ID:-}")" in
    debian:12) echo 14 ;;
    debian:13) echo 19 ;;
    ubuntu:24.04) echo 18 ;;
    *) apt-cache depends clang 2>/dev/null | sed -n 's/^ *Depends: clang-\([0-9]*\)$/\1/p' | head -1 ;;
    esac
}

packages_of() { # GROUP...
    local group clang
    for group in "$@"; do
        case "$group" in
        build)
            printf '%s\n' build-essential cmake ninja-build pkgconf python3 \
                libhiredis-dev libcurl4-openssl-dev libevent-dev libc-ares-dev libssl-dev \
                libpq-dev libcjson-dev libutf8proc-dev libxml2-dev libtre-dev uthash-dev libcmocka-dev
            ;;
        run)
            printf '%s\n' ca-certificates poppler-utils redis-server postgresql
            ;;
        test)
            clang=$(packages_clang_version)
            # prometheus has promtool with it
            printf '%s\n' clang curl nginx openssl pgbouncer prometheus faketime python3-yaml
            # The completions are tried in the real shells, and the manual pages with the strictest reader.
            printf '%s\n' zsh fish mandoc
            # Checks the models of the protocols.
            echo spin
            # The sanitizers' runtime, and what turns their addresses into lines.
            [ -z "$clang" ] || printf '%s\n' "libclang-rt-$clang-dev" "llvm-$clang"
            # The layout is that of clang-format 14, which later systems do not have.
            [ "$clang" != 14 ] || echo clang-format-14
            # What the status page is looked at with; elsewhere it is no package of the system's own.
            [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" != debian ] || echo chromium
            ;;
        *)
            echo "packages.sh: no group '$group'; there are build, run and test" >&2
            return 64
            ;;
        esac
    done
}

packages_missing() { # GROUP...
    local names name
    names=$(packages_of "$@") || return
    for name in $names; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
    done
}

packages_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# While packages are installed no service is started, and none gets a database of its own.
packages_apt() { # package...
    packages_as_root env DEBIAN_FRONTEND=noninteractive bash -c '
        set -e
        policy=/usr/sbin/policy-rc.d
        clusters=/etc/postgresql-common/createcluster.conf
        if [ ! -e $policy ]; then
            trap "rm -f $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" >$policy
            chmod 755 $policy
        fi
        if [ ! -e $clusters ]; then
            mkdir -p ${clusters%/*}
            echo "create_main_cluster = false" >$clusters
        fi
        apt-get -qq -o Acquire::Retries=3 update
        apt-get -qq -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
            -o Dpkg::Options::=--force-confold install --no-install-recommends "$@"' packages "$@"
}

packages_install() { # GROUP...
    local missing new name
    if ! command -v dpkg-query >/dev/null; then
        echo "packages.sh: this system has no apt; install what these packages hold by hand:" >&2
        packages_of "$@" >&2
        return 0
    fi
    missing=$(packages_missing "$@") || return
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "packages.sh: neither root nor sudo; install as root: apt-get install" $missing >&2
        return 69
    fi
    new=
    for name in $packages_services; do
        ! grep -qx "$name" <<<"$missing" || new="$new $name"
    done
    packages_apt $missing </dev/null >&2 || {
        echo "packages.sh: apt-get could not install:" $missing >&2
        return 69
    }
    if [ -n "$new" ] && [ -d /run/systemd/system ]; then
        packages_as_root systemctl disable $new </dev/null >/dev/null 2>&1 || true
    fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    packages_of "${@:-build}"
fi
