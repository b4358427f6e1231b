"""SHA-256 as Python has it by itself: for little data sooner than OpenSSL is loaded, which `hashlib` begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["sha256"]

if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # from Python 3.12 on
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:  # a Python that was built without its own
            from hashlib import sha256
