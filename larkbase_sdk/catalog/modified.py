"""When bases were last changed, as Drive tells it: a cheap sign that nothing moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.skipping import OWN_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_sdk.api.drive import Drive
    from larkbase_sdk.api.service_clock import ServiceClock

_SETTLED = 5.0
"""Seconds after which no further change can carry the time of the last one, which Drive tells in
whole seconds, by a clock that may differ a little from that of the answer."""


def modified_times(drive: Drive, base_ids: Iterable[str], clock: ServiceClock) -> dict[str, int]:
    """Return when each base was last changed, in whole seconds since 1970; one call per 200.

    Bases of which Drive tells nothing are left out, and all of them when the app lacks the
    scope for it. So are bases that were changed just now, because their time would not tell of
    another change in the same second.

    Raises:
        LarkBaseError: when the service cannot be reached or refuses the credentials.
    """
    wanted = dict.fromkeys(base_ids)
    try:
        metas = drive.metas((base_id, "bitable") for base_id in wanted) if wanted else []
    except OWN_FAULTS:
        return {}
    now = clock.now()
    latest = 0.0 if now is None else now - _SETTLED
    found = {}
    for meta in metas:
        for token in (meta.token, meta.requested_token):
            if token in wanted and meta.modified_time and meta.modified_time <= latest:
                found[token] = meta.modified_time
    return found
