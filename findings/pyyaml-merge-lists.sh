#!/bin/sh
# PyYAML 6.0.4 takes the last of several merged mappings where 6.0.3, YAML's merge specification and Go's reader
# (helm, kubectl) take the first; with keys of one letter it still takes the first.
#
#     <<: [{name: first}, {name: second}]      6.0.3: first      6.0.4: second
#     <<: [{n: first}, {n: second}]            6.0.3: first      6.0.4: first
#
# So one values file or manifest means two things, and which one depends on the version of a library.
# Needs python3 with venv, and PyPI. Exits with 1 if what is stated here is no longer so.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"

ask() {
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "PyYAML==$1"
    "$folder/venv/bin/python" - <<'PYTHON'
import yaml

long, short = "<<: [{name: first}, {name: second}]", "<<: [{n: first}, {n: second}]"
print(yaml.__version__, yaml.safe_load(long)["name"], yaml.safe_load(short)["n"])
PYTHON
}

said=$(ask 6.0.3; ask 6.0.4)
echo "$said"
if [ "$said" != "6.0.3 first first
6.0.4 second first" ]; then
    echo "what is stated above is no longer so" >&2
    exit 1
fi
