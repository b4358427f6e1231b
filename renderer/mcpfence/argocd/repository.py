"""The repository around an application: what may be read of it, and its chart with everything that it depends on.

One rule holds for every path: what it really is, links followed, lies inside the repository.  Nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mcpfence.argocd.charts import ChartFile, Dependency, read_chart
from mcpfence.argocd.schemas import SCHEMA, check_schema
from mcpfence.documents.values import decode
from mcpfence.findings.finding import Collector, McpfenceError, fail, quote
from mcpfence.structs import Struct


class Repository(Struct):
    """The application's folder, and the root above it that nothing may leave; both without links."""

    root: Path
    folder: Path

    def shown(self, path: Path) -> str:
        """A path as messages name it: from the application's folder, or with `..` from there."""
        return os.path.relpath(path, self.folder)

    def confine(self, name: str, where: str) -> Path:
        """The real file behind a path that an application names; raises McpfenceError where it leads outside."""
        if "://" in name:
            raise _outside(name, "is a URL, and nothing is fetched", "put the file into the repository", where)
        if PurePosixPath(name).is_absolute() or "\0" in name or name == "-":
            raise _outside(name, "is no path from the application's folder", "write one, such as values.yaml", where)
        path = self.folder / name
        return self.real(path, name, where)

    def real(self, path: Path, name: str, where: str) -> Path:
        """The same for a path that was found in a chart."""
        if not Path(os.path.normpath(path)).is_relative_to(self.root):
            raise _outside(name, "leads out of the repository", "name a file of the repository", where)
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # links in a circle
            real = self.root.parent
        if not real.is_relative_to(self.root):
            sentence = "is a symbolic link, or stands behind one, that leads out of the repository"
            raise _outside(name, sentence, "put the file itself there", where)
        return real


def _outside(name: str, sentence: str, todo: str, where: str) -> McpfenceError:
    return fail("path-outside", f"{quote(name)} {sentence}", todo, document=where)


def open_repository(folder: Path, source_path: str) -> Repository:
    """The repository of an application; its root lies as far above as ARGOCD_APP_SOURCE_PATH says.

    Where Argo CD sends a part of the repository only, the root is the top of that part as far as it can be told;
    in doubt it is the application's folder, and more is refused.
    """
    here = folder.resolve()
    steps = [step for step in PurePosixPath(source_path).parts if step not in (".", "/")]
    root = here
    while steps and ".." not in steps and root.name == steps[-1] and root.parent != root:
        root, steps = root.parent, steps[:-1]
    return Repository(root, here)


def read_text(path: Path, shown: str) -> str:
    """The text of a file; raises McpfenceError, which names it as `shown`."""
    try:
        return decode(path.read_bytes(), shown)
    except OSError as bad:
        sentence = f"cannot be read ({bad.strerror or type(bad).__name__})"
        raise fail("file-unreadable", sentence, "check the path", document=shown) from None


def chart_file(repository: Repository, chart: Path) -> ChartFile:
    """The Chart.yaml of a folder; raises McpfenceError where it cannot be read."""
    texts = []
    for name in ("Chart.yaml", "requirements.yaml"):
        path = chart / name
        shown = repository.shown(path)
        texts.append(
            read_text(repository.real(path, shown, "chart"), shown) if path.is_symlink() or path.exists() else ""
        )
    return read_chart(texts[0], repository.shown(chart / "Chart.yaml"), texts[1])


def assemble(repository: Repository, scratch: Path) -> Path:
    """The folder to hand to helm: the application's, or a copy in `scratch` with its file:// dependencies in place.

    Raises McpfenceError with every link that leads outside and every dependency that is not in the repository.
    """
    out = Collector()
    chart = repository.folder
    lacking = list(_lacking(repository, chart, (chart,), out))
    out.stop_on_errors()
    if not lacking:
        return chart
    target = scratch / "chart"
    _copy(chart, target)
    for inside, source in lacking:
        _copy(source, target / inside)
    return target


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".git"), dirs_exist_ok=True)
    except OSError as bad:  # shutil.Error, which gathers those of single files, is one too
        why = bad.strerror or str(next(iter(bad.args[0]))[2])
        todo = "make room in the folder for temporary files, and check what may be read"
        raise fail("file-unreadable", f"cannot be copied ({why})", todo, document=source.name) from None


def _lacking(
    repository: Repository, chart: Path, trail: tuple[Path, ...], out: Collector, inside: Path = Path()
) -> Iterator[tuple[Path, Path]]:
    """(place below the chart, folder that belongs there) of each file:// dependency that is not in charts/ yet.

    `trail` are the charts above, `inside` is the place of this one.
    """
    try:
        _check_files(repository, chart)
        meta = chart_file(repository, chart)
    except McpfenceError as error:
        out.take(error.findings)
        return
    below = sorted(path for path in (chart / "charts").glob("*") if (path / "Chart.yaml").is_file())
    for path in below:
        yield from _lacking(repository, path, (*trail, path), out, inside / "charts" / path.name)
    names = {path.name for path in (chart / "charts").glob("*")}
    for dependency in meta.dependencies:
        if dependency.name in {path.name for path in below} or any(map(dependency.archived_as, names)):
            continue
        source = _local(repository, chart, dependency, trail, out)
        if source is not None:
            place = inside / "charts" / dependency.name
            yield place, source
            yield from _lacking(repository, source, (*trail, source), out, place)


def _local(
    repository: Repository, chart: Path, dependency: Dependency, trail: tuple[Path, ...], out: Collector
) -> Path | None:
    """The folder of a file:// dependency; None after an error."""
    where = repository.shown(chart / "Chart.yaml")
    local = dependency.local
    if local is None:
        origin = f"would come from {quote(dependency.repository)}" if dependency.repository else "is not in charts/"
        sentence = f"the dependency {dependency.name} {origin}, and nothing is downloaded"
        todo = "run `helm dependency build` and commit charts/, or vendor the chart and use file://"
        out.add("dependency-missing", (), sentence, todo, document=where)
        return None
    try:
        source = repository.real(chart / local, dependency.repository, where)
    except McpfenceError as error:
        out.take(error.findings)
        return None
    if not (source / "Chart.yaml").is_file():
        sentence = f"the dependency {dependency.name} is not in {quote(local)}"
        out.add("dependency-missing", (), sentence, "put the chart there", document=where)
    elif source in trail:
        sentence = f"the dependency {dependency.name} leads back to a chart that depends on it"
        out.add("dependency-missing", (), sentence, "remove one of the two", document=where)
    else:
        return source
    return None


def _check_files(repository: Repository, chart: Path) -> None:
    """Refuse what would make helm read outside the repository: links, which it follows, and schemas that name files.

    A link to a folder is refused wherever it leads: with two of them helm could go round in circles.
    """
    for folder, folders, files in os.walk(chart):
        folders[:] = [name for name in folders if name != ".git"]
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                _check_link(repository, path)
            if name == SCHEMA or name.endswith(".tgz"):
                check_schema(path, repository.shown(path))


def _check_link(repository: Repository, path: Path) -> None:
    shown = repository.shown(path)
    real = repository.real(path, shown, "chart")
    if not real.exists():
        raise _outside(shown, "is a symbolic link that leads nowhere", "remove it", "chart")
    if real.is_dir():
        todo = "put the folder itself there, or make it a file:// dependency"
        raise _outside(shown, "is a symbolic link to a folder", todo, "chart")
