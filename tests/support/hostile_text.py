"""Names that mean harm, for every place where a name of somebody else is printed, and what no output may do with them.

Each name has FORGED behind what should be made harmless: no line of an output may begin with it.
"""

from __future__ import annotations

import unicodedata

FORGED = "FORGED"

HOSTILE = {
    "a line break": f"a\n{FORGED} line",
    "a carriage return": f"a\r{FORGED} line",
    "both": f"a\r\n{FORGED} line",
    "a tab": f"a\t{FORGED}",
    "a vertical tab": f"a\x0b{FORGED}",
    "a form feed": f"a\x0c{FORGED}",
    "a separator of files": f"a\x1c{FORGED}",
    "a bell": f"a\x07{FORGED}",
    "a backspace": f"a\x08\x08{FORGED}",
    "delete": f"a\x7f{FORGED}",
    "a colour": f"\x1b[31m{FORGED}\x1b[0m",
    "a cleared screen": f"\x1b[2J\x1b[H{FORGED}",
    "a title of the terminal": f"\x1b]0;{FORGED}\x07",
    "a link of the terminal": f"\x1b]8;;https://example.com\x1b\\{FORGED}\x1b]8;;\x1b\\",
    "next line, of C1": f"a\x85{FORGED}",
    "a control sequence of C1": f"a\x9b31m{FORGED}",
    "a line separator": f"a\u2028{FORGED}",
    "a paragraph separator": f"a\u2029{FORGED}",
    "an override of direction": f"a\u202e{FORGED}\u202c",
    "an isolate of direction": f"a\u2066{FORGED}\u2069",
    "a mark of direction": f"a\u200f{FORGED}",
    "a zero width space": f"a\u200b{FORGED}",
    "a joiner": f"a\u200d\u2060{FORGED}",
    "a byte order mark": f"\ufeff{FORGED}",
    "a soft hyphen": f"a\u00ad{FORGED}",
    "a selector of variants": f"a\ufe0f{FORGED}",
    "a tag character": f"a\U000e0041{FORGED}",
    "a filler": f"a\u3164{FORGED}",
    "a no-break space": f"a\u00a0{FORGED}",
    "backticks": f"`{FORGED}`",
    "a fence of code": f"```{FORGED}",
    "pipes": f"a|{FORGED}|",
    "a link": f"[{FORGED}](https://example.com)",
    "an image": f"![{FORGED}](https://example.com/a.png)",
    "a mention": f"@{FORGED}",
    "a script": f"<script>{FORGED}</script>",
    "an end of a comment": f"-->{FORGED}",
    "an entity": f"&lt;{FORGED}&gt;",
    "a formula": f"=cmd|'/c {FORGED}'!A1",
    "a formula that adds": f"+1+{FORGED}",
    "a formula that subtracts": f"-1+{FORGED}",
    "a formula of a function": f"@SUM({FORGED})",
    "a comma and a quote": f'a",{FORGED},"',
    "an arrow": f"a[Pod] => b/{FORGED}[Pod] : All Connections",
    "a key of YAML": f"a: {FORGED} # b",
    "a document of YAML": f"--- {FORGED}",
    "a command of a job": f"::error::{FORGED}",
    "a template": f"{{{{ {FORGED} }}}}",
    "a placeholder": f"%s {{0}} {FORGED}",
    "a backslash": f"a\\n{FORGED}\\",
    "very long": "a" * 5000 + FORGED,
}
"""What it is: the name."""

_SEEN = {"\n", "\\"}


def faults(said: str) -> list[str]:
    """What an output does that it may not: forge a line, hold a control, a mark of direction or an invisible sign."""
    found = [f"the line {line!r}" for line in said.splitlines() if line.lstrip().startswith(FORGED)]
    signs = {
        sign for sign in said if sign not in _SEEN and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    return found + [f"U+{ord(sign):04X}" for sign in sorted(signs | (set(said) & set("\ufe0f\u3164")))]
