"""A difference as text, as JSON, and as Markdown for a pull request.

    1 wider, 2 the same

    server notion: wider
    + may reach 3.0.0.0/9 (8.4 M addresses) on TCP 443
      for example 3.0.0.0 TCP 443

`+` stands before what is allowed on the new side alone, `-` before what was allowed on the old side alone, `!` before
what else must be known.  All forms are widening first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mcpfence.diff.changes import VERDICTS, Change, ChangedPods, Delta, Difference, Verdict
from mcpfence.diff.flow_text import documents, lines, packet_document
from mcpfence.diff.side import Location
from mcpfence.findings.finding import plural
from mcpfence.reach.flows.flows import Packet, Reach
from mcpfence.reach.flows.label_sets import box_text
from mcpfence.text.markup import markdown_code
from mcpfence.text.printable import printable

FORMAT = "mcpfence.diff/v1"

_TITLES = 10
_LINES = 12
"""Of subjects and of lines of one direction, so many are shown; JSON has all."""

_WHOLE = "everything, on every protocol and port"
_AT_MOST = "everything else, at most"


# --- text ---


def as_text(found: Difference) -> str:
    """The whole difference, with a newline at its end."""
    blocks = [summary(found)]
    for change in found.changes:
        verdict = "wider and narrower" if change.mixed else change.verdict
        blocks.append("\n".join([f"{_titles(change.subjects)}: {verdict}", *change_lines(change, _LINES)]))
    if found.doubts:
        blocks.append("\n".join(f"! {_clean(text)}" for text in found.doubts))
    if found.remarks:
        blocks.append(
            "\n".join(["unknown, and alike on both sides:", *(f"! {_clean(text)}" for text in found.remarks)])
        )
    return "\n\n".join(blocks) + "\n"


def summary(found: Difference) -> str:
    """`1 wider, 2 added, 996 the same`."""
    counts: list[tuple[int, str]] = [(found.count(verdict), verdict) for verdict in VERDICTS]
    counts += [(len(found.doubts), "not evaluated"), (found.same, "the same")]
    if not found.different:
        return f"the same reach ({plural(found.same, 'subject')} compared)"
    return ", ".join(f"{count:,} {word}" for count, word in counts if count)


def change_lines(change: Change, limit: int) -> list[str]:
    """What changed for the subjects of one change; at most `limit` lines for each direction and sign."""
    found = [*_delta_lines(change, "may reach", change.egress, limit)]
    found += _delta_lines(change, "may be reached by", change.ingress, limit)
    if not found and change.status != "changed":
        found.append(f"{'+' if change.status == 'added' else '-'} reaches nothing, and nothing reaches it")
    return found + [f"! {_clean(text)}" for text in (*change.remarks, *change.doubts)]


def _delta_lines(change: Change, does: str, delta: Delta, limit: int) -> Iterator[str]:
    everything = _WHOLE if change.status != "changed" else _AT_MOST if change.doubts else ""
    gained = everything or "everything else: nothing is denied any more"
    lost = everything or "everything else: what is not allowed is denied now"
    yield from _signed(f"+ {does}", delta.gained, delta.gained_example, gained if delta.all_gained else "", limit)
    yield from _signed(f"- {does}", delta.lost, delta.lost_example, lost if delta.all_lost else "", limit)


def _signed(start: str, reach: Reach, example: Packet | None, everything: str, limit: int) -> Iterator[str]:
    """The lines of one sign; `everything` are the words for it where that is what is meant."""
    if not reach:
        return
    said = [everything] if everything else lines(reach)
    yield from (f"{start} {_clean(text)}" for text in said[:limit])
    if len(said) > limit:
        yield f"{start[0]} ... and {len(said) - limit:,} more (--format json shows all)"
    if example is not None:
        yield f"  for example {_clean(example.text)}"


def _titles(subjects: Sequence[ChangedPods]) -> str:
    return ", ".join(_clean(pods.title) for pods in subjects[:_TITLES]) + _more(subjects)


def _more(subjects: Sequence[ChangedPods]) -> str:
    return f" and {len(subjects) - _TITLES:,} more" if len(subjects) > _TITLES else ""


def _clean(text: str) -> str:
    """One line that shows all its characters: labels come from other people's files."""
    return printable(text)


# --- JSON ---


