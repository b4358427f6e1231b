"""Files on disk: input read, and a folder of manifests written, kept clean and compared.

Only files that an earlier run wrote (and listed in `.mcpfence-index`) are ever replaced or removed, and nothing is
reached through a symbolic link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mcpfence.findings.finding import Finding, McpfenceError, fail, quote
from mcpfence.patterns import regex
from mcpfence.reach.documents.kustomize_files import is_kustomization
from mcpfence.structs import Struct
from mcpfence.system.stdin import read_stdin

Part = TypeVar("Part")

INDEX = ".mcpfence-index"
_HEADER = "# Files that mcpfence {by} wrote here. It replaces and removes these and no others."
_HEADERS = regex(r"# Files that mcpfence (?P<by>[a-z -]{1,40}) wrote here\.")
RENDER = "render -o"
"""The command that writes most folders; others name themselves, so that none removes what another one wrote."""
_NAME = regex(r"[a-z0-9][a-z0-9.-]*\.yaml\Z")
"""What `layout` calls files: nothing that leads out of the folder or names a hidden file."""
MANIFESTS = (".yaml", ".yml", ".json")
"""How the names of manifests end, for kubectl too."""


def is_manifest(parts: Sequence[str]) -> bool:
    """Whether a file of a folder counts as a manifest, by its path from there.

    kubectl, given the folder, applies hidden files like others; hidden folders (.git, .github, .venv) are left out.
    """
    *above, name = parts or ("",)
    known = name.endswith(MANIFESTS) or is_kustomization(name)
    return known and name != ".mcpfence.yaml" and not any(part.startswith(".") for part in above)


def manifests_below(folder: Path) -> Iterator[Path]:
    """The manifests of a folder and of those in it, in a stable order; raises OSError."""
    return (
        path for path in sorted(folder.rglob("*")) if is_manifest(path.relative_to(folder).parts) and path.is_file()
    )


class Drift(Struct):
    """How a folder differs from what it should hold, as sorted file names; `others` are manifests of somebody else."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    stale: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether it differs; what others put there is none of our business."""
        return bool(self.missing or self.changed or self.stale)


def read_bytes(name: str) -> bytes:
    """The content of a file, or of stdin for `-`; raises McpfenceError."""
    if name == "-":
        return read_stdin()
    try:
        return Path(name).read_bytes()
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("file-unreadable", sentence, "check the path", document=name) from None


def read_each(names: Iterable[str], read: Callable[[str, str], Iterable[Part]]) -> list[Part]:
    """What `read` makes of each input, given its name and what messages call it; raises McpfenceError with all faults.

    One input that cannot be read hides nothing about the others.
    """
    found: list[Part] = []
    faults: list[Finding] = []
    for name in names:
        try:
            found += read(name, "stdin" if name == "-" else name)
        except McpfenceError as error:
            faults += error.findings
    if faults:
        raise McpfenceError(faults)
    return found


def replace_file(path: Path, text: str) -> None:
    """Write one file in one step, with the rights of the one that it replaces; raises OSError."""
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.mcpfence-new")
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            file.write(text.encode())
        if target.exists():
            import shutil  # here, since few runs replace a file

            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


class Earlier(Struct):
    """What a folder holds of an earlier run: the files that `write_folder` would remove, and texts."""

    gone: tuple[str, ...]
    texts: Mapping[str, str]
    """Of the files that would go, and of every ConfigMap, or where there is none of every NetworkPolicy: these say
    whose the folder is.  Empty for a file that is not there any more."""


def read_earlier(folder: Path, files: Iterable[str], by: str = RENDER) -> Earlier:
    """What an earlier run wrote into the folder, as far as it tells what would be lost; raises McpfenceError."""
    try:
        refuse_place(folder)
        old = _known(folder, files, by) if folder.is_dir() else []
        gone = tuple(sorted(set(old) - set(files)))
        says = [name for name in old if name.startswith("configmap-") and (folder / name).is_file()]
        wanted = {*gone, *(says or (name for name in old if name.startswith("networkpolicy-")))}
        return Earlier(gone, {n: (_content(folder / n) or b"").decode(errors="replace") for n in sorted(wanted)})
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("output-failed", sentence, "check the folder", document=str(folder)) from None


def write_folder(folder: Path, files: Mapping[str, str], by: str = RENDER) -> tuple[int, int, int]:
    """Make the folder hold exactly these files of ours; returns how many were written, left alone and removed.

    `by` is the command that writes them; what another one wrote there is refused.

    Everything new is written beside its place first and moved there only when all of it is on disk, so a full disk
    changes nothing.  Raises McpfenceError.
    """
    try:
        old = _prepare(folder, files, by)
        changed = {name: text for name, text in files.items() if _content(folder / name) != text.encode()}
        index, both = _index_text(files, by), _index_text({*old, *files}, by)
        staged = _stage(folder, {**changed, INDEX: index}, both)
    except OSError as bad:
        raise _cannot(folder, bad, "nothing was changed; make room or choose another folder") from None
    gone = [name for name in old if name not in files]
    try:
        _commit(folder, staged, gone)
    except OSError as bad:
        raise _cannot(folder, bad, "some files are new already; mend this and render again") from None
    return len(changed), len(files) - len(changed), len(gone)


