"""What an invocation asks for, in every form of payload that was ever documented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larkbase_sdk.api.links import is_id
from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.options import parse_flag
from larkbase_server.crawler.source import BASE_KEY, FOLDER_KEY, TABLE_KEY, CrawlSource

_TYPE = "handlerType"
_BASE_TYPE, _DRIVE_TYPE = "LARK_BASE", "LARK_DRIVE"
_EXAMPLE = (
    '{"handlerType": "LARK_BASE", "payload": '
    '{"larkBaseDataSourceId": "…", "larkTableDataSourceId": "tbl…"}}'
)


@dataclass(frozen=True, slots=True)
class CrawlRequest:
    """A crawl to be done.

    Attributes:
        source: What to crawl.
        dry_run: Only say what would be done.
        retype: Declare every column as this version does, where the catalogue declares an older
            type for a field whose type in Lark has not changed.
    """

    source: CrawlSource
    dry_run: bool = False
    retype: bool = False


def parse_event(event: Any) -> CrawlRequest:
    """Read the payload of an invocation. Makes no call.

    The ids of the source may stand in ``payload`` or beside the handler type, or alone, without a
    handler type. ``dryRun`` and ``retype`` may stand in both places. Keys are matched without
    regard to letter case and underscores, so that ``handler_type`` and ``dry_run`` are known too;
    other keys are ignored.

    Raises:
        ConfigurationError: ``Invalid handler type: <value>``, a missing key or one without an id,
            which is named, or a flag that is neither on nor off.
    """
    if not isinstance(event, Mapping):
        msg = f"The payload of the invocation is no JSON object but {type(event).__name__}."
        raise ConfigurationError(msg, hint=f"Send {_EXAMPLE}.")
    given = _Given(event)
    return CrawlRequest(_source(given), given.flag("dryRun"), given.flag("retype"))


class _Given:
    """The members of a payload and of the object within it; inner ones count first."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        outer = _folded(event)
        inner = outer.get("payload")
        self._members = outer | (_folded(inner) if isinstance(inner, Mapping) else {})

    def text(self, key: str) -> str:
        """Return a text without outer blanks; "" when it is missing or null."""
        value = self._members.get(_fold(key))
        return "" if value is None else str(value).strip()

    def required(self, key: str) -> str:
        value = self.text(key)
        if not value:
            msg = f"The payload has no {key}."
            raise ConfigurationError(msg, hint=f"Send such as {_EXAMPLE}.")
        return value

    def id(self, key: str) -> str:
        """Return an id of Lark."""
        value = self.required(key)
        if not is_id(value):
            msg = f"The member {key} of the payload holds {value!r}, which is no id of Lark."
            raise ConfigurationError(msg, hint="Copy it from the link; the link itself is none.")
        return value

    def flag(self, key: str) -> bool:
        text = self.text(key)
        try:
            return bool(text) and parse_flag(text)
        except ValueError:
            msg = f"The member {key} of the payload cannot be {text!r}."
            raise ConfigurationError(msg, hint="It must be true or false.") from None


def _source(given: _Given) -> CrawlSource:
    kind = given.text(_TYPE) or _kind_of_ids(given)
    if kind.upper() == _BASE_TYPE:
        return CrawlSource.of_table(given.id(BASE_KEY), given.id(TABLE_KEY))
    if kind.upper() == _DRIVE_TYPE:
        return CrawlSource.of_folder(given.id(FOLDER_KEY))
    # The text is part of the contract, and some compare all of it: no hint.
    msg = f"Invalid handler type: {kind}"
    raise ConfigurationError(msg)


def _kind_of_ids(given: _Given) -> str:
    """Return the handler type that the ids alone tell.

    Raises:
        ConfigurationError: when they tell none, or both.
    """
    has_table = bool(given.text(BASE_KEY) or given.text(TABLE_KEY))
    has_folder = bool(given.text(FOLDER_KEY))
    if has_table == has_folder:
        given.required(_TYPE)
    return _BASE_TYPE if has_table else _DRIVE_TYPE


def _folded(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members by folded key; of two spellings the canonical one counts."""
    spelled = sorted(members.items(), key=lambda item: "_" not in str(item[0]))
    return {_fold(str(key)): value for key, value in spelled}


def _fold(key: str) -> str:
    return key.replace("_", "").lower()
