"""Secrets out of what is said: the one masker of everything that is quoted in a message, a report or a difference."""

from __future__ import annotations

import re
from functools import lru_cache

from mcpfence.patterns import regex
from mcpfence.text.printable import printable
from mcpfence.text.secret_detection import (
    BARE_USER,
    GIVEN,
    compiled,
    given_secret,
    hinted,
    named_secret,
    secret_arguments,
    secret_text,
)
from mcpfence.text.secret_table import FORMS

MASK = "..."
_USERINFO = regex(r"(://)[^/?#\s@\"']*@")
_LATE_USERINFO = regex(r"(://[^/?#\s:@\"']*:)(?![0-9]{1,5}(?:/|\Z))[^\s@\"']*(?=@)")
_BEFORE_HOST = regex(r"\A[^/?#@\s]+@(?=[A-Za-z][A-Za-z0-9-]*\.)")
"""Whoever before a host, and no version behind a package."""
_QUERY = regex(r"([?&][A-Za-z0-9_.~%\[\]-]{1,100}=)[^&#\s\"']+")
_RANDOM = regex(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{20,}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9:])[0-9a-f]{32,}(?![A-Za-z0-9])"
)
_NO_PROSE = regex(r"[0-9=]|[a-z][A-Z]")
"""Unlike words of a sentence, such as `basic authentication`."""
_AUTHORIZED = regex(r"(?i:cookie|authorization)")


def masked(text: str) -> str:
    """A value that somebody wrote, with whatever may be a secret in it as ...; rather too much than too little.

    User names and passwords, queries of URLs, tokens, values behind the name of a secret, long strings made by chance.
    """
    shown = _LATE_USERINFO.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", masked_forms(text)))
    shown = _BEFORE_HOST.sub(f"{MASK}@", BARE_USER.sub(f"{MASK}@", shown))
    shown = _QUERY.sub(rf"\1{MASK}", shown)
    shown = _without_named(shown)
    shown = _RANDOM.sub(MASK, shown)
    return MASK if secret_text(shown.replace(f"{MASK}@", "")) else shown


def masked_forms(text: str) -> str:
    """A sentence, with what has the form of a secret as ...: what is safe to look for in words of our own."""
    shown = BARE_USER.sub(f"{MASK}@", text) if "@" in text else text
    if "=" in shown and ("?" in shown or "&" in shown):
        shown = _without_named(shown, queries=True)
    for form in FORMS if hinted(shown) else ():
        if any(map(shown.__contains__, form.hints)):
            shown = compiled(f"(?:{form.pattern}){form.rest}").sub(_mask_form, shown)
    return shown


_ITEM = regex(r"[-+ ]?[ ]*- [\"']?(?P<text>[^\"'\n]+)")
"""A text in a list, a line of its own."""


class ObjectLines:
    """Lines of a Kubernetes object as they are shown one after the other, each with its secrets masked.

    `secret` says that the object is a Secret: of its lines only the keys are shown.
    """

    def __init__(self, secret: bool = False) -> None:
        self._secret = secret
        self._name = ""
        self._argument = ""

    def masked(self, line: str) -> str:
        """The line; a `value:` below a `name:` or `key:` is that name's, an item below an option that option's."""
        item = _ITEM.match(line)
        text = item["text"] if item else ""
        before, self._argument = self._argument, text
        if item and 1 in secret_arguments((before, text)):
            return f"{line[: item.start('text')]}{MASK}{line[item.end('text') :]}"
        key, sign, value = line.partition(":")
        word = key.strip("+- \"'")
        if not sign or line.startswith(("---", "+++", "@@")):
            return f"{line[:1]}{MASK}" if self._secret and line[:1] in "+- " and line.strip() else masked_forms(line)
        if word in ("name", "key"):
            self._name = value.strip(" \"'")
        if self._secret and word not in _SHOWN_OF_SECRETS:
            return f"{key}: {MASK}" if value.strip() else line
        if (word == "value" and named_secret(self._name, value.strip(" \"'"))) or secret_text(line):
            return f"{key}: {MASK}"
        return masked_forms(line)


_SHOWN_OF_SECRETS = frozenset({"apiVersion", "kind", "name", "namespace", "type"})


@lru_cache(maxsize=1024)
def told(text: str) -> str:
    """A sentence that quotes foreign text, fit to be said anywhere: one visible line, tokens masked.

    Kept, since what is to be done is the same in many findings.
    """
    return printable(masked_forms(text))


def _mask_form(found: re.Match[str]) -> str:
    """What stays of a form: the scheme of a URL, the name of a query's key, the word of a header."""
    text = found.group()
    word = text.partition(" ")[0]
    if word.lower() in ("bearer", "basic"):
        value = text.removeprefix(word)
        return f"{word} {MASK}" if _NO_PROSE.search(value) else text
    if text[0] in "?&":
        return f"{text.partition('=')[0]}={MASK}"
    return f"{text.partition('://')[0]}://{MASK}@" if text.endswith("@") else MASK


def _without_named(text: str, *, queries: bool = False) -> str:
    """The text without what stands behind names of secrets; quoted ones end at the quote, headers with the line.

    With `queries` only what stands in the query of a URL.
    """
    pieces: list[str] = []
    place = 0
    for found in GIVEN.finditer(text):
        if found.end() < place or (queries and not found["mark"]) or not given_secret(found):
            continue
        start = found.end()
        quote = found["quoted"]
        if quote:
            start = text.index(quote, start) + 1
            end = text.find(quote, start)
        else:
            line = _AUTHORIZED.search(found["name"]) is not None
            ending = re.compile(r"[\"'\n]" if line else r"[\s\"'&]").search(text, start)
            end = ending.start() if ending else len(text)
        end = len(text) if end < 0 else end
        pieces += [text[place:start], MASK]
        place = end
    return "".join([*pieces, text[place:]])
