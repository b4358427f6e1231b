"""Fills the files of packaging/, which hold `@NAME@` where a release puts its version, addresses and digests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from release_state import RefusedError


def filled(path: Path, values: Mapping[str, str]) -> str:
    """The text of a template; raises RefusedError for a mark that has no value."""

    def value(mark: re.Match[str]) -> str:
        if mark[1] not in values:
            raise RefusedError(f"{path.name}: @{mark[1]}@ is no value of a release; write one of: {', '.join(values)}")
        return values[mark[1]]

    return re.sub(r"@([A-Z0-9]+)@", value, path.read_text(encoding="utf-8"))
