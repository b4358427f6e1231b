"""What looks like a secret: by its name, by its form, or by where it stands in a text.

One detector for all that may not pass into a manifest in clear, over the tables of `secret_table`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from mcpfence.patterns import regex
from mcpfence.text import secret_table as table

NAME = "(?i)(" + "|".join(table.NAMES) + ")"
HARMLESS = rf"(?i)[_.-](?:{table.HARMLESS_ENDINGS})$|(?:{table.HARMLESS_KEYS})[_.-]?key$|tokeni[sz]"
FORMS = "|".join(form.pattern for form in table.FORMS)
PLAIN = r"(?i)\A(?:" + "|".join(table.NO_SECRETS) + r")\z"
"""The end of a text is written as RE2 has it."""
REFERENCE = r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)|\$\{(?:[a-z]+:)?[A-Za-z_][A-Za-z0-9_.-]*\}|\{\{[^{}]*\}\}"
"""What something replaces by a value later: the kubelet $(NAME), a shell or the server itself ${NAME}, a template."""

GIVEN = regex(
    r"(?:(?P<mark>[?&])|(?<![A-Za-z0-9_.-])-*)(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,99})(?![A-Za-z0-9_.-])"
    r"\\?[\"']?(?:=| {1,4}= {0,4}| {0,4}: {0,4})"
    r"(?=\[?\\?(?P<quoted>[\"']?)(?:(?i:bearer|basic|token|apikey|digest) +)?(?P<value>[^\s\"'&]{0,200}))"
)
"""NAME=VALUE, NAME: VALUE or "NAME": "VALUE", anywhere: options, assignments, headers, queries of URLs, JSON, YAML."""
BARE_USER = regex(
    r"(?<![A-Za-z0-9_.:@-])(?<!//)(?!(?:npm|file|link|workspace|git|github):)[^\s:/@\"'<>{}\[\](),=]+:[^\s/@\"'<>{}\[\](),]+@"
    r"(?!sha(?:256|512):)(?=[A-Za-z0-9\[][A-Za-z0-9-]*[.:/])"
)
"""user:password@ before a host without a scheme: in an image, a package, a connection string; no image:tag@digest."""
_OPTION = regex(r"--?(?P<name>[A-Za-z][A-Za-z0-9_.-]*)\Z")
_CAMEL = regex(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = regex(r"[^\s\"']+")
_SHORT = regex(rf"(?:{table.SHORT_NAMES})\Z", re.IGNORECASE)
_CHANCE = regex(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_+/=~.!@#$%^*-]{8,}\Z|[A-Za-z0-9_+=~-]{16,}\Z")
_TOKEN = regex(r"(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[A-Za-z0-9_+=~-]{12,}\Z|[0-9a-f]{20,}\Z")
_USER = regex(r"[^\s:/@]+:(?![0-9]+\Z|//)[^\s/]+\Z")
RANDOM = regex(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{20,}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9:])(?=(?:[a-z]*+[0-9]++){3}[a-z])[a-z0-9]{20,}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9:])[0-9a-f]{32,}(?![A-Za-z0-9])"
)
"""Long pieces of a text that were made by chance: tokens without a form of their own, and digests."""
_VERSION = regex(r"(?<=.)[:@#][A-Za-z0-9:_.-]*\Z")
_HINTS = tuple(dict.fromkeys(hint for form in table.FORMS for hint in form.hints))
_LONGEST_WORDS = 100_000
"""Characters of a text that is looked at word by word: a command is shorter."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the tables; compiled at its first use, since few runs need any."""
    return re.compile(pattern.replace(r"\z", r"\Z"))


def without_references(text: str) -> str:
    """The text without what is replaced by a value later."""
    return compiled(REFERENCE).sub("", text) if "$" in text or "{{" in text else text


@lru_cache(maxsize=4096)
def secret_name(key: str) -> bool:
    """Whether a variable, option, header or key is named like a secret; apiKey counts as api_key."""
    name = _CAMEL.sub("_", key)
    return compiled(NAME).search(name) is not None and compiled(HARMLESS).search(name) is None


def hinted(text: str) -> bool:
    """Whether a text holds a piece without which no form of a secret matches: quick, and true of few texts."""
    return any(map(text.__contains__, _HINTS))


def secret_value(text: str) -> bool:
    """Whether a value has the form of a secret; references to variables, such as $(NAME), are none."""
    if not hinted(text):
        return False
    bare = without_references(text)
    return any(compiled(form.pattern).search(bare) for form in table.FORMS if any(hint in bare for hint in form.hints))


def named_secret(key: str, value: str) -> bool:
    """Whether a value that stands for `key` is a secret in clear: not a number, a switch, a file or a reference."""
    return secret_name(key) and not _plain(value)


def secret_text(text: str) -> bool:
    """Whether a text holds a secret: by its form, behind the name of a secret, or behind an option of a command."""
    if secret_value(text):
        return True
    bare = without_references(text)
    if "@" in bare and BARE_USER.search(bare):
        return True
    if any(given_secret(found) for found in GIVEN.finditer(bare)):
        return True
    words = _WORD.findall(bare) if " -" in bare and len(bare) <= _LONGEST_WORDS else ()
    return any(_behind_option(option, word) for option, word in pairwise(words))


def named_by_chance(text: str) -> bool:
    """Whether a name or URL may be a token: a piece of it was made by chance, and is no digest or version behind it."""
    return secret_text(text) or RANDOM.search(_VERSION.sub("", text)) is not None


def secret_anywhere(value: object) -> bool:
    """Whether any text of a plain value, keys of mappings too, has the form of a secret."""
    texts = list(_texts(value))
    whole = "\n".join(texts)
    hints = [hint for hint in _HINTS if hint in whole]  # few: each text is then asked for these alone
    return any(secret_value(text) for text in texts if any(map(text.__contains__, hints)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value))
        yield from _texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)


def secret_arguments(texts: Sequence[str]) -> Iterator[int]:
    """Which arguments hold a secret: `secret_text`, or the value behind an option such as --api-key or -k."""
    for i, text in enumerate(texts):
        if (i and _behind_option(texts[i - 1], without_references(text))) or secret_text(text):
            yield i


def given_secret(found: re.Match[str]) -> bool:
    """Whether a match of GIVEN is a secret behind its name."""
    name, value = found["name"], found["value"].strip("\\,;)]}")
    if secret_name(name):
        return not _plain(value)
    if _SHORT.match(name) is None or _plain(value):
        return False
    in_query = found["mark"] is not None and name.lower() != "k" and len(value) > 5
    return in_query or _CHANCE.match(value) is not None


def _behind_option(option: str, value: str) -> bool:
    """Whether a value behind an option is a secret: by the option's name, or where it is short, by the value too."""
    found = _OPTION.match(option)
    if found is None or value.startswith("-"):
        return False
    name = found["name"]
    if name == "u":
        return _USER.match(value) is not None
    if name == "k" or (len(name) > 1 and _SHORT.match(name)):
        return not _plain(value) and _CHANCE.match(value) is not None
    if name in table.LETTERS:
        return _TOKEN.match(value) is not None
    return named_secret(name, value)


def _plain(value: str) -> bool:
    return compiled(PLAIN).match(without_references(value)) is not None
