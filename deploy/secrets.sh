#!/bin/bash
# Makes the secrets that deploy/compose.yaml mounts; --help says more.
set -euo pipefail

usage() {
    cat <<'END'
usage: deploy/secrets.sh [FOLDER]

Makes FOLDER (deploy/secrets) with what deploy/compose.yaml mounts: passwords for Redis and for the
three roles in PostgreSQL (owner, scheduler, notifier), the URLs and redis.conf that hold them, and empty
files for Slack's bot token and signing secret, which you fill in. A file that is there stays as it is:
after an upgrade the command adds what is new. The files are for group 10001, as which the containers
run; that needs root, else they are readable by everybody on this host.
END
}

case "${1:-}" in
-h | --help) usage; exit 0 ;;
-*) echo "secrets.sh: unknown option '$1' (--help says what there is)" >&2; exit 64 ;;
esac
folder=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/secrets}
umask 077
mkdir -p "$folder"

password() {
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32 || true
}

put() { # NAME, content on standard input
    if [ -e "$folder/$1" ]; then
        cat >/dev/null
        return
    fi
    cat >"$folder/$1"
    if [ "$(id -u)" = 0 ]; then
        chown 0:10001 "$folder/$1"
        chmod 0440 "$folder/$1"
    else
        chmod 0444 "$folder/$1"
    fi
    echo "made $folder/$1"
}

chmod 0711 "$folder"
password | put redis-password
password | put postgres-password
redis=$(cat "$folder/redis-password") postgres=$(cat "$folder/postgres-password")
put redis-url <<<"redis://:$redis@redis:6379/0"
for role in scheduler notifier; do
    password | put postgres-password-$role
    put $role-database-url <<<"postgresql://paperscout_$role:$(cat "$folder/postgres-password-$role")@postgres:5432/paperscout"
done
put database-url <<<"postgresql://paperscout:$postgres@postgres:5432/paperscout"
put redis.conf <<END
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory 128mb
maxmemory-policy noeviction
requirepass $redis
END
put slack-bot-token </dev/null
put slack-signing-secret </dev/null
