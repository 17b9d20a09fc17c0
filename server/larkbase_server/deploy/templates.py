"""The templates that create the functions in AWS: SAM, CloudFormation and Terraform."""

from __future__ import annotations

import re
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TERRAFORM = ("versions.tf", "variables.tf", "main.tf", "outputs.tf")

_TO_SAM = (
    (r"^(AWSTemplateFormatVersion: .*\n)", r"\1Transform: AWS::Serverless-2016-10-31\n"),
    (r"Type: AWS::Lambda::Function\n", "Type: AWS::Serverless::Function\n"),
    (
        r"( +)Code:\n +S3Bucket: (.*)\n +S3Key: (.*)\n",
        r"\1CodeUri:\n\1  Bucket: \2\n\1  Key: \3\n",
    ),
    # The one default in which templates of this form have always differed.
    (r'(  ActivateLarkBaseSource:\n    Type: String\n    Default: )"false"', r'\1"true"'),
)
"""What of the CloudFormation template is written in another way."""


class TemplateFormat(StrEnum):
    """For which tool a template is."""

    SAM = "sam"
    CLOUDFORMATION = "cloudformation"
    TERRAFORM = "terraform"


def template_files(form: TemplateFormat) -> dict[str, str]:
    """Return the files of a template by name; makes no call."""
    if form is TemplateFormat.TERRAFORM:
        return {name: _text(f"terraform/{name}") for name in _TERRAFORM}
    text = _text("cloudformation.yaml")
    if form is TemplateFormat.SAM:
        for pattern, replacement in _TO_SAM:
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        return {"template.yaml": text}
    return {"cloudformation.yaml": text}


def template_text(form: TemplateFormat) -> str:
    """Return a template as one text, which its tool takes too."""
    return "\n".join(template_files(form).values())


def write_template(form: TemplateFormat, out: Path) -> list[Path]:
    """Write the files of a template into a folder, which is made when it is not there."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in template_files(form).items():
        path = out / name
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def _text(name: str) -> str:
    return (files("larkbase_server.deploy") / "templates" / name).read_text("utf-8")
