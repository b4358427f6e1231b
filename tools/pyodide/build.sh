#!/bin/sh
# Fetches Pyodide, Python for browsers, out of which `make playground` makes its page: four files, from npm's package.
#
#   sh tools/pyodide/build.sh FOLDER        npm must be there
set -eu

version=314.0.8
sha512=ef85aad645ce0be08213301fc6e4403bbd359c070230b8dff0daf0bd6a6ef12e35755317c1798b434e5d601f85e1ee3a01d9c6a34a2aed81d2554a47b286ab2d

if [ "$#" -ne 1 ]; then
    echo "usage: sh tools/pyodide/build.sh FOLDER" >&2
    exit 2
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "error: Pyodide comes from npm: on Debian and Ubuntu install nodejs and npm" >&2
    exit 1
fi
mkdir -p "$1"
cd "$1"
# The package alone: a browser needs none of those that it depends on.
npm pack "pyodide@$version" --silent >/dev/null
echo "$sha512  pyodide-$version.tgz" | sha512sum --check --quiet
tar -xzf "pyodide-$version.tgz" --strip-components=1 package/pyodide.asm.mjs package/pyodide.asm.wasm \
    package/pyodide.mjs package/python_stdlib.zip package/pyodide-lock.json
rm "pyodide-$version.tgz"
touch .made
