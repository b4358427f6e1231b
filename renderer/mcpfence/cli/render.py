"""`mcpfence render`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from mcpfence.cli.inputs import Inputs, input_options, read_inputs
from mcpfence.cli.output import Voice, common_options, guarded, write_stdout
from mcpfence.cli.post_render import summarise
from mcpfence.errors import McpfenceError
from mcpfence.files import write_folder
from mcpfence.helm import chart_folder, find_helm, template
from mcpfence.layout import folder_layout
from mcpfence.postrender import Result, post_render, text_chunks
from mcpfence.render import render
from mcpfence.services import index


@click.command("render")
@input_options
@click.option("--chart", metavar="DIR", help="Chart to render; default: the mcpfence chart of this package.")
@click.option("--policies-only", is_flag=True, help="Only what the renderer emits; needs no helm.")
@click.option("-o", "--output-dir", metavar="DIR", help="Write one file per object into DIR, and remove stale ones.")
@common_options
def command(
    voice: Voice,
    *,
    files: tuple[str, ...],
    namespace: str,
    release: str,
    chart: str | None,
    policies_only: bool,
    output_dir: str | None,
) -> int:
    """Render the chart and the policies of a catalog: the same objects that Helm's post-renderer gives.

    \b
    mcpfence render -f values.yaml                              everything on stdout
    mcpfence render -f values.yaml -o manifests/                one file per object, for Git
    mcpfence render -f values.yaml --policies-only              without helm: only the policies
    mcpfence render -f base.yaml -f prod.yaml -n tools --release mcp
    """
    if policies_only and chart:
        raise click.UsageError("--policies-only renders no chart; remove --chart.")

    def work() -> int:
        inputs = read_inputs(files)
        voice.sources += inputs.sources
        if policies_only:
            services = index(inputs.documents, namespace)
            rendering = render(inputs.values, release=release, namespace=namespace, services=services)
            result = Result(list(text_chunks(rendering)), (rendering,), rendering.findings)
        else:
            folder = Path(chart) if chart else chart_folder()
            data = _helm_template(folder, release, namespace, inputs)
            result = post_render(data, more=inputs.documents)
        if voice.fails(result.findings):
            raise McpfenceError(result.findings)
        if output_dir:
            _write(Path(output_dir), result, voice)
        else:
            write_stdout(result.chunks)
        voice.findings(result.findings)
        if not voice.quiet:
            summarise(voice, result)
        return 0

    return guarded(voice, work)


def _helm_template(chart: Path, release: str, namespace: str, inputs: Inputs) -> bytes:
    """Run helm; what came on stdin becomes a file for it."""
    helm = find_helm()
    with tempfile.TemporaryDirectory(prefix="mcpfence-") as scratch:
        paths = []
        for number, (name, source) in enumerate(zip(inputs.value_files, inputs.sources, strict=True)):
            path = Path(name)
            if name == "-":
                path = Path(scratch) / f"values-{number}.yaml"
                path.write_text(source.text, encoding="utf-8")
            paths.append(path)
        return template(helm, chart, release, namespace, paths)


def _write(folder: Path, result: Result, voice: Voice) -> None:
    objects = [item for rendering in result.renderings for item in rendering.objects]
    files = folder_layout(objects, result.foreign)
    written, same, gone = write_folder(folder, files)
    voice.say(f"mcpfence: {folder}: {written:,} files written, {same:,} unchanged, {gone:,} removed")
