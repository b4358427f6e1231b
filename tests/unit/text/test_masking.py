"""What is quoted holds no secret, and what is said otherwise keeps its words."""

from __future__ import annotations

import pytest

from mcpfence.findings.finding import Finding, path_text, quote
from mcpfence.findings.table import TABLE
from mcpfence.text.masking import ObjectLines, masked, masked_forms, told
from mcpfence.text.secret_detection import secret_text
from secret_samples import HARMLESS_TEXTS, SAMPLES, SECRET_TEXTS


@pytest.mark.parametrize("issuer", SAMPLES)
def test_no_sample_is_said(issuer: str) -> None:
    """A token is masked whole, alone, in a sentence, and as the key of a path; what is left is no secret."""
    sample = SAMPLES[issuer]
    tail = sample[-9:-1]

    for said in (masked(sample), masked_forms(f"it is {sample} here"), told(sample), quote(sample)):
        assert not secret_text(said.replace("...@", "")), said
        assert tail not in said or "@" in sample or sample.endswith("PRIVATE KEY-----")
    assert Finding("choice", (), f"{sample} is none", f"drop {sample}", sample).message.count(sample) == 0
    assert sample not in path_text(("servers", sample))


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_no_password_is_quoted(text: str) -> None:
    """Behind a name, in a query, in a URL, in JSON: it is not repeated."""
    for secret in ("hunter2", "aHVudGVyMg", "abc%2Fdef1", "0a1b2c3d4e"):
        assert secret not in masked(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:hunter2@api.example.com/v1", "https://...@api.example.com/v1"),
        ("https://user:hun/ter2@api.example.com/v1", "https://...@api.example.com/v1"),
        ("https://api.example.com:8443/@a/b", "https://api.example.com:8443/@a/b"),
        ("u:hunter2@registry.example.com/a:1", "...@registry.example.com/a:1"),
        ("https://api.example.com/?key=hunter2&a=b", "https://api.example.com/?key=...&a=..."),
        ('{"apiKey": "hunter2 and 3", "a": 1}', '{"apiKey": "...", "a": 1}'),
        ("Cookie: a=b; c=d", "Cookie: ..."),
        ("password=hunter2 user=app", "password=... user=app"),
        ("node:22@sha256:" + "0a" * 32, "node:22@sha256:" + "0a" * 32),
        ("name@1.2.3", "name@1.2.3"),
        ("@scope/name@latest", "@scope/name@latest"),
        ("api.example.com", "api.example.com"),
        ("mcp-server-notes-2b19db4e", "mcp-server-notes-2b19db4e"),
        ("x" * 12 + "Aa1" * 8, "..."),
    ],
)
def test_masked(text: str, shown: str) -> None:
    """What is left says what was meant."""
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "text", [*(text for text in HARMLESS_TEXTS if "$(" not in text), *(row.meaning for row in TABLE.values())]
)
def test_words_stay(text: str) -> None:
    """Sentences, and texts without a secret, are said as they are."""
    assert masked_forms(text) == text


def test_secrets_are_masked_before_they_are_cut() -> None:
    """Half of a token is no form any more, and yet half of a secret."""
    assert quote("x" * 70 + " " + SAMPLES["GitHub"]) == '"' + "x" * 70 + ' ..."'


def test_lines_of_a_difference() -> None:
    """Values behind names are masked, the next line's value too; of a Secret only keys are shown."""
    lines = ["--- a", "+++ b", "@@ -1 +1 @@", " kind: Deployment", "-  - name: DB_PASSWORD", "-    value: hunter2"]
    plain = ObjectLines()
    assert [plain.masked(line) for line in [*lines, "+  - name: LEVEL", "+    value: debug"]] == [
        *lines[:5],
        *("-    value: ...", "+  - name: LEVEL", "+    value: debug"),
    ]
    flags = ['+  - "--verbose"', "+  - hunter2", '+  - "--password"', '+  - "hunter2"', "+  - env: prod"]
    shown = [*flags[:3], '+  - "..."', flags[4]]
    assert list(map(ObjectLines().masked, flags)) == shown
    assert list(map(ObjectLines().masked, ["   - key: DB_PASSWORD", "     value: hunter2"])) == [
        *("   - key: DB_PASSWORD", "     value: ..."),
    ]
    secret = ObjectLines(secret=True)
    assert [
        secret.masked(line) for line in (" kind: Secret", "-  word: aHVudGVyMg==", "+  word: |", "+    hunter2")
    ] == [
        *(" kind: Secret", "-  word: ...", "+  word: ...", "+..."),
    ]
