#!/bin/sh
# Fetches Mermaid, which draws the picture of a report where code hosts show Markdown: one script, from npm's package.
#
#   sh tools/mermaid/build.sh FOLDER        npm must be there
set -eu

version=12.3.0
sha512=e35d774dd5de2c0b0caee27bf4ea452f93bcf8b4c55e142a676eb4ac5ded8149a2340b519b852e99ed3823eeb93d137ac99ebd2787fcad56165bccd193ae5463

if [ "$#" -ne 1 ]; then
    echo "usage: sh tools/mermaid/build.sh FOLDER" >&2
    exit 2
fi
exec sh "$(dirname "$0")/../npm_files.sh" "$1" mermaid "$version" "$sha512" 2 \
    package/dist/mermaid.min.js
