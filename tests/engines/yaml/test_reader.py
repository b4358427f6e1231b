"""Our readers beside Go's (sigs.k8s.io/yaml), which kubectl and helm use: what both accept, both read alike."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mcpfence.documents.agreement import load_judged
from mcpfence.documents.reader import BadDocument, load_values
from tooling import PATIENCE, find_yamljudge, need

SCALARS = [
    "y",
    "n",
    "Y",
    "N",
    "yes",
    "no",
    "on",
    "off",
    "Yes",
    "NO",
    "On",
    "OFF",
    "true",
    "True",
    "TRUE",
    "false",
    "null",
    "Null",
    "NULL",
    "~",
    "08",
    "0O17",
    "1e3",
    "0o17",
    "0x1F",
    "0b11",
    "017",
    "1_000",
    "+1",
    "-1",
    ".",
    ".5",
    "5.",
    "1.",
    ".inf",
    "-.inf",
    "+.INF",
    ".nan",
    ".NaN",
    "22:22",
    "22:22:22",
    "2001-12-14",
    "2001-12-14T21:59:43Z",
    "2001-12-14 21:59:43.10 -5",
    "2001-1-1",
    "2001-99-99",
    "2001-12-14-1e3",
    "1.0",
    "1.10",
    "0.1",
    "-0",
    "-0.0",
    "00",
    "1e400",
    "123456789012345678901",
    "=",
    "<<",
    "10.0.0.0/8",
    "1.2.3.4",
    "fd00::1",
    "::1",
    "1a2b",
    "100m",
    "1Gi",
    "10s",
    "0644",
    "-",
    "--",
    "++1",
    "0x",
    "0b",
    "0o",
    "0b2",
    "0xG",
    "1__0",
    "_1",
    "1_",
    "inf",
    "nan",
    "infinity",
    "Inf",
    "NaN",
    "1E5",
    "1e+3",
    "1.5e3",
    ".e3",
    "6.8523015e+5",
    "190:20:30.15",
    "tRUE",
    "nULL",
    "nO",
    "oN",
    "8000-8010",
    ".5e17",
    "''",
    '"\\x41"',
    "'y'",
    '"08"',
    "!!str",
    "1",
    "!!int",
    '"1"',
    "!!binary",
    "aGk=",
    "!x",
    "!!float",
    "1",
    "!!bool",
    "y",
]
TAGS = (
    "!!str",
    "!!int",
    "!!bool",
    "!!float",
    "!!null",
    "!!map",
    "!!seq",
    "!!set",
    "!!binary",
    "!!timestamp",
    "!",
    "!x",
)
LETTERS = "0123456789_+-.:eExXoObBfFaANnyYTZ~=<ilts#,"
KEYS = (*SCALARS, "a", "b", "kind", "spec", "<<", '"<<"', "? a", "[a]")
MERGED = (
    *("*x", "*y", "[*x, *y]", "[*y, *x]", "{a: 3}", "[]", "[{kind: c}, *x]", "{<<: *x, kind: d}", "{kind: d, <<: *x}"),
    *("{<<: [*y, *x]}", "[{kind: e, <<: *y}, *x]", "{kind: f, kind: g}"),
)
"""What is merged; names of one letter and of more, for PyYAML 6.0.4 does not treat them alike."""
ANCHORS = "one: &x {a: 1, b: p, kind: one}\ntwo: &y {a: 2, c: q, kind: two}\n"
CASES = 100_000


def _scalar(chance: random.Random) -> str:
    listed = chance.random() < 0.3
    return chance.choice(SCALARS) if listed else "".join(chance.choices(LETTERS, k=chance.randint(1, 6)))


def _again(chance: random.Random) -> str:
    """A document whose anchors are given again and again, merged and not."""
    values = ("1", "a", "{a: 5, m: *y}", "[*x, 1]", "{b: &x 6, c: *x}", "{<<: *x, b: 7}", "{<<: [*x, *y]}")
    lines = []
    for number in range(chance.randint(2, 6)):
        name, value = chance.choice("xyz"), chance.choice(values)
        lines.append(f"k{number}: {chance.choice((f'&{name} {value}', f'*{name}', f'{{<<: *{name}, d: 8}}'))}")
    return f"{ANCHORS}three: &z {{a: 9}}\n" + "\n".join(lines) + "\n"


def _value(chance: random.Random, depth: int) -> str:
    kind = chance.random() if depth else 1.0
    if kind < 0.25:
        return "[" + ", ".join(_value(chance, depth - 1) for _ in range(chance.randint(0, 3))) + "]"
    if kind < 0.6:
        return _flow(chance, depth - 1)
    return chance.choice(("*x", "*y", *[_scalar(chance)] * 12))


def _flow(chance: random.Random, depth: int) -> str:
    pairs = []
    for _ in range(chance.randint(0, 4)):
        key = chance.choice(KEYS) if chance.random() < 0.6 else _scalar(chance)
        merged = chance.choice(MERGED)
        pairs.append(f"{key}: {merged if key == '<<' else _value(chance, depth)}")
    return "{" + ", ".join(pairs) + "}"


def _cases(chance: random.Random) -> Iterator[str]:
    for scalar in SCALARS:
        yield f"v: {scalar}\n"
        yield f"{scalar}: v\n"
    for tag in TAGS:
        for scalar in SCALARS:
            yield from (f"v: {tag} {text}\n" for text in (scalar, f'"{scalar}"', f"&x {scalar}", f"[{tag} {scalar}]"))
        yield from (f"v: {tag} {text}\n" for text in ("{}", "{a: 1}", "[]", "[a]", "\n  a: 1", "\n  - a", ""))
    for merged in MERGED:
        yield from (f"{ANCHORS}v: {text}\n" for text in (f"{{<<: {merged}}}", f"{{<<: {merged}, kind: h, b: i}}"))
    for _ in range(CASES // 2):
        scalar = _scalar(chance)
        yield chance.choice((f"v: {scalar}\n", f"v: [{scalar}]\n", f"v:\n- {scalar}\n", f"{scalar}: v\n"))
    while True:
        lines = [f"{chance.choice(KEYS)}: {_value(chance, 2)}" for _ in range(chance.randint(1, 3))]
        yield ANCHORS + "\n".join(lines) + "\n"
        if chance.random() < 0.1:
            yield _again(chance)
        if chance.random() < 0.2:
            yield f"{ANCHORS}v: {_merging(chance, 2)}\n"


def _merging(chance: random.Random, depth: int) -> str:
    """A mapping with nothing in doubt but its merges."""
    pairs = []
    if chance.random() < 0.6:
        others = [_merging(chance, depth - 1) for _ in range(chance.randint(0, 3) if depth else 0)]
        listed = "[" + ", ".join(others) + "]"
        pairs.append(f"<<: {chance.choice((*MERGED, listed, *others, *others))}")
    for _ in range(chance.randint(0, 3)):
        plain = chance.choice(("1", "a", "'b'", "*x", "*y", "true", "{m: 1}", "[1, a]"))
        value = _merging(chance, depth - 1) if depth and chance.random() < 0.3 else plain
        pairs.append(f"{chance.choice(('a', 'b', 'kind', 'spec', 'more'))}: {value}")
    if chance.random() < 0.2:
        chance.shuffle(pairs)
    return "{" + ", ".join(pairs) + "}"


def _policy(text: str) -> Any:
    """A document as the judge of policies reads it, which refuses doubt only in what could be one."""
    (document,) = load_judged(f"kind: NetworkPolicy\n{text}")
    return document


@pytest.mark.parametrize("read", [_policy, load_values], ids=["policies", "values"])
def test_readers_agree(read: Callable[[str], Any]) -> None:
    """100,000 scalars, keys, merges and documents, and not one that both accept and read differently."""
    program = need(find_yamljudge)
    chance = random.Random(13)  # noqa: S311 - the same cases each time
    texts = [text for text, _ in zip(_cases(chance), range(CASES), strict=False)]
    head = "kind: NetworkPolicy\n" if read is _policy else ""
    given = "".join(json.dumps(head + text) + "\n" for text in texts)
    done = subprocess.run([program], input=given, capture_output=True, text=True, check=True, timeout=PATIENCE)
    answers = done.stdout.splitlines()
    assert len(answers) == len(texts)

    both, merged, again, different = 0, 0, 0, []
    for text, line in zip(texts, answers, strict=True):
        answer = json.loads(line)
        if "error" in answer:
            continue
        try:
            ours = read(text)
        except BadDocument:
            continue
        both += 1
        merged += "<<:" in text
        again += text.count("&x ") > 1
        if not _same(ours, answer["json"]):
            different.append((text, ours, answer["json"]))

    assert "\n".join(map(str, different[:30])) == ""
    assert both > CASES // 10
    assert merged > CASES // 100
    assert again > CASES // 200


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    return isinstance(ours, bool) == isinstance(theirs, bool) and bool(ours == theirs)
