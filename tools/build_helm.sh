#!/bin/sh
# Builds the helm release that tools/helm<MAJOR>/go.mod pins, through the Go module proxy.
#
#   sh tools/build_helm.sh MAJOR OUTPUT        for example: sh tools/build_helm.sh 4 .tools/bin/helm4
#
# The version is written once, in go.mod; go.sum makes the build repeatable. Nothing is installed outside OUTPUT
# (beside Go's own module and build caches).
set -eu

if [ "$#" -ne 2 ]; then
    echo "usage: sh tools/build_helm.sh MAJOR OUTPUT" >&2
    exit 2
fi
major=$1
case $2 in
    /*) output=$2 ;;
    *) output=$PWD/$2 ;;
esac
cd "$(dirname "$0")/helm$major"

need=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null 2>&1; then
    echo "error: helm $major is missing and Go is not installed to build it:" \
        "install Go >= $need, or put helm $major on PATH (tests: set MCPFENCE_HELM$major to its path)" >&2
    exit 1
fi
# From 1.21 on, Go fetches a newer toolchain by itself or says clearly that it may not; older ones cannot read go.mod.
case $(cd / && go env GOVERSION) in
    "" | go1.[0-9] | go1.[0-9][!0-9]* | go1.1[0-9]* | go1.20*)
        echo "error: $(cd / && go version) is too old to build helm $major: install Go >= $need" >&2
        exit 1
        ;;
esac

export GOWORK=off CGO_ENABLED=0
helm=helm.sh/helm/v$major
version=$(go list -m -f '{{.Version}}' "$helm")
# v0.37.1 of client-go is Kubernetes 1.37. Without these flags helm 3 takes the cluster for Kubernetes 1.20 whenever
# it renders without one, and charts with a kubeVersion constraint are refused (helm 4 reads it from its build info).
minor=$(go list -m -f '{{.Version}}' k8s.io/client-go | cut -d. -f2)

flags="-s -w -X $helm/internal/version.version=$version"
if [ "$major" = 3 ]; then
    for package in "$helm/pkg/chartutil" "$helm/pkg/lint/rules"; do
        flags="$flags -X $package.k8sVersionMajor=1 -X $package.k8sVersionMinor=$minor"
    done
fi

echo "building helm $version (one to two minutes the first time)" >&2
mkdir -p "$(dirname "$output")"
# A build that is stopped half way must not leave a file that make takes for finished.
partial=$output.partial.$$
trap 'rm -f "$partial"' EXIT
go build -mod=readonly -trimpath -ldflags "$flags" -o "$partial" "$helm/cmd/helm"
mv -f "$partial" "$output"
