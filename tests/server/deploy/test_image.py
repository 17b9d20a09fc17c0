"""The recipe of the container image copies what is there and starts what exists."""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path

import pytest

from larkbase_server.deploy.contents import CONNECTOR, CRAWLER


@pytest.fixture
def context(packages):
    """The folder that ``docker build`` is given."""
    return packages["connector", "arm64"].path.parent / "image"


@pytest.fixture
def recipe(context):
    """The instructions of the Dockerfile with their arguments, in order."""
    lines = (context / "Dockerfile").read_text("utf-8").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def test_the_recipe(recipe):
    """Lambda's own Python, the files of one architecture, and the connector as the command."""
    assert recipe == [
        ("FROM", "public.ecr.aws/lambda/python:3.12"),
        ("ARG", "TARGETARCH"),
        ("COPY", "${TARGETARCH}/ ${LAMBDA_TASK_ROOT}/"),
        ("CMD", '["larkbase_server.athena.handler"]'),
    ]


def test_its_command_is_a_function(recipe):
    """As Lambda finds it: the module, then its attribute."""
    (handler,) = json.loads(dict(recipe)["CMD"])
    module, _, name = handler.rpartition(".")

    assert handler == CONNECTOR.handler
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(("docker", "architecture"), [("amd64", "x86_64"), ("arm64", "arm64")])
def test_what_it_copies_holds_both_functions(context, packages, recipe, docker, architecture):
    """The crawler's function overrides the command, so that one image serves both."""
    source = dict(recipe)["COPY"].split()[0].replace("${TARGETARCH}", docker)
    folder = context / source
    present = {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}
    wanted = set()
    for function in (CONNECTOR, CRAWLER):
        with zipfile.ZipFile(packages[function.name, architecture].path) as archive:
            wanted |= set(archive.namelist())

    assert present == wanted