def compare_folder(folder: Path, files: Mapping[str, str], by: str = RENDER) -> Drift:
    """What `write_folder` would change; nothing is written.  Raises McpfenceError where it would."""
    expected = {**files, INDEX: _index_text(files, by)}
    try:
        refuse_place(folder)
        if not folder.is_dir():
            return Drift(tuple(sorted(expected)), (), (), ())
        old = _known(folder, files, by)
        there = {path.name for path in folder.iterdir()}
        changed = tuple(n for n in sorted(expected) if n in there and _content(folder / n) != expected[n].encode())
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("output-failed", sentence, "check the folder", document=str(folder)) from None
    return Drift(
        missing=tuple(sorted(expected.keys() - there)),
        changed=changed,
        stale=tuple(name for name in sorted(old) if name not in files and name in there),
        others=tuple(sorted(name for name in there - {*expected, *old} if name.endswith(MANIFESTS))),
    )


def _cannot(folder: Path, bad: OSError, todo: str) -> McpfenceError:
    sentence = f"cannot be written ({bad.strerror or type(bad).__name__})"
    return fail("output-failed", sentence, todo, document=str(folder))


def _prepare(folder: Path, files: Iterable[str], by: str) -> list[str]:
    """Make the folder, and name the files of an earlier run; raises McpfenceError where others are in the way."""
    refuse_place(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return _known(folder, files, by)


def refuse_place(folder: Path) -> None:
    """Refuse a folder that is a file, or behind a link: whoever can put a link into a repository names any folder.

    An absolute path was written by whoever runs this, so links above its last part are their own business.
    """
    if folder.is_symlink():
        todo = "name the folder that it leads to"
        raise fail("output-failed", "is a symbolic link", todo, document=str(folder))
    above = () if folder.is_absolute() else folder.parents
    link = next((path for path in above if path.is_symlink()), None)
    if link is not None:
        todo = f"{link} is a symbolic link; name the folder that it leads to"
        raise fail("output-failed", "stands behind a link", todo, document=str(folder))
    if folder.exists() and not folder.is_dir():
        raise fail("output-failed", "is a file, not a folder", "choose another folder", document=str(folder))


def _known(folder: Path, files: Iterable[str], by: str) -> list[str]:
    """The files that an earlier run of the same command wrote.

    A link or a folder under a name of ours was put there by somebody else: following it could write anywhere.
    """
    _refuse(folder, [INDEX], known={INDEX})
    old = _index(folder, by)
    _refuse(folder, {*files, *old}, known=set(old))
    return old


def _refuse(folder: Path, names: Iterable[str], known: set[str]) -> None:
    for name in sorted(names):
        path = folder / name
        if path.is_symlink() or path.is_dir() or (path.exists() and name not in known):
            sentence, todo = "exists and was not written by mcpfence", "move it away, or choose an empty folder"
            raise fail("output-failed", sentence, todo, document=str(path))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _index(folder: Path, by: str) -> list[str]:
    """The names in the index; raises McpfenceError where it is another command's, or one is no plain name of ours."""
    path = folder / INDEX
    if not path.is_file():
        return []
    text = path.read_bytes().decode("utf-8", errors="replace")
    made = _HEADERS.match(text)
    if made and made["by"] != by:
        sentence = f"holds what mcpfence {made['by']} wrote, all of which would be removed"
        raise fail("output-failed", sentence, "choose another folder", document=str(folder))
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    for name in names:
        if not _NAME.match(name):
            sentence, todo = f"names {quote(name)}, which mcpfence never writes", "remove the folder and render again"
            raise fail("output-failed", sentence, todo, document=str(path))
    return names


def _index_text(names: Iterable[str], by: str) -> str:
    return "\n".join([_HEADER.format(by=by), *sorted(names)]) + "\n"


def _stage(folder: Path, files: Mapping[str, str], index: str) -> list[tuple[Path, Path]]:
    """Write every file under a temporary name; returns (temporary, final).  On any error all of them are removed.

    The index with old and new names goes first: whatever stops the moves half-way, each file of ours is listed.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for name, text in [(INDEX, index), *files.items()]:
            temporary = folder / f".{len(staged)}{name}.mcpfence-new"
            temporary.unlink(missing_ok=True)  # what a killed run left; a link must not be followed
            staged.append((temporary, folder / name))
            with temporary.open("xb") as file:
                file.write(text.encode())
    except BaseException:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
    return staged


def _commit(folder: Path, staged: list[tuple[Path, Path]], gone: Iterable[str]) -> None:
    """Move the new files to their places and remove the old ones; the last move is the new index."""
    try:
        for temporary, path in staged[:-1]:
            temporary.replace(path)
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        temporary, path = staged[-1]
        temporary.replace(path)
    except BaseException:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
