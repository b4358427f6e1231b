"""Scaffolds a provider with its judge, its tests, its docs and an example: `make new-provider NAME=acme`.

    make new-provider NAME=acme KIND=AcmePolicy GROUP=policy.acme.example/v1 COMPOSITION=union

What is written works: it renders, is proven and tested, with objects of a made-up kind.  Replace those by the engine's
own, then run `make golden`, read what came of it, and `make check`.  Nothing that is there already is overwritten.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from string import Template
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "provider"
TABLES = {
    Path("renderer/mcpfence/providers/__init__.py"): ("TABLE: dict[str, str] = {\n", "}\n", '"{name}": "{name}"'),
    Path("renderer/mcpfence/reach/engines/__init__.py"): ("TABLE = [\n", "]\n", '"{name}"'),
}
"""The tables that get a row: where each begins and ends, and the row."""

_NAME = re.compile(r"[a-z][a-z0-9]{1,40}\Z")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{1,60}\Z")
_GROUP = re.compile(r"[a-z0-9.-]+\.[a-z0-9.-]+/v[0-9a-z]+\Z")

FILES = {
    "provider_init.py": "renderer/mcpfence/providers/{name}/__init__.py",
    "emit.py": "renderer/mcpfence/providers/{name}/emit.py",
    "settings.py": "renderer/mcpfence/providers/{name}/settings.py",
    "advice.py": "renderer/mcpfence/providers/{name}/advice.py",
    "README.md": "renderer/mcpfence/providers/{name}/README.md",
    "engine_init.py": "renderer/mcpfence/reach/engines/{name}/__init__.py",
    "policy.py": "renderer/mcpfence/reach/engines/{name}/policy.py",
    "test_emit.py": "tests/unit/providers/{name}/test_emit.py",
    "test_policy.py": "tests/unit/reach/engines/{name}/test_policy.py",
    "values.yaml": "values-examples/{name}/values.yaml",
}


ALLOWS = '''def _allows(fence: Fence) -> Iterable[Document]:
    """Pods and addresses, with their ports."""
    for allow in fence.egress:
        if allow.peers:
            yield {"action": "allow", "to": _destinations(allow.peers), "ports": _written(allow.ports)}


'''
"""Where the NetworkPolicies allow it all, it need not be said again."""


class Wanted(NamedTuple):
    """What is to be made: the value of `egress.provider`, the kind that it emits, and how that composes."""

    name: str
    kind: str
    group: str
    version: str
    composition: str


COMPOSITIONS = {
    "layered": {
        "where": "a layer of its own behind the cluster's: both must allow",
        "tier": "BEHIND",
        "tier_import": "Engine, Reader, Tier",
        "tier_line": '\nBEHIND = Tier("{name}", 100)\n',
    },
    "union": {
        "where": "among the NetworkPolicies: what any of them allows passes",
        "tier": "POLICIES",
        "tier_import": "POLICIES, Engine, Reader",
        "tier_line": "",
    },
    "ordered": {
        "where": "in front of the NetworkPolicies: the first rule that matches decides",
        "tier": "ADMIN",
        "tier_import": "ADMIN, Engine, Reader",
        "tier_line": "",
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Write everything, or say what is wrong and write nothing; the exit code."""
    parser = argparse.ArgumentParser(description="Scaffold a provider with its judge, tests, docs and an example.")
    parser.add_argument("name", help="the value of egress.provider: small letters and digits")
    parser.add_argument("--kind", help="the kind of its objects (default: NamePolicy)")
    parser.add_argument("--group", default="", help="GROUP/VERSION of that kind (default: policy.NAME.example/v1)")
    parser.add_argument("--composition", default="union", choices=tuple(COMPOSITIONS), help="beside NetworkPolicies")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="the checkout (default: the one that holds this script)"
    )
    options = parser.parse_args(arguments)
    kind = options.kind or f"{options.name.capitalize()}Policy"
    group = options.group or f"policy.{options.name}.example/v1"
    for word, pattern, value in (("name", _NAME, options.name), ("--kind", _KIND, kind), ("--group", _GROUP, group)):
        if not pattern.match(value):
            parser.error(f"{word}: {value!r} does not match {pattern.pattern}")
    group, version = group.split("/")
    wanted = Wanted(options.name, kind, group, version, options.composition)
    taken = [path for path in targets(wanted, options.root) if path.exists()]
    if taken:
        sys.stderr.write(f"error: {taken[0].relative_to(options.root)} is there already; nothing was written\n")
        return 1
    write(wanted, options.root)
    for table in TABLES:
        add_row(wanted, options.root, table)
    for path in targets(wanted, options.root):
        print(path.relative_to(options.root))
    print()
    for table in TABLES:
        print(f"{table}: one row")
    print("next: write the engine's own kind, then make golden, read the diff, make check")
    return 0


def targets(wanted: Wanted, root: Path) -> list[Path]:
    """The files that are written."""
    return [root / path.format(name=wanted.name) for path in FILES.values()]


def write(wanted: Wanted, root: Path) -> None:
    """Write the files, each in its folder."""
    words = words_of(wanted)
    for template, path in FILES.items():
        target = root / path.format(name=wanted.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = Template((TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8")).substitute(words)
        target.write_text(text, encoding="utf-8")


def words_of(wanted: Wanted) -> dict[str, str]:
    """What stands for the words of the templates."""
    union = wanted.composition == "union"
    how = COMPOSITIONS[wanted.composition]
    return {
        "name": wanted.name,
        "Title": wanted.name.capitalize(),
        "kind": wanted.kind,
        "plural": f"{wanted.kind.lower()}s" if not wanted.kind.endswith("y") else f"{wanted.kind.lower()[:-1]}ies",
        "group": wanted.group,
        "version": wanted.version,
        "COMPOSITION": wanted.composition.upper(),
        "rules": "list(_names(fence))" if union else '[*_allows(fence), *_names(fence), {"action": "deny"}]',
        "allows": "" if union else ALLOWS,
        "adds_up": str(union),
        "unreadable": "UNKNOWN_ALLOWS" if union else "UNKNOWN",
        "tier_module": wanted.name if wanted.composition == "layered" else "contract",
        **{key: text.format(name=wanted.name) for key, text in how.items()},
    }


def add_row(wanted: Wanted, root: Path, table: Path) -> None:
    """Add the row to a table."""
    first, last, row = TABLES[table]
    text = (root / table).read_text(encoding="utf-8")
    before, begin, rest = text.partition(first)
    rows, end, after = rest.partition(last)
    if not begin or not end:
        message = f"{table} has no table"
        raise ValueError(message)
    line = f"    {row.format(name=wanted.name)},\n"
    (root / table).write_text(f"{before}{begin}{rows}{line}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
