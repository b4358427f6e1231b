"""Scalars without quotes on which readers of YAML differ; tests/engines/yaml holds the lists against Go's reader."""

from __future__ import annotations

import re

from mcpfence.patterns import regex

_ALIKE = regex(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,8})?\Z|[0-9]+(?:\.[0-9]+){2,}\Z|[-.]\Z")
_ODD = regex(
    r"[yYnN]\Z|=\Z|<<\Z"
    r"|[-+]?[0_]+[xXoObB][-+0-9a-fA-F_]*\Z|[-+]?[.0-9_]+(?:[eE][-+0-9_]*)?\Z"
    r"|[-+]?[0-9][0-9_]*(?::[0-9_.]+)+\Z"
    r"|[-+]?\.(?:inf|nan)\Z|[-+]?(?:inf|infinity|nan)\Z",
    re.IGNORECASE,
)
_HELM_ALONE = regex(
    r"[yYnN]\Z"
    r"|[-+]?0(?=[0-7_]*[89])[0-9_]*\Z|[-+]?[0_]+[XOB][0-9a-fA-F_]*\Z|[-+]?0_+[xXoObB][0-9a-fA-F_]*\Z"
    r"|[-+]?_*[0-9][0-9_]{15,}\Z|[-+]?_[0-9_]+\Z|[-+]?\.(?=[0-9]*_)[0-9_]*\Z"
    r"|[-+]?[.0-9_]+[eE][-+]?(?=[0-9]*_)[-+0-9_]*\Z|[-+]?(?=[.0-9]*_)[.0-9_]+[eE][-+0-9_]*\Z"
    r"|[-+]?[.0-9_]+[eE][-+]?[0-9]{3,}\Z|[-+]?\.[0-9_]+[eE][-+0-9_]*\Z|[-+]?[0-9_]+[eE]_[-+0-9_]*\Z"
)
"""What helm reads as a boolean or a number, or as another number, and `load_values` would not.

What has to stand somewhere in a run of characters is looked for ahead of it: looked for inside it a long scalar would
take time with the square of its length, or its cube.
"""


def is_odd(text: str) -> bool:
    """Whether readers may differ on what a scalar is."""
    return _ODD.match(text) is not None and not _ALIKE.match(text)


def differs_from_helm(text: str) -> bool:
    """Whether helm may read a scalar of a values file otherwise than `load_values`."""
    return _HELM_ALONE.match(text) is not None
