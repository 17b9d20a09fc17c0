"""Makers of fields and the reference samples, shared by the tests of names and types."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from larkbase_sdk.api.models import Field

FieldMaker = Callable[..., Field]


@pytest.fixture
def make_field() -> FieldMaker:
    """Makes fields ``fld1``, ``fld2``, … as Lark lists them; ``property_`` is what Lark adds."""
    numbers = itertools.count(1)

    def make(
        name: str, ui_type: str = "Text", property_: dict[str, Any] | None = None, **more: Any
    ) -> Field:
        data = {
            "field_id": f"fld{next(numbers)}",
            "field_name": name,
            "ui_type": ui_type,
            "property": property_,
        }
        return Field.parse(data | more)

    return make


@pytest.fixture
def make_lookup(make_field: FieldMaker) -> FieldMaker:
    """Makes lookups of one field of one table, in the shape that Lark was seen to send."""

    def make(name: str, table_id: str, target: str, roll_up: int | None = 0, **more: Any) -> Field:
        lookup = {
            "filter_info": {"target_table": table_id, "conditions": {"children": []}},
            "target_field": target,
            "roll_up": roll_up,
        }
        return make_field(name, "Lookup", lookup, **more)

    return make


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Any]:
    """Reads a file of the shared folder of Lark samples, or skips the test that asks."""
    default = Path(__file__).parents[3] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", default)) / "lark-samples"

    def read(name: str) -> Any:
        path = folder / name
        if not path.exists():
            pytest.skip(f"the reference sample {name} is not beside this clone")
        return json.loads(path.read_text(encoding="utf-8"))

    return read
