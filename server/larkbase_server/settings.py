"""Every environment variable of the connector and the crawler, typed, in one table.

Each attribute is one setting: its row names the variable, the aliases, the default and the
meaning, and the page of documentation is made from the same rows. Variables of
older connectors keep working and never fail: a text that cannot be read gives the default and a
warning. A variable that is new here refuses such a text, as the library does.
"""
# ruff: noqa: RUF009 - setting() returns a dataclasses.field

from __future__ import annotations

import logging
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import scrub
from larkbase_sdk.options import MAX_CONCURRENCY, MAX_PAGE_SIZE, NameStyle, NumberType, Options
from larkbase_server import parsers as read
from larkbase_server.environment import setting, variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

    from larkbase_sdk.catalog.access import AccessLists
    from larkbase_server.parsers import Pairs

SplitStrategy = Literal["auto", "reserved", "off"]
Capabilities = Literal["all", "none"]

_BY_RATE = "calls to Lark go by LARK_RATE and by what Lark answers."
_NOT_READ = {
    "glue_connection": "set the variables on the function itself.",
    "throttle_initial_delay_ms": _BY_RATE,
    "throttle_max_delay_ms": _BY_RATE,
    "throttle_decrease_factor": _BY_RATE,
    "throttle_increase_ms": _BY_RATE,
}
"""Variables that older connectors may have, with what to do about them instead."""

_MAX_INT = 2**31 - 1
_CREDENTIALS = "Credentials"
_CALLS = "Calls to Lark"
_SCHEMA = "Names and types"
_SOURCES = "Where tables are found"
_ACCESS = "Access lists"
_METADATA = "Flow 4: the metadata table in Athena"
_READING = "Reading"
_PARALLEL = "Parallel reading"
_SPILL = "Spill"
_GLUE = "Glue"
_LOGS = "Logs"


