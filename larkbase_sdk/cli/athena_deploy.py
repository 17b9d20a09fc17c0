"""Commands that put the Lambda functions into AWS: their packages, and templates for them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 (typer reads annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.common import local_command, local_report_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.text import command, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_server.deploy.package import Package

_MB = 1e6
_LARGEST_UPLOAD = 50 * _MB
"""Bytes of a package that Lambda takes without a bucket."""


class Architecture(StrEnum):
    """Processors of Lambda."""

    X86_64 = "x86_64"
    ARM64 = "arm64"
    BOTH = "both"


class TemplateKind(StrEnum):
    """Tools that create things in AWS."""

    SAM = "sam"
    CLOUDFORMATION = "cloudformation"
    TERRAFORM = "terraform"


@local_report_command
def package(
    session: Session,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the packages are written.")],
    arch: Annotated[
        Architecture, typer.Option(help="For which processors of Lambda.")
    ] = Architecture.BOTH,
    strip: Annotated[
        bool, typer.Option("--strip/--no-strip", help="Take symbols out of compiled files.")
    ] = False,
    image: Annotated[
        bool, typer.Option("--image", help="Also write what a container image is built from.")
    ] = False,
) -> None:
    """Build the packages of the connector and of the crawler for Lambda's Python 3.12.

    pip fetches wheels for Lambda, in the versions of this environment; what no function uses is
    left out, and every package is checked. boto3 is part of Lambda's Python and not in them.
    """
    from larkbase_server.deploy.package import build_packages
    from larkbase_server.deploy.targets import TARGETS

    wanted = [name for name in TARGETS if arch in (Architecture.BOTH, name)]
    built = build_packages(out, [TARGETS[name] for name in wanted], strip=strip, image=image)
    session.output.rows([_row(item) for item in built])
    session.output.done(f"{count(len(built), 'package')} in {out}")
    for text in _notes(built):
        session.output.note(text)
    session.output.next(command("athena", "template", "--format", "cloudformation"))


def _row(item: Package) -> dict[str, object]:
    return {
        "package": item.path.name,
        "zipped_mb": round(item.zipped / _MB, 1),
        "unpacked_mb": round(item.unpacked / _MB, 1),
        "files": item.files,
        "sha256": item.sha256,
    }


def _notes(built: Sequence[Package]) -> list[str]:
    notes = []
    if not all(item.precompiled for item in built):
        notes.append(
            "There is no Python 3.12 on this machine that could compile the modules, so that "
            "Lambda does it at every cold start."
        )
    if any(item.zipped > _LARGEST_UPLOAD for item in built):
        notes.append("Packages above 50 MB reach Lambda by way of a bucket only.")
    return notes


@local_command
def template(
    session: Session,
    kind: Annotated[
        TemplateKind, typer.Option("--format", help="The tool that the template is for.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write files instead of to stdout.")
    ] = None,
) -> None:
    """Print a template that creates the functions, their roles and Athena's data source."""
    from larkbase_server.deploy.templates import TemplateFormat, template_text, write_template

    form = TemplateFormat(kind)
    if out is None:
        typer.echo(template_text(form), nl=False)
        return
    for path in write_template(form, out):
        session.output.done(f"{path}")
