"""AWS's limits on what a request may hold, as botocore's description of each service states them.

Botocore checks few of them before it sends a request and moto checks none, but the service does.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import ServiceModel, Shape

_SHOWN = 120
# The descriptions write characters beyond the basic plane as Java's surrogate pairs.
_SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's description of a service."""
    from botocore.session import get_session

    return get_session().get_service_model(service)


def violations(service: str, operation: str, parameters: Mapping[str, Any]) -> str | None:
    """Return AWS's sentence about every limit that a request breaks, or None.

    Lengths, sizes of lists, ranges of numbers, patterns and sets of words are checked, at any
    depth. Operations that botocore does not know pass.
    """
    model = service_model(service)
    if operation not in model.operation_names:
        return None
    shape = model.operation_model(operation).input_shape
    found = list(_walk(shape, parameters, "")) if shape else []
    if not found:
        return None
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _walk(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    for rule in _broken(shape, value):
        yield f"Value '{str(value)[:_SHOWN]}' at '{path}' failed to satisfy constraint: {rule}"
    for inner, item, name in _children(shape, value):
        yield from _walk(inner, item, f"{path}.{name}" if path else name)


def _children(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any, str]]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield member, value.get(name), name[:1].lower() + name[1:]
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield shape.member, item, f"{number}.member"
    elif shape.type_name == "map":
        for key, item in value.items():
            yield shape.key, key, "key"
            yield shape.value, item, f"{key}.value"


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    rules = shape.metadata
    measure, size = ("length", len(value)) if hasattr(value, "__len__") else ("value", value)
    if "max" in rules and size > rules["max"]:
        yield f"Member must have {measure} less than or equal to {rules['max']}"
    if "min" in rules and size < rules["min"]:
        yield f"Member must have {measure} greater than or equal to {rules['min']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"
    if "pattern" in rules and not _matches(rules["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {rules['pattern']}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compile(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@functools.cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    r"""Return the pattern for Python, or None where Java's syntax has no equal (``\p{L}``)."""
    try:
        return re.compile(pattern.replace(_SURROGATES, r"\U00010000-\U0010FFFF"))
    except re.error:
        return None
