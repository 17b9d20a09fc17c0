"""The time zone of a base, by which Lark's filters tell one day from the next."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_LARGEST_OFFSET = dt.timedelta(hours=14)
_CHINA = dt.timezone(dt.timedelta(hours=8))
# The example in Lark's own documentation of "get base" is no name of the IANA database.
_LARK_NAMES = {"asia/beijing": _CHINA}
_FEISHU_NAMES = {"cst": _CHINA, "beijing": _CHINA}


def base_zone(name: str, *, feishu: bool) -> dt.tzinfo | None:
    """Return the zone that "get base" names, or None when it is not known for certain.

    Without a known zone, conditions on dates are sent wider. An absent name is unknown on both
    platforms: a wrong guess would lose rows around midnight, a wider filter loses none.

    Args:
        name: ``time_zone`` of the base: an IANA name, ``Asia/Beijing``, or an offset such as
            ``UTC+8`` or ``GMT+05:30``.
        feishu: Whether the base is on feishu.cn, where ``CST`` means China and not Chicago.
    """
    name = name.strip()
    local = _LARK_NAMES | _FEISHU_NAMES if feishu else _LARK_NAMES
    if name.lower() in local:
        return local[name.lower()]
    return _offset(name) or _iana(name)


def _offset(name: str) -> dt.tzinfo | None:
    match = _OFFSET.fullmatch(name)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset > _LARGEST_OFFSET:
        return None
    return dt.timezone(-offset if sign == "-" else offset)


def _iana(name: str) -> dt.tzinfo | None:
    # Three letters are ambiguous, except for UTC and GMT.
    if "/" not in name and name.upper() not in ("UTC", "GMT"):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return None
