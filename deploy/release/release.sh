#!/bin/bash
# Publishes one version: images for two architectures with SBOM and provenance, signatures, the Helm chart.
set -euo pipefail

usage() {
    cat <<'END'
usage: deploy/release/release.sh [--dry-run] [--platforms LIST] --registry NAME vX.Y.Z

Builds the images of deploy/Dockerfile with docker buildx for each of PLATFORMS (linux/amd64,linux/arm64), pushes them
to NAME/paperscout-{scheduler,worker,notifier}:X.Y.Z with an SBOM and a provenance attached, signs each by its digest with
cosign (keyless: the CI's identity), then packages k8s/helm/paperscout and pushes it to oci://NAME/charts, signed too.
Ends with a line "digest PROGRAM sha256:…" for each image, for an overlay or for the chart's values.

Before anything is built it checks that the version is the same wherever it is written, and that CHANGELOG.md has it.
--dry-run checks that and prints the commands. Needs docker with buildx, cosign and helm, logged in to the registry.
Exit status: 0 published, 1 failed, 64 wrong usage, 69 a tool is missing.
END
}

wrong_usage() {
    echo "release.sh: $1 (--help says what there is)" >&2
    exit 64
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dry= registry= platforms=linux/amd64,linux/arm64 tag=
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry=1 ;;
    --registry) [ $# -ge 2 ] || wrong_usage "--registry needs a name"; registry=$2; shift ;;
    --platforms) [ $# -ge 2 ] || wrong_usage "--platforms needs a list"; platforms=$2; shift ;;
    -*) wrong_usage "unknown option '$1'" ;;
    *) [ -z "$tag" ] || wrong_usage "more than one version"; tag=$1 ;;
    esac
    shift
done
[ -n "$registry" ] || wrong_usage "--registry is missing"
[[ $tag =~ ^v([0-9]+\.[0-9]+\.[0-9]+)$ ]] || wrong_usage "'$tag' is no version vX.Y.Z"
version=${BASH_REMATCH[1]}
registry=${registry,,} # image names are lower case

same() { # FILE EXPRESSION: every match of the expression's group is the version
    local found
    found=$(sed -nE "$2" "$root/$1" | sort -u)
    if [ "$found" != "$version" ]; then
        echo "release.sh: $1 says version ${found:-none}, the tag says $version" >&2
        exit 1
    fi
}
same CMakeLists.txt 's/^project\(paperscout VERSION ([0-9.]+).*/\1/p'
same k8s/helm/paperscout/Chart.yaml 's/^(version|appVersion): (.*)/\2/p'
same k8s/base/kustomization.yaml 's/^ *newTag: (.*)/\1/p'
same k8s/overlays/prod/kustomization.yaml 's/^ *newTag: (.*)/\1/p'
same k8s/components/database-roles/kustomization.yaml 's/^ *image: paperscout-scheduler:(.*)/\1/p'
for file in base/kustomization.yaml components/{gateway/route,in-cluster-webhooks/network,keda/scaledobject}.yaml \
    components/monitoring/{podmonitor,prometheusrule}.yaml; do
    same "k8s/$file" 's|^ *app.kubernetes.io/version: (.*)|\1|p'
done
if [ -z "$dry" ] && ! grep -qE "^## \[?$version\]?" "$root/CHANGELOG.md"; then
    echo "release.sh: CHANGELOG.md has no section $version" >&2
    exit 1
fi

run() {
    if [ -n "$dry" ]; then
        printf '%q ' "$@"
        echo
    else
        "$@"
    fi
}
if [ -z "$dry" ]; then
    for tool in docker cosign helm; do
        command -v "$tool" >/dev/null || { echo "release.sh: $tool is not installed" >&2; exit 69; }
    done
fi

cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
for program in scheduler worker notifier; do
    image=$registry/paperscout-$program
    run docker buildx build --platform "$platforms" --target "$program" --file deploy/Dockerfile --sbom=true \
        --provenance=mode=max --output type=image,rewrite-timestamp=true,push=true --metadata-file "$work/$program.json" \
        --tag "$image:$version" .
    digest=sha256:DIGEST
    [ -n "$dry" ] || digest=$(sed -nE 's/.*"containerimage.digest": *"(sha256:[0-9a-f]{64})".*/\1/p' "$work/$program.json")
    run cosign sign --yes "$image@$digest"
    echo "digest $program $digest"
done
run helm package k8s/helm/paperscout --destination "$work"
if [ -n "$dry" ]; then
    run helm push "paperscout-$version.tgz" "oci://$registry/charts"
    run cosign sign --yes "$registry/charts/paperscout@sha256:DIGEST"
else
    digest=$(helm push "$work/paperscout-$version.tgz" "oci://$registry/charts" 2>&1 | tee /dev/stderr | sed -nE 's/^Digest: *(sha256:.*)/\1/p')
    cosign sign --yes "$registry/charts/paperscout@$digest"
fi
