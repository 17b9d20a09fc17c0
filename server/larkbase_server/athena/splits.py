"""The splits of a read: what each carries, and the answers that hand them out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.plan import Part
from larkbase_server.athena.lookup import find
from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.planning import GetSplitsResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.athena.connector import Connector
    from larkbase_server.athena.lookup import Found
    from larkbase_server.protocol.planning import GetSplitsRequest

SPLITS_PER_ANSWER = 25

_PART, _SPLITS = "part", "splits"


@dataclass(frozen=True, slots=True)
class SplitProperties:
    """What a split tells its reader; small, for every split of a query carries it.

    Attributes:
        part: What to read. Its fields are those that the plan itself looks at; the reader adds
            the columns that its request wants.
        splits: How many splits read the table at the same time, and so share the rate of calls.
    """

    part: Part
    splits: int = 1

    def to_properties(self) -> dict[str, str]:
        """Return it as the texts of a split."""
        part = {key: value for key, value in self.part.to_dict().items() if value not in (None, [])}
        return {
            _PART: json.dumps(part, ensure_ascii=False, separators=(",", ":")),
            _SPLITS: str(self.splits),
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> SplitProperties:
        """Read what ``to_properties`` wrote.

        Raises:
            MalformedMessage: when the texts are of no split of this connector.
        """
        try:
            data = {"fields": (), **json.loads(properties[_PART])}
            return cls(Part.from_dict(data), int(properties[_SPLITS]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            msg = "The properties of the split were not made by this connector."
            raise MalformedMessage(msg) from None


def splits(connector: Connector, request: GetSplitsRequest) -> GetSplitsResponse:
    """Return the splits of a read, or those that follow a token.

    The token holds the splits that are still to come: a plan made anew in another process might
    count other rows, and lose or repeat some.

    Raises:
        NotFound: when there is no such table, or it is hidden.
        MalformedMessage: when the token is none of this connector.
        QueryError: when a condition cannot be applied.
        EncryptionError: when no key can be had.
    """
    found = find(connector, request.query_id, request.table_name)
    if request.continuation_token is None:
        planned = [item.to_properties() for item in _planned(connector, found, request)]
    else:
        planned = _read_token(request.continuation_token)
    target = connector.spill_target(request.identity)
    now, later = planned[:SPLITS_PER_ANSWER], planned[SPLITS_PER_ANSWER:]
    return GetSplitsResponse(
        catalog_name=request.catalog_name,
        splits=tuple(target.new_split(request.query_id, item) for item in now),
        continuation_token=json.dumps(later, ensure_ascii=False) if later else None,
    )


def _planned(
    connector: Connector, found: Found, request: GetSplitsRequest
) -> list[SplitProperties]:
    """Plan the read; what remembered fields do not know is looked for among fresh ones."""
    try:
        return _plan(connector, found, request)
    except QueryError:
        found.schema(fresh=True)
    return _plan(connector, found, request)


def _plan(connector: Connector, found: Found, request: GetSplitsRequest) -> list[SplitProperties]:
    if connector.settings.splitting != "off":
        from larkbase_server.athena.splitting import plan_splits

        return plan_splits(connector, found, request.constraints)
    from larkbase_server.athena.planning import plan_for

    plan = plan_for(connector, found.table, found.schema(), request.constraints)
    return [SplitProperties(part, len(plan.parts)) for part in plan.parts]


def _read_token(token: str) -> list[dict[str, str]]:
    try:
        return [SplitProperties.from_properties(item).to_properties() for item in json.loads(token)]
    except (TypeError, ValueError):
        msg = "The continuation token is none of this connector."
        raise MalformedMessage(msg) from None
