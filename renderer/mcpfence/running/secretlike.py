"""What looks like a secret and must not stand in a manifest in clear: names of variables, and forms of values.

The list of forms holds the documented prefixes of widespread tokens; it helps people and is no guarantee.
"""

from __future__ import annotations

import re

NAME = (
    "(?i)(token|secret|passw|passphrase|credential|private_?key|api_?key|access_?key|auth_?key|bearer|"
    "client_?key|signing_?key|encryption_?key|connection_?string|database_url|_dsn$|^dsn$|_pat$|^pat$)"
)
"""As RE2 reads it too: chart/templates/_carrier.tpl has the same text, and a test compares the two."""

_NAME = re.compile(NAME)
_HARMLESS = re.compile(r"(?i)(_file|_path|_url|_uri|_endpoint|_host|_name|_id|_type|_count|_limit|_ttl|_expiry)$")
"""Endings that make a variable a pointer or a number: TOKEN_FILE, MAX_TOKEN_COUNT, SECRET_NAME."""

_FORMS = re.compile(
    r"""-----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----
    | \b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,}     # GitHub
    | \bglpat-[A-Za-z0-9_-]{16,}                                                     # GitLab
    | \bxox[abposr]-[A-Za-z0-9-]{10,}                                                # Slack
    | \bsk-[A-Za-z0-9_-]{20,} | \bsk_(?:live|test)_[A-Za-z0-9]{10,}                  # OpenAI, Anthropic, Stripe
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                                                  # AWS
    | \bAIza[A-Za-z0-9_-]{30,}                                                       # Google
    | \beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.                                 # a JSON Web Token
    | (?i:\b(?:bearer|basic)[ ]+[A-Za-z0-9._~+/=-]{16,})
    | ://[^/?\#\s:@]*:[^/?\#\s@]+@                                                   # user:password@ in a URL
    """,
    re.VERBOSE,
)


def secret_name(key: str) -> bool:
    """Whether a variable is named like a secret."""
    return _NAME.search(key) is not None and _HARMLESS.search(key) is None


def secret_value(text: str) -> bool:
    """Whether a value has the form of a secret."""
    return _FORMS.search(text) is not None
