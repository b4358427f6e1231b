"""Makes every file of a release in one folder, from this checkout.

    pypi/       sdist and wheel
    chart/      the packaged chart with its provenance, and an index for `helm repo add`
    plugin/     the archive of the Helm 4 plugin with its provenance
    more/       the plugin of kubectl with its Krew manifest, the Homebrew formula, man pages, the SBOM

Provenance is PGP, since that is what `helm verify` and `helm plugin install` read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from find_helm import find
from gen_version import ROOT, source_version
from release_state import RefusedError
from release_templates import filled

KEY = "MCPFENCE_SIGNING_KEY"
"""The variable with the private key that signs, armored and without a passphrase."""


class Files(NamedTuple):
    """Where the files of a release are."""

    folder: Path
    version: str

    @property
    def wheel(self) -> Path:
        """The wheel."""
        return self.folder / "pypi" / f"mcpfence-{self.version}-py3-none-any.whl"

    @property
    def sdist(self) -> Path:
        """The sdist."""
        return self.folder / "pypi" / f"mcpfence-{self.version}.tar.gz"

    @property
    def chart(self) -> Path:
        """The packaged chart."""
        return self.folder / "chart" / f"mcpfence-{self.version}.tgz"

    @property
    def plugin(self) -> Path:
        """The archive of the Helm 4 plugin, whose name differs from the chart's: they are files of one release."""
        return self.folder / "plugin" / f"mcpfence-helm-plugin-{self.version}.tgz"

    @property
    def kubectl(self) -> Path:
        """The archive of `kubectl mcpfence`."""
        return self.folder / "more" / f"kubectl-mcpfence-{self.version}.tar.gz"

    @property
    def krew(self) -> Path:
        """The Krew manifest."""
        return self.folder / "more" / "mcpfence.krew.yaml"

    @property
    def formula(self) -> Path:
        """The Homebrew formula."""
        return self.folder / "more" / "mcpfence.rb"

    @property
    def man(self) -> Path:
        """The man pages."""
        return self.folder / "more" / f"mcpfence-{self.version}-man.tar.gz"

    @property
    def sbom(self) -> Path:
        """The bill of materials, CycloneDX in JSON."""
        return self.folder / "more" / "mcpfence.cdx.json"

    @property
    def key(self) -> Path:
        """The public key that verifies chart and plugin."""
        return self.folder / "more" / "mcpfence-signing-key.gpg"


def build(folder: Path, repository: str, *, throwaway_key: bool = False) -> Files:
    """Make all files below `folder`, which must not exist; `repository` is OWNER/NAME on GitHub.

    Raises RefusedError for what is missing, with what to do, and for a step that fails, with what it said.
    """
    if not throwaway_key and not os.environ.get(KEY):
        raise RefusedError(f"{KEY}: is not set; it holds the private key that signs chart and plugin (RELEASING.md)")
    files = Files(folder.resolve(), source_version())
    for name in ("pypi", "chart", "plugin", "more"):
        (folder / name).mkdir(parents=True)
    say([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "pypi"), str(ROOT)])
    releases = f"https://github.com/{repository}/releases/download/v{files.version}"
    helm = find((4,), path_first=False)
    if not helm:
        raise RefusedError("helm 4 is missing: run make .tools/bin/helm4")
    say([str(helm.path), "package", str(ROOT / "chart"), "--destination", str(folder / "chart")])
    plugin = ROOT / "helm-plugin" / "mcpfence"
    _archive(files.plugin, {f"mcpfence-helm-plugin/{path.name}": path for path in sorted(plugin.iterdir())})
    _sign(files, throwaway=throwaway_key)
    say([str(helm.path), "repo", "index", str(folder / "chart"), "--url", releases])
    shim = ROOT / "packaging" / "krew" / "kubectl-mcpfence"
    _archive(files.kubectl, {"kubectl-mcpfence": shim, "LICENSE": ROOT / "LICENSE"})
    write_man_pages(files)
    told = {"VERSION": files.version, "REPOSITORY": repository, "RELEASES": releases}
    digests = {"KUBECTL": digest(files.kubectl), "SDIST": digest(files.sdist), "MAN": digest(files.man)}
    files.krew.write_text(filled(ROOT / "packaging/krew/mcpfence.yaml", {**told, **digests}), encoding="utf-8")
    files.formula.write_text(filled(ROOT / "packaging/homebrew/mcpfence.rb", {**told, **digests}), encoding="utf-8")
    _bill_of_materials(files)
    return files


