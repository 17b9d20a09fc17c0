"""The switches: every fault and every unconfirmed behaviour of Lark that the emulator can show."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass(slots=True)
class Switches:
    """How the emulated service behaves; change any of them at run time.

    The defaults follow what was seen live; where nobody has seen the answer, the default is one
    of the possible answers and ``SWITCH_VARIANTS`` holds the others. A value that a switch does
    not know raises ValueError.

    Attributes:
        date_compare: ``isGreater`` a day means after its midnight, or after the whole day.
        text_case_sensitive: Whether text comparison minds upper and lower case.
        text_trims: Whether text comparison ignores outer blanks.
        text_loses_multisegment: Texts with mentions, links or newlines never match ``is``.
        text_newlines: A written newline stays inside one segment, or ends it.
        auto_links: A written text that is a web address becomes a ``url`` segment.
        number_compares_displayed: Numbers are compared as the formatter shows them.
        bad_number: A number in scientific notation is refused, or matches nothing.
        checkbox_false_matches_untouched: ``is false`` finds cells that nobody ever ticked.
        multiselect_is: ``is`` on several values means the equal set, or membership.
        contains_values: ``contains`` with several values means any of them, or all.
        single_select_contains: ``contains`` on a single select is refused (live), or works.
        unknown_option: An unknown option name finds nothing, or is refused with 1254018.
        inferred_operators: Operators that nobody saw in use (``isNot`` on a phone number,
            ``contains`` on a url …) work, or are refused with 1254018.
        formula_filter: A filter on a formula or lookup is refused, or works.
        isnot_matches_empty: ``isNot`` and ``doesNotContain`` find empty cells (live).
        conditions_with_children: A filter with both is combined, refused, or loses one part.
        no_conditions: A filter without conditions means all rows, or is refused.
        conjunction_required: Refuse a filter group without ``conjunction``.
        unknown_field_code: Code for an unknown column in a filter or sort.
        max_filter_chars: Longest JSON text of a filter, above it 1254107; None for no limit.
        max_sort_chars: Longest JSON text of a sort, above it 1254108; None for no limit.
        refuse_filters: Refuse every filter with this code; None to accept.
        refuse_sorts: Refuse every sort with this code; None to accept.
        week_start: First day of ``CurrentWeek`` and ``LastWeek``.
        past_days_include_today: ``TheLastWeek`` and ``TheLastMonth`` end today, or yesterday.
        select_sort: Selects sort by the order of their options, or by name.
        text_sort: Texts sort by code point, or without regard to case.
        sort_by_displayed: Numbers sort by what the formatter shows, so close ones are ties.
        default_order: Order of rows without a sort.
        view_hides_columns: Reading by view drops hidden columns: unless named, always, never.
        field_names_hide_filter_columns: A filter or sort column must be among ``field_names``.
        total: ``total`` is exact, counts without the filter, is off by one, differs from page to
            page, or is missing.
        last_page_token: ``page_token`` of the last page is absent, present or empty text.
        empty_items: ``items`` of a page without rows.
        opaque_tokens: Page tokens of search are opaque and bound to the page size.
        unissued_tokens: A page token of an offset that the service never handed out works, is
            refused with 1254002, or counts as none.
        page_size_in_body: A ``page_size`` in the body counts when the query has none.
        page_size_above_max: A search page size above 500 is refused, or cut to 500.
        list_page_size_above_max: The same for lists of tables, fields and views (100).
        stuck_page_token: Every page names the same next page.
        edit_between_pages: After each page that is not the last, a row is inserted at the
            front or added at the end, the first row is deleted, its place in the order changes,
            or it is deleted and another one added at the end, which leaves the total.
        empty_links: Empty link cells are null objects, absent, or now one, now the other.
        empty_result: Empty formula and lookup cells are absent, an empty list, or null.
        single_result: One formula or lookup value comes in a list, or bare.
        result_type: Formula and lookup cells carry the ``type`` member, or not.
        lookup_links: Lookups of links hold record ids, or ``link_record_ids`` objects.
        lookup_property: The property of a lookup field is rich (live), or null.
        contact_scopes: People come with names and avatars; else with their ids only.
        description_shape: A field description is text, segments, or an object.
        success_msg: The ``msg`` of successful answers.
        extra_error_key: Successful answers carry an unexpected top-level ``error``.
        record_url: Records carry ``record_url``.
        time_zone_missing: The base does not tell its time zone.
        advanced_search: Search without rights gives no rows, or 1254302.
        http_status: Error answers carry the documented status, or always this one.
        unknown_base_code: Code for an app token that is no base.
        wiki_token_code: Code for a wiki node token used as app token.
        rate: Calls per second of the endpoints documented with 20/s; others in proportion.
            None switches throttling off.
        rate_headers: Successful answers carry the rate-limit headers too.
        latency: Seconds that every call takes.
        engine_slots: Record requests that one base serves at a time; 1 is a serial engine, None
            one without a bound.
        engine_queue: Requests above that wait for their turn; else they get 1254607.
        engine_seconds: Seconds for which a record request holds its base.
        max_response_bytes: Largest record page, above it 1254030; None for no limit.
        token_seconds: Life of a tenant token.
        token_same_until: Asked again with at least so many seconds left, the token is the same.
    """

    date_compare: Literal["midnight", "whole_day"] = "midnight"
    text_case_sensitive: bool = True
    text_trims: bool = False
    text_loses_multisegment: bool = False
    text_newlines: Literal["one_segment", "split"] = "one_segment"
    auto_links: bool = False
    number_compares_displayed: bool = False
    bad_number: Literal["refuse", "empty"] = "refuse"
    checkbox_false_matches_untouched: bool = True
    multiselect_is: Literal["equal", "member"] = "equal"
    contains_values: Literal["any", "all"] = "any"
    single_select_contains: Literal["refuse", "works"] = "refuse"
    unknown_option: Literal["empty", "refuse"] = "empty"
    inferred_operators: Literal["work", "refuse"] = "work"
    formula_filter: Literal["refuse", "works"] = "refuse"
    isnot_matches_empty: bool = True
    conditions_with_children: Literal["ok", "refuse", "ignore_children", "ignore_conditions"] = "ok"
    no_conditions: Literal["all_rows", "refuse"] = "all_rows"
    conjunction_required: bool = True
    unknown_field_code: Literal[1254045, 1254018] = 1254045
    max_filter_chars: int | None = None
    max_sort_chars: int | None = None
    refuse_filters: int | None = None
    refuse_sorts: int | None = None
    week_start: Literal["monday", "sunday"] = "monday"
    past_days_include_today: bool = True
    select_sort: Literal["option", "name"] = "option"
    text_sort: Literal["codepoint", "casefold"] = "codepoint"
    sort_by_displayed: bool = False
    default_order: Literal["creation", "newest", "shuffled"] = "creation"
    view_hides_columns: Literal["unless_named", "always", "never"] = "unless_named"
    field_names_hide_filter_columns: bool = False
    total: Literal["exact", "unfiltered", "off_by_one", "drifting", "absent"] = "exact"
    last_page_token: Literal["absent", "present", "empty"] = "absent"  # noqa: S105 - no password
    empty_items: Literal["list", "null", "absent"] = "list"
    opaque_tokens: bool = False
    unissued_tokens: Literal["work", "refuse", "ignore"] = "work"
    page_size_in_body: bool = False
    page_size_above_max: Literal["refuse", "clamp"] = "refuse"
    list_page_size_above_max: Literal["refuse", "clamp"] = "refuse"
    stuck_page_token: bool = False
    edit_between_pages: Literal["off", "insert", "append", "delete", "move", "replace"] = "off"
    empty_links: Literal["null", "absent", "mixed"] = "null"
    empty_result: Literal["absent", "empty_list", "null"] = "absent"
    single_result: Literal["list", "bare"] = "list"
    result_type: Literal["present", "absent"] = "present"
    lookup_links: Literal["ids", "objects"] = "ids"
    lookup_property: Literal["rich", "null"] = "rich"
    contact_scopes: bool = True
    description_shape: Literal["text", "segments", "object"] = "text"
    success_msg: Literal["success", "Success", "ok"] = "success"
    extra_error_key: bool = False
    record_url: bool = False
    time_zone_missing: bool = False
    advanced_search: Literal["empty", "refuse"] = "empty"
    http_status: Literal["documented", 200, 400, 500] = "documented"
    unknown_base_code: Literal[1254040, 1254003, 91402] = 1254040
    wiki_token_code: Literal[91402, 1254003, 1254040] = 91402
    rate: float | None = None
    rate_headers: bool = False
    latency: float = 0.0
    engine_slots: int | None = None
    engine_queue: bool = False
    engine_seconds: float = 0.0
    max_response_bytes: int | None = None
    token_seconds: int = 7200
    token_same_until: int = 1800
    version: int = field(default=0, init=False, repr=False, compare=False)

    def __setattr__(self, name: str, value: Any) -> None:
        allowed = _choices().get(name)
        if allowed is not None and (value not in allowed or type(value) not in map(type, allowed)):
            known = ", ".join(map(repr, allowed))
            msg = f"The switch {name} cannot be {value!r}; it knows {known}."
            raise ValueError(msg)
        object.__setattr__(self, name, value)
        if name != "version":
            object.__setattr__(self, "version", getattr(self, "version", 0) + 1)

    def reset(self) -> None:
        """Set every switch back to its default."""
        for name, default in _defaults().items():
            setattr(self, name, default)


def _defaults() -> dict[str, Any]:
    return {item.name: item.default for item in fields(Switches) if item.init}


_allowed: dict[str, tuple[Any, ...]] = {}


def _choices() -> dict[str, tuple[Any, ...]]:
    if not _allowed:
        for name, hint in get_type_hints(Switches).items():
            if get_origin(hint) is Literal:
                _allowed[name] = get_args(hint)
            elif hint is bool:
                _allowed[name] = (True, False)
    return _allowed


_BEHAVIOURS = (
    "date_compare", "text_case_sensitive", "text_trims", "text_loses_multisegment",
    "text_newlines", "auto_links", "number_compares_displayed", "bad_number",
    "checkbox_false_matches_untouched", "multiselect_is", "contains_values",
    "single_select_contains", "unknown_option", "inferred_operators", "formula_filter",
    "isnot_matches_empty", "conditions_with_children", "no_conditions", "unknown_field_code",
    "select_sort", "text_sort", "sort_by_displayed", "default_order",
    "field_names_hide_filter_columns", "last_page_token", "empty_items", "opaque_tokens",
    "unissued_tokens", "page_size_in_body", "page_size_above_max", "list_page_size_above_max",
    "empty_links", "empty_result", "single_result", "result_type", "lookup_links",
    "description_shape", "success_msg", "extra_error_key", "record_url", "time_zone_missing",
)  # fmt: skip

_MORE_VARIANTS: dict[str, tuple[Any, ...]] = {
    "http_status": (200, 400, 500),
    "max_filter_chars": (200, 0),
    "max_sort_chars": (0,),
    "refuse_filters": (1254018, 1254107, 9499, 99992402),
    "refuse_sorts": (1254016, 1254108),
    "view_hides_columns": ("never",),
    "total": ("unfiltered", "off_by_one", "drifting", "absent"),
}


def _variants() -> dict[str, tuple[Any, ...]]:
    defaults = _defaults()
    found = {
        name: tuple(value for value in _choices()[name] if value != defaults[name])
        for name in _BEHAVIOURS
    }
    return {**found, **_MORE_VARIANTS}


SWITCH_VARIANTS: dict[str, tuple[Any, ...]] = _variants()
"""Behaviour switches and their values other than the default: a correct client gives the same
rows under each of them. ``total`` other than exact changes what a trusted count says, and the
switches in ``TEXT_LOSING`` need text push-down turned off."""

TEXT_LOSING: frozenset[str] = frozenset({"text_loses_multisegment"})
"""Switches under which the server itself loses text rows, so that a pushed text equality does."""
