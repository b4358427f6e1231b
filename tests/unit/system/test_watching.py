"""Watching: what is looked at, and which changes are said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcpfence.system.watching import changes, look_at


def touch(path: Path, text: str, when: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(when, when))


def both(folder: Path) -> None:
    for name in ("values.yaml", "out/a.yaml"):
        touch(folder / name, "", 2)


def replaced(path: Path) -> None:
    """As editors save: another file under the same name, here of the same time and size."""
    new = path.with_name("new")
    touch(new, "a: 1\n", 1)
    new.replace(path)


CHANGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "nothing": (lambda _: None, ()),
    "a save with other bytes": (lambda folder: touch(folder / "values.yaml", "a: 22\n", 1), ("values.yaml",)),
    "a save with the same bytes": (lambda folder: touch(folder / "values.yaml", "a: 1\n", 2), ("values.yaml",)),
    "another file under its name": (lambda folder: replaced(folder / "values.yaml"), ("values.yaml",)),
    "a file that goes": (lambda folder: (folder / "values.yaml").unlink(), ("values.yaml",)),
    "a file that comes": (lambda folder: touch(folder / "later.yaml", "", 1), ("later.yaml",)),
    "a manifest in a folder": (lambda folder: touch(folder / "out" / "a.yaml", "", 2), ("out/a.yaml",)),
    "a new one in a folder of it": (lambda folder: touch(folder / "out/in/b.yml", "", 2), ("out/in/b.yml",)),
    "no manifest in a folder": (lambda folder: touch(folder / "out" / "README.md", "", 2), ()),
    "a template of a chart": (
        lambda folder: touch(folder / "chart/templates/a.tpl", "", 2),
        ("chart/templates/a.tpl",),
    ),
    "two at once": (
        both,
        ("out/a.yaml", "values.yaml"),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """One round at first, then one for each look at which something is another; nothing is said of the rest."""
    monkeypatch.chdir(tmp_path)
    for name in ("values.yaml", "out/a.yaml", "chart/Chart.yaml"):
        touch(Path(name), "a: 1\n", 1)
    change, expected = CHANGES[what]
    steps: Iterator[Path | None] = iter([None, tmp_path, None])
    seen: list[tuple[str, ...]] = []

    def wait() -> None:
        try:
            folder = next(steps)
        except StopIteration:
            raise KeyboardInterrupt from None
        if folder:
            change(folder)

    with pytest.raises(KeyboardInterrupt):
        seen.extend(changes(lambda: look_at(["values.yaml", "later.yaml", "out"], ["chart"]), wait))

    assert seen == [(), *([expected] if expected else [])]


def test_change_during_the_work_is_seen_afterwards(tmp_path: Path) -> None:
    """A save while a round goes on is not lost: the next look is compared with the one before the work."""
    path = tmp_path / "values.yaml"
    touch(path, "a: 1\n", 1)
    rounds = changes(lambda: look_at([str(path)]), lambda: None)

    assert next(rounds) == ()
    touch(path, "a: 2\n", 2)
    assert next(rounds) == (str(path),)
