#!/bin/sh
# Fetches the real MCP servers that the packet lab runs: virtual environments with the clients' SDKs and uv, all wheels,
# and npm's packages as npm's cache keeps them, by their hash.
#
#   sh tools/mcp/build.sh FOLDER        PYTHON=... names the interpreter; npm and Node.js >= 20 must be there
#
# The wheels are those for the Python of this machine's /usr, which the pods of the lab see (`tests/engines/mcp_servers`).
set -eu

if [ "$#" -ne 1 ]; then
    echo "usage: sh tools/mcp/build.sh FOLDER" >&2
    exit 2
fi
python=${PYTHON:-python3}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if ! command -v npm >/dev/null 2>&1 || [ "$major" -lt 20 ]; then
    echo "error: the real MCP servers need Node.js 20 or later with npm: on Debian and Ubuntu install nodejs and npm" >&2
    exit 1
fi

"$python" -m venv --clear "$folder"
pip="$folder/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --requirement "$here/requirements.txt"
in_pods=$(PATH=/usr/local/bin:/usr/bin:/bin python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
"$python" -m venv --clear "$folder/new"
"$folder/new/bin/python" -m pip --disable-pip-version-check --quiet install --requirement "$here/requirements-2026.txt"
for list in requirements.txt requirements-2026.txt; do
    $pip download --only-binary=:all: --python-version "$in_pods" --dest "$folder/wheels" --requirement "$here/$list"
done

cp "$here/package.json" "$here/package-lock.json" "$folder"
# Not `npm ci`: it wants every platform's package of kubernetes-mcp-server in the lock file, and some are not published.
npm install --prefix "$folder" --cache "$folder/npm-cache" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
rm -rf "$folder/node_modules"
touch "$folder/.made"