# One setting, one row: the formatter would give every argument a line of its own.
# fmt: off
@dataclass(frozen=True, slots=True, repr=False)
class CommonSettings:
    """What the connector and the crawler both read.

    Attributes:
        warnings: What to tell the operator about the environment, ready to be logged.
    """

    secret_name: str = setting(
        _CREDENTIALS, "default_secret_manager_lark_app_key", "", read.secret_name, hidden=True,
        shown="required, unless the next two are set",
        meaning="Name or ARN of a secret in AWS Secrets Manager that holds a JSON object with "
        "`lark_app_id` and `lark_app_secret` (or `app_id` and `app_secret`).")
    app_id_secret_name: str = setting(
        _CREDENTIALS, "LARK_APP_ID_SECRET_NAME", "", read.secret_name, hidden=True,
        meaning="Name or ARN of the secret with the app id: such an object or the plain value.")
    app_secret_secret_name: str = setting(
        _CREDENTIALS, "LARK_APP_SECRET_SECRET_NAME", "", read.secret_name, hidden=True,
        meaning="Name or ARN of the secret with the app secret; it may be the same secret.")
    app_id: str = setting(
        _CREDENTIALS, "LARK_APP_ID", "", read.plain,
        meaning="The app id itself, for local use; read only when no secret is named.")
    app_secret: str = setting(
        _CREDENTIALS, "LARK_APP_SECRET", "", read.secret, hidden=True,
        meaning="The app secret itself, for local use; read only when no secret is named.")

    domain: str = setting(
        _CALLS, "LARK_DOMAIN", "larksuite", read.domain, strict=True,
        meaning="`larksuite`, `feishu`, or the address of the open platform.")
    timeout: float = setting(
        _CALLS, "LARK_TIMEOUT", 30.0, read.number(0.1, 900), strict=True,
        meaning="Seconds until a silent connection is broken off.")
    retries: int = setting(
        _CALLS, "LARK_RETRIES", 6, read.whole(0, 100), strict=True,
        meaning="Repeats of a refused or broken call.")
    rate: float = setting(
        _CALLS, "LARK_RATE", 20.0, read.number(0.01, 1000), strict=True,
        meaning="Calls per second and endpoint; the splits of one read share it.")
    concurrency: int = setting(
        _CALLS, "LARK_CONCURRENCY", 8, read.whole(1, MAX_CONCURRENCY), strict=True,
        meaning=f"Calls in flight at one base at most, 1 to {MAX_CONCURRENCY}; 1 reads page after "
        "page.")

    lookup_depth: int = setting(
        _SCHEMA, "default_lark_lookup_max_depth", 20, read.whole(1, _MAX_INT),
        aliases=("LARK_LOOKUP_MAX_DEPTH",),
        meaning="How many lookup-to-lookup steps are followed.")
    name_style: NameStyle = setting(
        _SCHEMA, "LARK_NAME_STYLE", "ascii", read.choice("ascii", "unicode"), strict=True,
        meaning="SQL names: in `ascii` style other characters become `_`, in `unicode` style the "
        "letters of every script stay.")

    glue_catalog: str = setting(
        _GLUE, "glue_catalog", "", read.plain, shown="the caller's account",
        meaning="Catalogue id that every Glue call carries.")

    debug_logging: bool = setting(
        _LOGS, "default_enable_debug_logging", False, read.flag, aliases=("ENABLE_DEBUG_LOGGING",),
        meaning="More log lines.")
    sdk_log_level: int = setting(
        _LOGS, "ATHENA_FEDERATION_SDK_LOG_LEVEL", logging.INFO, read.log_level, shown="`info`",
        meaning="`debug`, `info`, `warn` or `error`.")

    warnings: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings that these environment variables describe. Makes no call.

        Raises:
            ConfigurationError: when one of the variables that are new here cannot be read.
        """
        notes: list[str] = []
        values = {
            attribute: variable.read(environ, notes.append)
            for attribute, variable in variables(cls).items()
        }
        settings = cls(**values)
        notes.extend(_cautions(settings, environ))
        return replace(settings, warnings=tuple(scrub(note) for note in notes))

    def options(self, *, splits: int = 1) -> Options:
        """Return the options of the core: every setting that bears the name of an option.

        Args:
            splits: How many invocations read at the same time; they share the call rate and the
                calls in flight.
        """
        own = variables(type(self))
        shared = {item.name: getattr(self, item.name) for item in fields(Options)
                  if item.name in own}
        return Options(**shared, progress=False).replace(
            rate=self.rate / splits, concurrency=max(1, self.concurrency // splits)
        )

    @property
    def log_level(self) -> int:
        """Python's number of the level at which log lines begin."""
        return logging.DEBUG if self.debug_logging else self.sdk_log_level

    def __repr__(self) -> str:
        changed = (
            f"{attribute}={getattr(self, attribute)!r}"
            for attribute, variable in variables(type(self)).items()
            if not variable.hidden and getattr(self, attribute) != variable.default
        )
        return scrub(f"{type(self).__name__}({', '.join(changed)})")


