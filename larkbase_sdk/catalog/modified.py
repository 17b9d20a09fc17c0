"""When bases were last changed, as Drive tells it: a cheap sign that nothing moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import NotFound, PermissionDenied, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_sdk.api.drive import Drive


def modified_times(drive: Drive, base_ids: Iterable[str]) -> dict[str, int]:
    """Return when each base was last changed, in whole seconds since 1970; one call per 200.

    Bases of which Drive tells nothing are left out, and all of them when the app lacks the
    scope for it.

    Raises:
        LarkBaseError: when the service cannot be reached or refuses the credentials.
    """
    wanted = dict.fromkeys(base_ids)
    try:
        metas = drive.metas((base_id, "bitable") for base_id in wanted) if wanted else []
    except (PermissionDenied, NotFound, ServiceError):
        return {}
    found = {}
    for meta in metas:
        for token in (meta.token, meta.requested_token):
            if token in wanted and meta.modified_time:
                found[token] = meta.modified_time
    return found
