"""Serde versions: which one a request was written in, and which one both sides understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.errors import UnsupportedVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST = 2
"""The oldest version that is written; version 1 is read only."""

NEWEST = 6
"""The newest version that is read and written."""

REPORTED = 5
"""What a connector says of itself: everything but Substrait plans, which the newest adds."""

CAPABILITIES = 24
"""The older number beside it: "explicitly versioned serde"."""

CONTINUATION = "/////"
"""How the base64 of an Arrow message begins from version 3 on."""

_SINCE = {"queryPlan": 6, "queryPassthroughArguments": 5, "limit": 4, "expression": 4}


def has_legacy_framing(version: int) -> bool:
    """Return whether Arrow messages of this version lack the continuation marker."""
    return version < 3


def check_version(version: int) -> None:
    """Check that messages can be written in this version.

    Raises:
        UnsupportedVersion: when they cannot.
    """
    if not OLDEST <= version <= NEWEST:
        msg = f"Serde version {version} cannot be written, only {OLDEST} to {NEWEST}."
        raise UnsupportedVersion(msg)


def common_version(reported: int) -> int:
    """Return the version to write to a connector that reports ``reported`` in its PingResponse.

    Raises:
        UnsupportedVersion: when it only understands versions that cannot be written.
    """
    version = min(reported, NEWEST)
    check_version(version)
    return version


def answer_version(event: Mapping[str, Any]) -> int:
    """Return the newest version whose shape a request has, to answer it in.

    No request names its version, so members and the framing of its Arrow messages tell. A caller
    of version 1 gets answers of version 2, the oldest that is written.
    """
    if _is_first_version(event) or any(
        not text.startswith(CONTINUATION) for text in _arrow_texts(event)
    ):
        return OLDEST
    if event.get("@type") == "GetTableRequest":
        return NEWEST if "queryPassthroughArguments" in event else 4
    constraints = event.get("constraints")
    if not isinstance(constraints, dict):
        return NEWEST
    return next((since for key, since in _SINCE.items() if key in constraints), 3)


def _is_first_version(event: Mapping[str, Any]) -> bool:
    identity = event.get("identity")
    return "requestType" in event or (isinstance(identity, dict) and "principalTags" in identity)


def _arrow_texts(event: Mapping[str, Any]) -> Iterator[str]:
    for key in ("schema", "outputSchema", "partitions", "inputRecords"):
        value = event.get(key)
        if isinstance(value, dict):
            value = value.get("schema")
        if isinstance(value, str):
            yield value