@dataclass(frozen=True, slots=True, repr=False)
class ConnectorSettings(CommonSettings):
    """The settings of the Athena connector."""

    number_type: NumberType = setting(
        _SCHEMA, "LARK_NUMBER_TYPE", "double", read.choice("double", "decimal"), strict=True,
        meaning="Type of number columns, and of columns that Glue declares as a bare `decimal`: "
        "`double`, or `decimal` for decimal(38,18).")
    base_source_active: bool = setting(
        _SOURCES, "default_does_activate_lark_base_source", False, read.flag,
        aliases=("ACTIVATE_LARK_BASE_SOURCE",),
        meaning="Flow 2: find tables through metadata tables in Lark.")
    base_sources: Pairs = setting(
        _SOURCES, "default_lark_base_sources", (), read.pairs_of("<base id>:<table id>"),
        aliases=("LARK_BASE_DATA_SOURCE_ID:LARK_TABLE_DATA_SOURCE_ID",
                 "lark_base_id_data_source:lark_table_id_data_source"),
        meaning="Comma list of `<base id>:<table id>`, the metadata tables of Flow 2.")
    drive_source_active: bool = setting(
        _SOURCES, "default_does_activate_lark_drive_source", False, read.flag,
        aliases=("ACTIVATE_LARK_DRIVE_SOURCE",),
        meaning="Flow 3: find tables through folders in Lark Drive.")
    drive_sources: tuple[str, ...] = setting(
        _SOURCES, "default_lark_drive_sources", (), read.words,
        aliases=("LARK_FOLDER_TOKEN_DATA_SOURCE", "lark_folder_token_data_source",
                 "lark_drive_id_data_source"),
        meaning="Comma list of folder tokens, the folders of Flow 3.")
    experimental_active: bool = setting(
        _SOURCES, "default_does_activate_experimental_feature", False, read.flag,
        aliases=("ACTIVATE_EXPERIMENTAL_FEATURES", "ACTIVATE_EXPERIMENTAL_FEATURE"),
        meaning="Flow 4: take ids from the query text, or from a metadata table in Athena.")
    metadata_ttl: float = setting(
        _SOURCES, "LARK_METADATA_TTL", 300.0, read.number(0, 86_400), strict=True,
        meaning="Seconds for which lists of bases, tables and fields are remembered.")

    whitelist: Pairs = setting(
        _ACCESS, "default_whitelist_tables", (), read.pairs_of("<schema>:<table>"),
        aliases=("WHITELIST_TABLES",),
        meaning="Comma list of `<schema>:<table>`; a schema named here shows only these tables.")
    blacklist: Pairs = setting(
        _ACCESS, "default_blacklist_tables", (), read.pairs_of("<schema>:<table>"),
        aliases=("BLACKLIST_TABLES",),
        meaning="Comma list of `<schema>:<table>` that are never shown; wins over the whitelist.")

    metadata_catalog: str = setting(
        _METADATA, "LARK_METADATA_CATALOG", "AwsDataCatalog", read.plain, meaning="Its catalogue.")
    metadata_database: str = setting(
        _METADATA, "LARK_METADATA_DATABASE", "lark_base", read.plain, meaning="Its database.")
    metadata_table: str = setting(
        _METADATA, "LARK_METADATA_TABLE", "metadata_catalog", read.plain, meaning="Its name.")
    metadata_workgroup: str = setting(
        _METADATA, "LARK_METADATA_WORKGROUP", "primary", read.plain,
        meaning="Workgroup in which it is asked.")
    metadata_output: str = setting(
        _METADATA, "LARK_METADATA_OUTPUT", "", read.s3_location, strict=True,
        shown="the spill location",
        meaning="Where Athena writes the answer, an `s3://` address.")
    metadata_poll: float = setting(
        _METADATA, "LARK_METADATA_POLL", 2.0, read.number(0.01, 60), strict=True,
        meaning="Seconds between two looks at the state of the query.")
    metadata_timeout: float = setting(
        _METADATA, "LARK_METADATA_TIMEOUT", 60.0, read.number(0.1, 900), strict=True,
        meaning="Seconds until the query is given up.")

    page_size: int = setting(
        _READING, "default_page_size", MAX_PAGE_SIZE, read.within(1, MAX_PAGE_SIZE),
        meaning=f"Rows per page, 1 to {MAX_PAGE_SIZE}.")
    strict: bool = setting(
        _READING, "LARK_STRICT", False, read.switch, strict=True,
        meaning="Fail the query on a cell that cannot be converted, instead of NULL and a warning.")
    text_pushdown: bool = setting(
        _READING, "LARK_TEXT_PUSHDOWN", True, read.switch, strict=True,
        meaning="Send text equality to Lark.")
    trust_total: bool = setting(
        _READING, "LARK_TRUST_TOTAL", True, read.switch, strict=True,
        meaning="Let an unfiltered count come from Lark's `total`.")
    capabilities: Capabilities = setting(
        _READING, "LARK_CAPABILITIES", "all", read.choice("all", "none"), strict=True,
        meaning="`all` declares push-down to Athena, `none` leaves filtering and sorting to it.")

    parallel_split: bool = setting(
        _PARALLEL, "default_does_activate_parallel_split", False, read.flag,
        aliases=("ACTIVATE_PARALLEL_SPLIT",),
        meaning="Allow several splits for one table.")
    split_strategy: SplitStrategy = setting(
        _PARALLEL, "LARK_SPLIT_STRATEGY", "auto", read.choice("auto", "reserved", "off"),
        strict=True,
        meaning="`auto` splits by `$reserved_split_key` or else by a suitable column, `reserved` "
        "only by `$reserved_split_key`, `off` not at all; read when parallel splits are allowed.")
    max_splits: int = setting(
        _PARALLEL, "LARK_MAX_SPLITS", 4, read.whole(1, 100), strict=True,
        meaning="The most splits of one table.")

    spill_bucket: str = setting(
        _SPILL, "spill_bucket", "", read.plain, shown="required by large answers",
        meaning="Bucket for blocks that are too large for an answer.")
    spill_prefix: str = setting(
        _SPILL, "spill_prefix", "athena-federation-spill", read.key_prefix,
        meaning="Prefix of the keys in that bucket.")
    kms_key_id: str = setting(
        _SPILL, "kms_key_id", "", read.plain, shown="none, the function makes the data keys",
        meaning="KMS key that makes the data keys.")
    disable_spill_encryption: bool = setting(
        _SPILL, "disable_spill_encryption", False, read.only_true,
        meaning="Write blocks unencrypted; only `true` switches it on.")
    spill_put_request_headers: Pairs = setting(
        _SPILL, "spill_put_request_headers", (), read.headers, hidden=True,
        meaning="JSON object of HTTP headers for writing to the bucket.")
    max_block_size: int | None = setting(
        _SPILL, "MAX_BLOCK_SIZE_BYTES", None, read.whole(1, _MAX_INT), shown="what Athena asks for",
        meaning="The largest block, in bytes.")
    spill_queue_capacity: int = setting(
        _SPILL, "SPILL_QUEUE_CAPACITY", 2, read.whole(1, 1000), aliases=("spill_queue_capacity",),
        meaning="Blocks that may wait to be written.")

    disable_glue: bool = setting(
        _GLUE, "disable_glue", False, read.not_false, blank_counts=True,
        meaning="Switch Flow 1 off; any value but `false` does, an empty one too.")

    @property
    def access(self) -> AccessLists:
        """The access lists."""
        from larkbase_sdk.catalog.access import AccessLists

        return AccessLists(frozenset(self.whitelist), frozenset(self.blacklist))

    @property
    def splitting(self) -> SplitStrategy:
        """How one table is split: the strategy, or ``off`` unless parallel splits are allowed."""
        return self.split_strategy if self.parallel_split else "off"

    @property
    def metadata_location(self) -> str:
        """Where Athena writes the answers of Flow 4; empty when nothing says so."""
        if self.metadata_output or not self.spill_bucket:
            return self.metadata_output
        return f"s3://{self.spill_bucket}/{self.spill_prefix}"


