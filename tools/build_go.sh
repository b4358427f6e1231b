#!/bin/sh
# Builds the program that tools/NAME/go.mod pins, or that lies beside it, through the Go module proxy.
#
#   sh tools/build_go.sh NAME OUTPUT        for example: sh tools/build_go.sh helm4 .tools/bin/helm4
#
# go.mod has one line `tool PACKAGE`: what is built; without it, the program in tools/NAME itself is. The version is
# written once, there; go.sum makes the build repeatable. tools/NAME/build.sh, where there is one, may set $version (what
# to call it in messages) and $flags (for the linker), or go to a folder $work of its own. Nothing is installed outside
# OUTPUT (beside Go's own module and build caches).
set -eu

if [ "$#" -ne 2 ]; then
    echo "usage: sh tools/build_go.sh NAME OUTPUT" >&2
    exit 2
fi
name=$1
case $2 in
    /*) output=$2 ;;
    *) output=$PWD/$2 ;;
esac
cd "$(dirname "$0")/$name"

need=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null 2>&1; then
    echo "error: $name is missing and Go is not installed to build it: install Go >= $need," \
        "or name a $name that you have (docs/testing.md lists the variables)" >&2
    exit 1
fi
# From 1.21 on, Go fetches a newer toolchain by itself or says clearly that it may not; older ones cannot read go.mod.
case $(cd / && go env GOVERSION) in
    "" | go1.[0-9] | go1.[0-9][!0-9]* | go1.1[0-9]* | go1.20*)
        echo "error: $(cd / && go version) is too old to build $name: install Go >= $need" >&2
        exit 1
        ;;
esac

# A program that needs a newer Go than the one here is built by exactly that one, which the Go module proxy has.
have=$(cd / && go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
if [ "$(printf '%s\n%s\n' "$need" "$have" | sort -V | tail -n 1)" != "$have" ]; then
    export GOTOOLCHAIN="go$need"
fi

export GOWORK=off CGO_ENABLED=0

# The version of a module in this go.mod.
pinned() {
    go list -m -f '{{.Version}}' "$1"
}

package=$(sed -n 's/^tool //p' go.mod)
package=${package:-.}
version=$(pinned "$(go list -f '{{.Module.Path}}' "$package")")
flags=""
work=""
if [ -f build.sh ]; then
    . ./build.sh
fi

echo "building $name $version (one to four minutes the first time)" >&2
mkdir -p "$(dirname "$output")"
# A build that is stopped half way must not leave a file that make takes for finished.
partial=$output.partial.$$
trap 'rm -rf "$partial" ${work:+"$work"}' EXIT
# The linker drops symbols and DWARF (-s -w), so the compiler need not write DWARF: an eighth of its time. A compiler that
# collects its garbage less often saves some more; both leave the code as it is.
GOGC=${GOGC:-400} go build -mod=readonly -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w $flags" -o "$partial" "$package"
mv -f "$partial" "$output"
