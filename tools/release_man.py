"""Man pages of all commands, made from the click source that --help is made of.

click-man writes the skeleton of a page. What stands in the help as it is to be shown (click's mark for that is a
backspace at the beginning of a paragraph) is kept so here, and what roff would take for a request is escaped.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from click_man.man import ManPage

from mcpfence.cli.main import main


def man_pages(version: str, date: str) -> dict[str, str]:
    """Each page by the name of its file; `date` is what stands at its foot."""
    return dict(_pages(main, click.Context(main, info_name="mcpfence"), version, date))


def _pages(command: click.Command, context: click.Context, version: str, date: str) -> Iterator[tuple[str, str]]:
    page = ManPage(context.command_path)
    page.version, page.date = version, date
    page.short_help = escaped(command.get_short_help_str(limit=200).rstrip("."))
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.description = roff(command.help or "")
    records = (option.get_help_record(context) for option in command.params if isinstance(option, click.Option))
    page.options = [(names, roff(text)) for names, text in filter(None, records)]
    below = []
    if isinstance(command, click.Group):
        below = [
            (name, found) for name in command.list_commands(context) if (found := command.get_command(context, name))
        ]
        page.commands = [(name, escaped(found.get_short_help_str(limit=200))) for name, found in below]
    # click-man begins the list of commands with an empty paragraph.
    text = str(page).replace(".SH COMMANDS\n.PP\n", ".SH COMMANDS\n")
    yield f"{context.command_path.replace(' ', '-')}.1", text
    for name, found in below:
        yield from _pages(found, click.Context(found, info_name=name, parent=context), version, date)


def roff(text: str) -> str:
    """Paragraphs as roff: filled, or as they are behind click's mark."""
    parts = []
    for paragraph in inspect.cleandoc(text).split("\f")[0].split("\n\n"):
        lines = [escaped(line) for line in paragraph.strip("\n").splitlines()]
        if lines and lines[0].strip() == "\b":
            parts.append("\n".join([".nf", *lines[1:], ".fi"]))
        elif lines:
            parts.append("\n".join(line.strip() for line in lines))
    return "\n.PP\n".join(parts)


def escaped(line: str) -> str:
    """A line in which roff finds no request and no escape."""
    line = line.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{line}" if line.lstrip().startswith((".", "'")) else line