@dataclass(frozen=True, slots=True, repr=False)
class CrawlerSettings(CommonSettings):
    """The settings of the Glue crawler; what to crawl comes with each invocation."""

    lake_formation: bool = setting(
        _GLUE, "LARK_LAKE_FORMATION", False, read.switch, strict=True,
        meaning="Leave permissions to Lake Formation: a new database grants nothing to "
        "`IAM_ALLOWED_PRINCIPALS`.")

# fmt: on


def _cautions(settings: CommonSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield warnings about settings that do not go together."""
    forms = {
        "default_secret_manager_lark_app_key": settings.secret_name,
        "LARK_APP_ID_SECRET_NAME and LARK_APP_SECRET_SECRET_NAME": (
            settings.app_id_secret_name or settings.app_secret_secret_name
        ),
        "LARK_APP_ID and LARK_APP_SECRET": settings.app_id or settings.app_secret,
    }
    used = [name for name, value in forms.items() if value]
    yield from (f"{name}: not used, because {used[0]} is set." for name in used[1:])
    for name, advice in _NOT_READ.items():
        if environ.get(name, "").strip():
            yield f"{name}: not read; {advice}"
    if isinstance(settings, ConnectorSettings):
        yield from _connector_cautions(settings, environ)


def _connector_cautions(settings: ConnectorSettings, environ: Mapping[str, str]) -> Iterator[str]:
    if settings.base_source_active and not settings.base_sources:
        yield "default_lark_base_sources: empty, so Flow 2 finds nothing."
    if settings.drive_source_active and not settings.drive_sources:
        yield "default_lark_drive_sources: empty, so Flow 3 finds nothing."
    yield from _odd_ids("default_lark_base_sources", map(":".join, settings.base_sources))
    yield from _odd_ids("default_lark_drive_sources", settings.drive_sources)
    wanted = environ.get("LARK_SPLIT_STRATEGY", "").strip()
    if wanted and settings.split_strategy != settings.splitting:
        yield "LARK_SPLIT_STRATEGY: not used, as default_does_activate_parallel_split is off."


def _odd_ids(name: str, entries: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each entry that is a link or holds something else than ids."""
    from larkbase_sdk.api.links import is_id

    for entry in entries:
        if not all(map(is_id, entry.split(":"))):
            yield f"{name}: {read.quoted(entry)} holds no ids of Lark; copy them out of the link."
