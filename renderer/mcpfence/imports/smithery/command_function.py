"""What a commandFunction starts: the literals of a JavaScript function, which is read and never run.

    (config) => ({ command: 'npx', args: ['-y', '@example/notes@1.2.0', config.space], env: { TOKEN: config.key } })

Only what is written out counts: the arguments up to the first that is computed, and the variables' names.
"""

from __future__ import annotations

import re

from mcpfence.structs import Struct

_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_COMMAND = re.compile(r"""(?<![.\w])["']?command["']?\s*:\s*(?P<value>["'`][^"'`\\$\n]*["'`]|\S)""")
_ARGS = re.compile(r"""(?<![.\w])["']?args["']?\s*:\s*\[""")
_ENV = re.compile(r"""(?<![.\w])["']?env["']?\s*:""")
_LITERAL = re.compile(r"""\s*(?P<quote>["'`])(?P<text>[^"'`\\$\n]*)(?P=quote)\s*(?P<end>[,\]])""")
_NAME = re.compile(r"""(?<![.\w])["']?(?P<name>[A-Z][A-Z0-9_]{0,254}|[a-z]+(?:_[a-z0-9]+)+)["']?\s*:""")


class Commanded(Struct):
    """The words that a function starts and the variables that it sets; no words where it computes the command."""

    words: tuple[str, ...]
    variables: tuple[str, ...]
    several: bool = False
    """Whether it chooses between commands, so that none of them is the one."""


def read_command(text: str) -> Commanded:
    """The literals of a function; takes time in proportion to its text."""
    plain = _COMMENT.sub("", text)
    commands = [match["value"] for match in _COMMAND.finditer(plain)]
    env = _ENV.search(plain)
    names = tuple(dict.fromkeys(match["name"] for match in _NAME.finditer(plain, env.end()))) if env else ()
    if len(commands) != 1 or len(list(_ARGS.finditer(plain))) > 1:
        return Commanded((), names, several=len(commands) > 0)
    command = commands[0][1:-1].strip()
    return Commanded((command, *_arguments(plain)) if command else (), names)


def _arguments(text: str) -> tuple[str, ...]:
    """The literals of the list, up to the first that is something else."""
    begin = _ARGS.search(text)
    found: list[str] = []
    at = begin.end() if begin else len(text)
    while literal := _LITERAL.match(text, at):
        found.append(literal["text"])
        at = literal.end()
        if literal["end"] == "]":
            break
    return tuple(found)
