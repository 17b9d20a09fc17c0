"""Writes what a container image with both functions is built from."""

from __future__ import annotations

import shutil
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from larkbase_server.deploy.targets import Target

DOCKERFILE = "Dockerfile"


def move_into_image(site: Path, folder: Path, target: Target) -> None:
    """Write the Dockerfile, and move the files of one architecture beside it.

    Args:
        site: The files that go into the image.
        folder: What ``docker build`` is given; it may hold other architectures already.
        target: Their architecture, whose name in Docker their folder gets.
    """
    place = folder / target.docker
    if place.exists():
        shutil.rmtree(place)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.move(site, place)
    (folder / DOCKERFILE).write_text(dockerfile(), "utf-8")


def dockerfile() -> str:
    """Return the recipe of the image."""
    return (files("larkbase_server.deploy") / "templates" / DOCKERFILE).read_text("utf-8")