def say(command: Sequence[str], *, stdin: str = "", **variables: str) -> str:
    """What a program prints; raises RefusedError with what it said where it fails."""
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, env=environment)
    except OSError as why:
        raise RefusedError(f"{command[0]}: {why.strerror}") from why
    if done.returncode != 0:
        raise RefusedError(f"{' '.join(command)}: ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _archive(target: Path, members: Mapping[str, Path]) -> None:
    """A tar of regular files, compressed; the same bytes whoever makes it, and when."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, path in members.items():
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with path.open("rb") as source:
                archive.addfile(member, source)
    target.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))


def _sign(files: Files, *, throwaway: bool) -> None:
    """Write provenance beside chart and plugin: what is in it, and its digest, signed; and the public key."""
    with tempfile.TemporaryDirectory() as home:  # short, since it holds the socket of gpg's agent
        gpg = ["gpg", "--batch", "--quiet", "--yes", "--homedir", home, "--pinentry-mode", "loopback"]
        try:
            if throwaway:
                who = "mcpfence dry run <dry-run@example.com>"
                say([*gpg, "--passphrase", "", "--quick-generate-key", who, "rsa3072", "sign", "never"])
            else:
                say([*gpg, "--import"], stdin=os.environ[KEY])
            say([*gpg, "--output", str(files.key), "--export"])
            for archive, described in ((files.chart, ROOT / "chart/Chart.yaml"), (files.plugin, _PLUGIN)):
                text = re.sub(r"(?m)^#.*\n", "", described.read_text(encoding="utf-8"))
                stated = f"{text}\n...\nfiles:\n  {archive.name}: sha256:{digest(archive)}\n"
                say([*gpg, "--clearsign", "--output", f"{archive}.prov"], stdin=stated)
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True, check=False)


_PLUGIN = ROOT / "helm-plugin" / "mcpfence" / "plugin.yaml"


def write_man_pages(files: Files) -> None:
    """A page for each command, from the same click source as --help, with the day of the commit."""
    from release_man import man_pages  # click-man is there only where releases are made

    done = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%cs"], capture_output=True, text=True, check=False
    )
    with tempfile.TemporaryDirectory() as name:
        pages = Path(name)
        for page, text in man_pages(files.version, done.stdout.strip()).items():
            (pages / page).write_text(text, encoding="utf-8")
        _archive(files.man, {f"man1/{path.name}": path for path in sorted(pages.iterdir())})


_CYCLONEDX = "cyclonedx-bom==7.5.0"
"""In a place of its own: it brings rfc3987-syntax, with which every import of jsonschema takes ten times as long."""


def _bill_of_materials(files: Files) -> None:
    """What is installed with the wheel, at the versions of action/constraints.txt, which are those of the image."""
    with tempfile.TemporaryDirectory() as name:
        uv = [sys.executable, "-m", "uv", "--quiet"]
        say([*uv, "venv", f"{name}/venv"])
        python = f"{name}/venv/bin/python"
        constraints = str(ROOT / "action" / "constraints.txt")
        say([*uv, "pip", "install", "--python", python, "--constraint", constraints, str(files.wheel)])
        command = [
            *uv,
            "tool",
            "run",
            "--from",
            _CYCLONEDX,
            "cyclonedx-py",
            "environment",
            python,
            "--output-reproducible",
        ]
        pyproject = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(files.sbom)]
        say([*command, *pyproject])
