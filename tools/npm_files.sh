#!/bin/sh
# Fetches files out of one package of npm, whose version and hash whoever calls it pins; none of its dependencies.
#
#   sh tools/npm_files.sh FOLDER PACKAGE VERSION SHA512 DEPTH FILE...        npm must be there
#
# FILEs are named as in the package, and lose as many folders of their names as DEPTH says.
set -eu

if [ "$#" -lt 6 ]; then
    echo "usage: sh tools/npm_files.sh FOLDER PACKAGE VERSION SHA512 DEPTH FILE..." >&2
    exit 2
fi
folder=$1 package=$2 version=$3 sha512=$4 depth=$5
shift 5
if ! command -v npm >/dev/null 2>&1; then
    echo "error: $package comes from npm: on Debian and Ubuntu install nodejs and npm" >&2
    exit 1
fi
mkdir -p "$folder"
cd "$folder"
npm pack "$package@$version" --silent >/dev/null
echo "$sha512  $package-$version.tgz" | sha512sum --check --quiet
tar -xzf "$package-$version.tgz" "--strip-components=$depth" "$@"
rm "$package-$version.tgz"
touch .made
