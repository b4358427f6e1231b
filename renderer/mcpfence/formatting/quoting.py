"""Quotes where readers of YAML would else differ or take a text for something else, and nowhere else."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import yaml
from yaml.emitter import Emitter

from mcpfence.documents.scalars import differs_from_helm, is_odd
from mcpfence.patterns import regex

_STRING = "tag:yaml.org,2002:str"
_INNER_COLON = regex(":(?=[A-Za-z0-9/])")
_BOOL = "tag:yaml.org,2002:bool"


def canonical_scalar(node: Any, written: str, *, in_flow: bool, key: bool = False) -> str:
    """The text of a scalar of one line, of which `written` is what the file has."""
    if not node.style:
        if node.tag == _BOOL and not key:
            return "true" if node.value.lower() in ("true", "yes", "on") else "false"
        odd = node.tag == _STRING and written == node.value and not reads_as_text(written)
        return f'"{written}"' if odd and _simple(written) else written
    text: str = node.value
    if written[1:-1] != text or not text.isprintable():
        return written  # it is written with escapes, by whoever knew why
    if reads_as_text(text) and _fits_plain(text, in_flow=in_flow):
        return text
    return f'"{text}"' if _simple(text) else written


def _simple(text: str) -> bool:
    """Whether a text can stand in double quotes as it is."""
    return text.isprintable() and '"' not in text and "\\" not in text


@lru_cache(maxsize=16384)
def reads_as_text(text: str) -> bool:
    """Whether every reader takes it for a string, without quotes too."""
    if is_odd(text) or differs_from_helm(text):
        return False
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == _STRING)


@lru_cache(maxsize=16384)
def _fits_plain(text: str, *, in_flow: bool) -> bool:
    """Whether the text without quotes is one scalar, in brackets or outside of them."""
    # PyYAML takes every colon within brackets for a sign; people write ghcr.io/image:1 there, and all readers read it.
    seen = text[:1] + _INNER_COLON.sub("-", text[1:])
    found = Emitter(io.StringIO(), allow_unicode=True).analyze_scalar(seen)
    return bool(found.allow_flow_plain if in_flow else found.allow_block_plain)
