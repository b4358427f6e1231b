"""What is a secret in clear, and what only looks like one."""

from __future__ import annotations

import pytest

from mcpfence.text.secret_detection import (
    named_secret,
    secret_arguments,
    secret_name,
    secret_text,
    secret_value,
)
from mcpfence.text.secret_table import FORMS, MARKS, SecretForm
from secret_samples import HARMLESS_ARGUMENTS, HARMLESS_TEXTS, SAMPLES, SECRET_ARGUMENTS, SECRET_TEXTS


@pytest.mark.parametrize("form", FORMS, ids=[form.issuer for form in FORMS])
def test_form_is_known(form: SecretForm) -> None:
    """Each row of the table has a sample, which is found alone and inside a text, and has a hint and a mark in it."""
    sample = SAMPLES[form.issuer]

    assert secret_value(sample)
    assert secret_text(f"use {sample} for it")
    assert any(hint in sample for hint in form.hints)
    assert all(any(mark in hint for mark in MARKS) for hint in form.hints) or any(mark in sample for mark in MARKS)


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_text_with_a_secret(text: str) -> None:
    """Options, headers, queries, JSON, YAML, settings of tools, connection strings."""
    assert secret_text(text)


@pytest.mark.parametrize("text", HARMLESS_TEXTS)
def test_text_without_a_secret(text: str) -> None:
    """References, files, switches, numbers, words."""
    assert not secret_text(text)


@pytest.mark.parametrize("texts", SECRET_ARGUMENTS, ids=" ".join)
def test_arguments_with_a_secret(texts: tuple[str, ...]) -> None:
    """The value is told, which is the last one."""
    assert list(secret_arguments(texts)) == [len(texts) - 1]


@pytest.mark.parametrize("texts", HARMLESS_ARGUMENTS, ids=" ".join)
def test_arguments_without_a_secret(texts: tuple[str, ...]) -> None:
    """Ports, transports, paths, names, and what something fills in later."""
    assert list(secret_arguments(texts)) == []


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "apiKey",
        "DB_PW",
        "PW",
        "db.pass",
        "SMTP_PASS",
        "LINKEDIN_COOKIE",
        "REDIS_AUTH",
        "npm_config__auth",
        "WALLET_MNEMONIC",
        "clientSecret",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "DATABASE_DSN",
        "JWT",
        "SESSION_COOKIE",
        "API_KEYS",
        "STORAGE_SAS",
        "TOTP_OTP",
    ],
)
def test_name_of_a_secret(name: str) -> None:
    """In upper case, in camelCase, with dots; a value that anybody may read is none."""
    assert secret_name(name)
    assert named_secret(name, "hunter2")
    assert not named_secret(name, "$(OTHER)")
    assert not named_secret(name, "true")


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN_FILE",
        "MAX_TOKEN_COUNT",
        "SECRET_NAME",
        "tokenUrl",
        "AUTH_MODE",
        "JIRA_PROJECT_KEY",
        "SORT_KEY",
        "TOKENIZERS_PARALLELISM",
        "PATH",
        "KEYBOARD",
        "COMPASS",
        "PWA_MODE",
        "COOKIE_DOMAIN",
        "JOB_LOG_TOKEN_THRESHOLD",
        "AWS_SECRET_ARN",
        "OAUTH_TOKEN_ENDPOINT",
        "KEYSPACE",
    ],
)
def test_name_of_no_secret(name: str) -> None:
    """Pointers, numbers, switches, and words that only begin alike."""
    assert not secret_name(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_APPLICATION_CREDENTIALS", "/app/.config/gcloud/application_default_credentials.json"),
        ("TLS_KEY", "certs/tls.key"),
        ("CB_CONNECTION_STRING", "couchbases://cb.example.com"),
        ("AUTH_TOKEN", "${env:TOKEN}"),
        ("AUTH_TOKEN", "Bearer {{server.token}}"),
        ("REDIS_AUTH", "none"),
    ],
)
def test_plain_value_of_a_secret_name(name: str, value: str) -> None:
    """Files, hosts and references are no secret, whatever they stand for."""
    assert not named_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_TOKEN", "${TOKEN:-hunter2}"),
        ("API_KEY", "/9j4AAQ"),
        ("DB_CONNECTION_STRING", "Server=db;Pwd=x"),
        ("PASSWORD", "correct horse"),
    ],
)
def test_value_of_a_secret_name(name: str, value: str) -> None:
    """A default in a reference, and what only begins like a file."""
    assert named_secret(name, value)
