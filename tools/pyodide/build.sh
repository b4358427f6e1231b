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
exec sh "$(dirname "$0")/../npm_files.sh" "$1" pyodide "$version" "$sha512" 1 \
    package/pyodide.asm.mjs package/pyodide.asm.wasm package/pyodide.mjs \
    package/python_stdlib.zip package/pyodide-lock.json
