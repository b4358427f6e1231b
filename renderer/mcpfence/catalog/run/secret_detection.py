"""What looks like a secret and must not stand in a manifest in clear: names of variables, and forms of values.

The list of forms holds the documented prefixes of widespread tokens; it helps people and is no guarantee.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

NAME = (
    "(?i)(token|secret|passw|passphrase|credential|private[_.-]?key|api[_.-]?key|access[_.-]?key|auth[_.-]?key|bearer|"
    "client[_.-]?key|signing[_.-]?key|encryption[_.-]?key|connection[_.-]?string|authorization|"
    "[_.-]dsn$|^dsn$|[_.-]pat$|^pat$|[_.-]pwd$|[_.-]key$)"
)
"""As RE2 reads it too: chart/templates/_carrier.tpl has the same text, and a test compares the two."""

_NAME = re.compile(NAME)
HARMLESS = (
    "(?i)[_.-](file|path|dir|folder|url|uri|endpoint|host|name|id|type|count|limit|ttl|expiry|header|algorithm|method)$|"
    "(public|primary|partition|sort|foreign)[_.-]?key$"
)
"""Endings that make a variable a pointer or a number: TOKEN_FILE, MAX_TOKEN_COUNT, SECRET_NAME."""

FORMS = "|".join(  # noqa: FLY002 - one line for each issuer
    (
        "-----BEGIN [A-Z ]*PRIVATE KEY-----",
        r"\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}",  # GitHub
        r"\bglpat-[A-Za-z0-9_-]{16,}",  # GitLab
        r"\bxox[abposr]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/.",  # Slack
        r"\bsk-[A-Za-z0-9_-]{20,}|\bsk_(?:live|test)_[A-Za-z0-9]{10,}",  # OpenAI, Anthropic, Stripe
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS
        r"\bAIza[A-Za-z0-9_-]{30,}",  # Google
        r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{30,}|\bhf_[A-Za-z0-9]{30,}",  # npm, PyPI, Hugging Face
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",  # a JSON Web Token
        r"(?i:\b(?:bearer|basic) +[A-Za-z0-9._~+/=-]{8,})",
        r"://[^/?#\s:@]*:[^/?#\s@]+@",  # user:password@ in a URL
        r"(?i:https?://[^/?#\s:@]+@)",  # a token alone before the host
    )
)
"""As RE2 reads it too, for the chart."""

PLAIN = r"(?i)\A(?: *|[0-9]{1,9}|true|false|yes|no|on|off|bearer *|basic *)\z"
"""Values that are no secret, whatever they stand for; the end of a text is written as RE2 has it."""

REFERENCE = r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)"
"""What the kubelet replaces by a variable's value."""

_NAME, _HARMLESS, _FORMS = re.compile(NAME), re.compile(HARMLESS), re.compile(FORMS)
_PLAIN, _REFERENCE = re.compile(PLAIN.replace(r"\z", r"\Z")), re.compile(REFERENCE)
_GIVEN = re.compile(r"(?<![A-Za-z0-9_.-])-*([A-Za-z][A-Za-z0-9_.-]*)(?:=|: *)(?=[\"']?([^\s\"'&]{0,200}))")
"""NAME=VALUE or NAME: VALUE, anywhere in a text: options, assignments in a shell, headers, queries of URLs."""
_OPTION = re.compile(r"--?([A-Za-z][A-Za-z0-9_.-]*)\Z")


def secret_name(key: str) -> bool:
    """Whether a variable is named like a secret."""
    return _NAME.search(key) is not None and _HARMLESS.search(key) is None


def secret_value(text: str) -> bool:
    """Whether a value has the form of a secret; references to variables, $(NAME), are none."""
    return _FORMS.search(_REFERENCE.sub("", text)) is not None


def named_secret(key: str, value: str) -> bool:
    """Whether a value that stands for `key` is a secret in clear: not a number, a switch or a reference."""
    return secret_name(key) and not _PLAIN.match(_REFERENCE.sub("", value))


def secret_text(text: str) -> bool:
    """Whether a text holds a secret: by its form, or as NAME=VALUE or NAME: VALUE with the name of a secret."""
    if secret_value(text):
        return True
    return any(named_secret(name, value) for name, value in _GIVEN.findall(_REFERENCE.sub("", text)))


def secret_arguments(texts: Sequence[str]) -> Iterator[int]:
    """Which arguments hold a secret: `secret_text`, or the value behind an option such as --api-key."""
    for i, text in enumerate(texts):
        option = _OPTION.match(texts[i - 1]) if i else None
        behind = option is not None and not text.startswith("-") and named_secret(option[1], text)
        if behind or secret_text(text):
            yield i
