#!/bin/sh
# set_runbook_url.sh URL: let the alerts' runbook_url point to your copy of deploy/RUNBOOK.md. Set RUNBOOK_URL of the
# programs to the same. Prints what it changed.
set -eu
[ $# -eq 1 ] || { echo "usage: set_runbook_url.sh URL" >&2; exit 64; }
case $1 in
http://* | https://*) ;;
*) echo "set_runbook_url.sh: \"$1\" is no http:// or https:// URL" >&2; exit 64 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
url=$(printf '%s' "$1" | sed 's/[&|\\]/\\&/g')
for file in "$here/paperscout.yml" "$here/../../k8s/components/monitoring/prometheusrule.yaml"; do
    [ -f "$file" ] || continue
    sed -i "s|runbook_url: http[^#]*#|runbook_url: $url#|" "$file"
    echo "$file: $(grep -c "runbook_url: $1#" "$file") rules"
done
