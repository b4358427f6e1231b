"""PyYAML's own loader, where libyaml is not built in, as in a browser: slow, and no more lenient than libyaml.

What only PyYAML takes, or takes otherwise, is refused: `{a:}`, escapes that are no character, byte order marks inside,
a lone `!`.  What only libyaml takes (a tab behind a word) stays refused.  tests/properties/documents compares both.
"""

from __future__ import annotations

from typing import Any, NoReturn

import yaml
from yaml.scanner import ScannerError


class PureLoader(yaml.SafeLoader):
    """The safe loader with libyaml's refusals."""

    def scan_to_next_token(self) -> None:
        """Go to what follows, which is no byte order mark: libyaml skips one that begins a line."""
        super().scan_to_next_token()
        if self.peek() == "\ufeff":
            self._refuse("found a byte order mark")

    def scan_tag(self) -> Any:
        """A tag with a name: libyaml makes an empty string of a lone one, and PyYAML null; brackets are none of it."""
        verbatim = self.peek(1) == "<"
        token = super().scan_tag()
        if token.value[1] == "!" or (not verbatim and set(token.value[1]) & set(",[]")):
            self._refuse("found a tag without a name")
        return token

    def scan_plain(self) -> Any:
        """A scalar without quotes, behind which no colon leads nowhere."""
        token = super().scan_plain()
        if self.flow_level and self.peek() == ":" and self.peek(1) in ",?[]{}":
            self._refuse("found unexpected ':'")
        return token

    def scan_flow_scalar_non_spaces(self, double: Any, start_mark: Any) -> Any:
        """A part of a scalar in quotes; its escapes are characters, of which half a surrogate pair is none."""
        try:
            chunks = super().scan_flow_scalar_non_spaces(double, start_mark)
            "".join(chunks).encode()
        except (ValueError, OverflowError):
            self._refuse("found invalid Unicode character escape code")
        return chunks

    def _refuse(self, sentence: str) -> NoReturn:
        raise ScannerError(None, None, sentence, self.get_mark())
