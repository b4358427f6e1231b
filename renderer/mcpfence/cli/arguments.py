"""Arguments that commands share: names of releases, namespaces and files, refused before any work if they are none."""

from __future__ import annotations

import click

from mcpfence.patterns import regex

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAMESPACE = regex(rf"(?=.{{1,63}}\Z){_LABEL}\Z")
_RELEASE = regex(rf"(?=.{{1,53}}\Z){_LABEL}(\.{_LABEL})*\Z")
"""As Helm has it (its pkg/chart/common/util, ValidateReleaseName): 53 characters leave room for what charts append."""


def checked_namespace(value: str) -> str:
    """The name of a namespace; raises click.BadParameter."""
    if not _NAMESPACE.match(value):
        raise click.BadParameter(f"{value!r} is no namespace: lower-case letters, digits and -, 63 at most.")
    return value


def checked_release(value: str) -> str:
    """The name of a release; raises click.BadParameter."""
    if not _RELEASE.match(value):
        raise click.BadParameter(f"{value!r} is no release name: lower-case letters, digits, - and ., 53 at most.")
    return value


def namespace_name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Check --namespace; raises click.BadParameter."""
    return None if value is None else checked_namespace(value)


def release_name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Check --release; raises click.BadParameter."""
    return None if value is None else checked_release(value)


def file_name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Check an option that names a file or folder; raises click.BadParameter for "", an unset variable of a script."""
    if value == "":
        raise click.BadParameter("is empty; name a file or folder, or leave the option out.")
    return value


def one_stdin(*names: str | None) -> None:
    """Refuse `-` for more than one file; raises click.UsageError."""
    if names.count("-") > 1:
        raise click.UsageError("stdin can be read once: give - for one file only.")