def document(found: Difference) -> dict[str, Any]:
    """The difference as data.  Later versions of the format may add keys; they take none away."""
    counts: dict[str, int] = {verdict: found.count(verdict) for verdict in VERDICTS}
    return {
        "format": FORMAT,
        "same": not found.different,
        "summary": {**counts, "notEvaluated": len(found.doubts), "same": found.same},
        "changes": [_change(change) for change in found.changes],
        "doubts": list(found.doubts),
        "remarks": list(found.remarks),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "subjects": [
            {"title": pods.title, "old": _locations(pods.old), "new": _locations(pods.new)} for pods in change.subjects
        ],
        "verdict": change.verdict,
        "egress": _delta(change.egress),
        "ingress": _delta(change.ingress),
        "doubts": list(change.doubts),
        "remarks": list(change.remarks),
    }


def _locations(locations: Sequence[Location]) -> list[dict[str, str]]:
    return [{"namespace": namespace, "pods": box_text(box)} for namespace, box in locations]


def _delta(delta: Delta) -> dict[str, Any]:
    return {
        "gained": _flows(delta.gained, delta.gained_example, everything=delta.all_gained),
        "lost": _flows(delta.lost, delta.lost_example, everything=delta.all_lost),
    }


def _flows(reach: Reach, example: Packet | None, *, everything: bool) -> dict[str, Any]:
    """`everything` stands for all that was denied on the other side, which may differ from subject to subject."""
    found: dict[str, Any] = {"everything": everything, "flows": [] if everything else documents(reach)}
    return {**found, "example": packet_document(example) if example is not None else None}


# --- Markdown ---

_OPEN: tuple[Verdict, ...] = ("wider", "added", "unclear")
"""What is shown at once; the rest is folded."""

_ROOM = 60_000
"""Characters; code hosts refuse comments of more than 65,536."""

_BLOCK = """\
**{{ verdict }}:** {{ titles }}

```diff
{{ shown | join("\n") }}
```
{% if folded %}

<details><summary>{{ folded | length }} more lines</summary>

```diff
{{ folded | join("\n") }}
```

</details>
{% endif %}
"""

_PAGE = """\
### mcpfence: {{ summary }}
{% for block in open %}

{{ block }}
{%- endfor %}
{% if doubts %}

**Not evaluated:**

```diff
{{ doubts | join("\n") }}
```
{% endif %}
{% if closed %}

<details><summary>{{ closing }}</summary>
{% for block in closed %}

{{ block }}
{%- endfor %}

</details>
{% endif %}
{% if remarks %}

<details><summary>unknown, and alike on both sides</summary>

```diff
{{ remarks | join("\n") }}
```

</details>
{% endif %}
{% if left %}

{{ left }} of the changes do not fit into a comment; `mcpfence diff --format text` shows them.
{% endif %}
"""

_UNFOLDED = 8


def as_markdown(found: Difference) -> str:
    """A comment: the summary in its first line, what widens in the open, long lists and what narrows folded."""
    from jinja2 import Environment, StrictUndefined  # takes longer to load than a small difference to make

    jinja = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # what others wrote stands in code spans and blocks alone
    )
    block, page = jinja.from_string(_BLOCK), jinja.from_string(_PAGE)
    room = _ROOM
    shown: dict[bool, list[str]] = {True: [], False: []}
    left = 0
    for change in found.changes:
        text = block.render(**_block(change))
        if len(text) > room:
            left += 1
            continue
        room -= len(text)
        shown[change.verdict in _OPEN].append(text)
    closed = [verdict for verdict in VERDICTS if verdict not in _OPEN]
    return page.render(
        summary=summary(found),
        open=shown[True],
        closed=shown[False],
        closing=", ".join(f"{found.count(verdict):,} {verdict}" for verdict in closed if found.count(verdict)),
        doubts=_bounded(found.doubts),
        remarks=_bounded(found.remarks),
        left=left,
    )


def _block(change: Change) -> dict[str, Any]:
    said = change_lines(change, _LINES * 4)
    fits = len(said) <= _UNFOLDED + 2
    titles = ", ".join(markdown_code(pods.title) for pods in change.subjects[:_TITLES])
    return {
        "verdict": "Wider and narrower" if change.mixed else change.verdict.capitalize(),
        "titles": titles + _more(change.subjects),
        "shown": said if fits else said[:_UNFOLDED],
        "folded": [] if fits else said[_UNFOLDED:],
    }


def _bounded(texts: Sequence[str]) -> list[str]:
    """The first of them, so that a comment holds them beside everything else."""
    more = [f"! and {len(texts) - _LINES:,} more"] if len(texts) > _LINES else []
    return [*(f"! {_clean(text)[:200]}" for text in texts[:_LINES]), *more]
