"""The client: one identity, its options, and the databases it knows."""

from __future__ import annotations

import os
import weakref
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NoReturn, Self

from larkbase_sdk.accessors import DatabaseMap, as_name
from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.links import (
    Domain,
    Link,
    check_host,
    classify,
    domain_of,
    is_link,
    parse_link,
)
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.drive_source import DriveRootSource, LarkDriveSource
from larkbase_sdk.catalog.glue_source import GlueSource, glue_catalog_id
from larkbase_sdk.catalog.link_source import (
    BaseLinks,
    LinkedTableSource,
    LinkSource,
    link_of,
    metadata_table_link,
)
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.catalog.names import split_reference, unquote
from larkbase_sdk.display import counted, escape, html_card, html_table
from larkbase_sdk.errors import ConfigurationError, LarkBaseError, NotFound
from larkbase_sdk.options import Options, environment_error
from larkbase_sdk.options import options as process_options
from larkbase_sdk.profile import Credentials, find_credentials
from larkbase_sdk.table import Database, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from larkbase_sdk import Explorer
    from larkbase_sdk.api.http import CallStats
    from larkbase_sdk.catalog.sources import Source
    from larkbase_sdk.doctor import DoctorReport
    from larkbase_sdk.emulator import LarkEmulator
    from larkbase_sdk.snapshot.plan import SnapshotPlan
    from larkbase_sdk.snapshot.selection import Tables
    from larkbase_sdk.snapshot.snapshot import Snapshot
    from larkbase_sdk.sql.engine import SqlEngine
    from larkbase_sdk.sql.plan import SqlPlan
    from larkbase_sdk.sql.result import Result


_NO_DATABASES = (
    "No database is known yet. An app sees only what was shared with it: paste the link of a base, "
    'lark.add("https://…/base/…").'
)


def connect(
    url: str | None = None,
    *,
    app_id: str | None = None,
    app_secret: str | None = None,
    user_token: str | None = None,
    domain: str | None = None,
    profile: str | None = None,
    folders: str | Iterable[str] | None = None,
    wikis: str | Iterable[str] | None = None,
    catalog: str | Iterable[str] | None = None,
    options: Options | None = None,
) -> Lark:
    """Connect to Lark or Feishu; one call, which checks the credentials.

    Example:
        >>> lark = connect("https://acme.larksuite.com/base/NQRxb…?table=tblEnSV…")

    Credentials that are not given come from the environment (``LARK_APP_ID``,
    ``LARK_APP_SECRET``, ``LARK_DOMAIN``), then from the stored profile. Each kind of source that
    is None comes from the environment too (``LARKBASE_URL``, ``LARKBASE_FOLDERS``,
    ``LARKBASE_WIKIS``, ``LARKBASE_CATALOG``; comma lists but for the first).

    Args:
        url: Link of the default base; its host must be Lark, Feishu, this machine or the
            configured domain. An empty text means none, whatever the environment says.
        app_id: App id (``cli_…``).
        app_secret: Secret of the app.
        user_token: A user's token (``u-…``), to act as that user instead of the app.
        domain: ``larksuite``, ``feishu`` or a full address.
        profile: Name of the stored profile.
        folders: Links or tokens of Drive folders: their bases, and their sub-folders of bases,
            are databases.
        wikis: Links or tokens of wiki pages that show a base.
        catalog: Links of metadata tables (or ``<base id>:<table id>``), whose rows name bases or
            tables; the Athena connector reads the same tables. ``glue`` (or ``glue:<account>``)
            for the databases that a crawler wrote into the Glue Data Catalog (extra ``aws``).
        options: Options of this client; those of the process when None.

    Raises:
        ConfigurationError: when credentials are missing or the link cannot be used.
        AuthenticationError: when Lark refuses the credentials.
        NetworkError: when Lark cannot be reached.
    """
    if options is None and environment_error is not None:
        raise environment_error
    link = _default_link() if url is None else parse_link(url) if url else None
    credentials = find_credentials(
        app_id=app_id, app_secret=app_secret, user_token=user_token, domain=domain, profile=profile
    )
    chosen = _domain(credentials, link)
    if link is not None:
        check_host(link, chosen)
    lark = Lark(credentials, domain=chosen, options=options or process_options, link=link)
    lark.use_sources(
        _texts(folders, "LARKBASE_FOLDERS"),
        _texts(wikis, "LARKBASE_WIKIS"),
        _texts(catalog, "LARKBASE_CATALOG"),
    )
    lark.api.http.authenticate()
    _last.append(weakref.ref(lark))
    del _last[:-1]
    return lark


_last: list[weakref.ref[Lark]] = []


def last_connected() -> Lark | None:
    """Return the client that was connected last, if it is still in use; no call."""
    return _last[-1]() if _last else None


def _default_link() -> Link | None:
    """Return the link of ``LARKBASE_URL``.

    Raises:
        ConfigurationError: when it cannot be used; the error names the variable.
    """
    text = os.environ.get("LARKBASE_URL", "").strip()
    try:
        return parse_link(text) if text else None
    except ConfigurationError as error:
        msg = f"The environment variable LARKBASE_URL cannot be used. {error.message}"
        raise ConfigurationError(msg, hint=error.hint) from None


def _cache_identity(credentials: Credentials) -> str:
    identity = credentials.identity
    return f"{identity} {token_hex(8)}" if credentials.user_token else identity


def _texts(given: str | Iterable[str] | None, variable: str) -> list[str]:
    """Return the sources given, or those of the environment when None; no blank ones."""
    if given is None:
        given = os.environ.get(variable, "").split(",")
    texts = [given] if isinstance(given, str) else given
    return [text.strip() for text in texts if text.strip()]


def _domain(credentials: Credentials, link: Link | None) -> Domain:
    """Choose the host: the configured one, else the one that the link belongs to."""
    if credentials.domain:
        return Domain.parse(credentials.domain)
    own = domain_of(link) if link is not None else None
    return own or Domain.parse("larksuite")


def demo(*, rows: int = 0, options: Options | None = None) -> Lark:
    """Return a client of an emulator in this process, filled with sample bases.

    The emulator answers over HTTP on loopback, as Lark would; no account is needed. It ends with
    the client (``lark.close()``) or with the process.

    Args:
        rows: Rows of the table ``Large.Events``, which is left out when 0.
        options: Options of this client; those of the process when None.
    """
    from larkbase_sdk.emulator import LarkEmulator

    emulator = LarkEmulator(tenant="sample", rows=rows or None)
    try:
        lark: Lark = emulator.connect(options=options)
    except BaseException:
        emulator.stop()
        raise
    lark.keep_until_closed(emulator)
    return lark


class Lark:
    """An identity at Lark and everything it may read; made by ``connect`` and ``demo``.

    Attributes:
        api: The HTTP API, for what this class does not offer.
        catalog: Where the databases are found.
        metadata: Lists of bases, tables and fields, remembered for ``options.metadata_ttl``.
        options: The options of this client.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        domain: Domain,
        options: Options,
        link: Link | None = None,
    ) -> None:
        self.options = options
        self.api = LarkApi.open(
            app_id=credentials.app_id,
            app_secret=credentials.app_secret,
            user_token=credentials.user_token,
            domain=domain,
            options=options,
        )
        self.metadata = Metadata(self.api.bitable, options)
        self.catalog = BasesCatalog(self.metadata, options, [DriveRootSource(self.api.drive)])
        self._base_links = BaseLinks(self.api)
        self._link = link
        self._identity = credentials.identity
        self._cache_identity = _cache_identity(credentials)
        self._emulator: LarkEmulator | None = None
        self._row_counts: dict[tuple[str, str], int] = {}
        if link is not None:
            self.catalog.add_link(self._link_source(link))

    def use_sources(
        self, folders: Iterable[str], wikis: Iterable[str], catalog: Iterable[str]
    ) -> None:
        """Take databases from folders, wiki pages and metadata tables too; see ``connect``.

        No call: they are read when databases are listed.

        Raises:
            ConfigurationError: when a link is of another kind or host.
        """
        domain = self.api.domain
        for text in folders:
            self.catalog.add(LarkDriveSource(self.api.drive, link_of(text, "folder", domain).token))
        for text in wikis:
            self.catalog.add(self._link_source(link_of(text, "wiki", domain)))
        for text in catalog:
            self.catalog.add(self._catalog_source(text))

    def _catalog_source(self, text: str) -> Source:
        """Return the source for one entry of ``catalog``; no call."""
        account = glue_catalog_id(text)
        if account is not None:
            return GlueSource(self.options, account)
        link = metadata_table_link(text, self.api.domain)
        return LinkedTableSource(self.api, self._base_links, link)

    def _link_source(self, link: Link) -> LinkSource:
        return LinkSource(self.api, self.metadata, self._base_links, link)

    @property
    def identity(self) -> str:
        """Who we act as, such as "app cli_a1b…" or "a user"; no call."""
        return self._identity

    @property
    def cache_identity(self) -> str:
        """What tells kept reads of this identity from those of others; no secret, no call.

        Users cannot be told apart without their tokens, so each client of one has its own.
        """
        return self._cache_identity

    @property
    def domain(self) -> str:
        """The host that is asked, such as "larksuite.com"; no call."""
        return self.api.domain.label

    @property
    def stats(self) -> CallStats:
        """Counters of this client: calls, retries, seconds waited, bytes; no call."""
        return self.api.http.stats

    @cached_property  # IPython completes behind it, which it does not behind a property
    def databases(self) -> DatabaseMap:
        """The databases by name; listed at the first use, then remembered."""
        return DatabaseMap(self)

    def add(self, link: str, *, catalog: bool = False) -> Database | DatabaseMap:
        """Add what a link leads to, and return it: a base, or the databases of a folder.

        The link of a base or wiki page costs one or two calls and gives a ``Database``. The link
        of a Drive folder, or with ``catalog=True`` of a metadata table (or the word ``glue``), is
        read and gives its databases. A link that cannot be read is not added.

        Raises:
            ConfigurationError: when the link does not lead to a base or folder of this domain.
            NotFound: when it is not there, or not shared with the app.
        """
        if catalog:
            return self._add_source(self._catalog_source(link))
        parsed = self._checked(link)
        if parsed.kind == "folder":
            return self._add_source(LarkDriveSource(self.api.drive, parsed.token))
        return self._add_base(parsed)

    def _add_base(self, link: Link) -> Database:
        source = self._link_source(link)
        known = self.catalog.add_link(source)
        try:
            found = self.catalog.databases_from(known)
        except LarkBaseError:
            self.catalog.remove(source)
            raise
        return Database(self, found[0])

    def _add_source(self, source: Source) -> DatabaseMap:
        self.catalog.add(source)
        try:
            self.catalog.databases_from(source)
        except LarkBaseError:
            self.catalog.remove(source)
            raise
        return DatabaseMap(self, source)

    def database(self, reference: str, *, refresh: bool = False) -> Database:
        """Return a database by name, SQL name, id or link.

        With ``refresh`` all metadata is forgotten first, so that it is read again.
        """
        if refresh:
            self.refresh()
        if is_link(reference):
            return self._add_base(self._checked(reference))
        name = unquote(reference)
        try:
            return Database(self, self.catalog.database(name))
        except NotFound:
            link = classify(name)
            if link is None:
                raise
        return self._add_base(link)

    def table(self, reference: str, *, refresh: bool = False) -> Table:
        """Return a table by ``"Database.Table"``, by link, or by name in the default base.

        Names with dots or blanks are quoted as in SQL: ``'"My base"."My table"'``. With
        ``refresh`` all metadata is forgotten first, so that it is read again.

        Raises:
            NotFound: when there is no such database or table.
        """
        if refresh:
            self.refresh()
        if is_link(as_name(reference)):
            return self._table_of_link(self._checked(reference))
        readings = list(split_reference(reference))
        if self._link is not None:
            readings.append((self._link.url, unquote(reference)))
        missing: NotFound | None = None
        for database, table in readings:
            try:
                return self.database(database).table(table)
            except NotFound as error:
                missing = missing or error
        embedded = classify(reference)
        if embedded is not None and embedded.table_id:
            return self._table_of_link(embedded)
        if missing is not None:
            raise missing
        msg = f'"{reference}" does not name a database and a table.'
        raise ConfigurationError(msg, hint='Write "Database.Table", or paste the table\'s link.')

    def _table_of_link(self, link: Link) -> Table:
        database = self._add_base(link)
        if link.table_id:
            return database.table(link.table_id)
        tables = database.tables
        if len(tables) == 1:
            return next(iter(tables.values()))
        names = ", ".join(tables)
        msg = f'The link leads to base "{database.name}", but to none of its tables.'
        raise ConfigurationError(msg, hint=f"Open the table and copy its link. Tables: {names}.")

    def _checked(self, text: str) -> Link:
        link = classify(text) or parse_link(text)
        check_host(link, self.api.domain)
        return link

    def default_database(self) -> Database | None:
        """Return the base of the link that the client was connected with, or None without one.

        One or two calls at the first use.
        """
        if self._link is None or self._link.kind == "folder":
            return None
        return self._add_base(self._link)

    def sql(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Answer an SQL statement of DuckDB over every database, local DataFrames and files.

        Example:
            >>> lark.sql("SELECT status, count(*) FROM crm.orders WHERE amount > ? GROUP BY 1", [9])

        Tables and columns go by their SQL names, without regard to letter case; ``record_id``
        comes first. A link in double quotes is a table, with its view if it names one. A name
        without a database is a local DataFrame or Arrow table of the caller, or a table of the
        default base. ``larkbase.databases``, ``larkbase.tables`` and ``larkbase.fields`` are the
        catalogue. Columns and conditions go to Lark as far as it can take them, LIMIT stops the
        calls, and whatever Lark did is checked again here.

        Args:
            text: One statement that asks something; ``COPY … TO`` writes a file.
            params: Values for ``?`` (a list) or ``$name`` (a dict); never pasted into the text.
            variables: Where names without a database are looked up, instead of the variables of
                the caller.
            limit: Rows at most, whatever the statement says.

        Returns:
            The rows, read once and kept.

        Raises:
            QueryError: an unknown table or column, or SQL that cannot be answered; the hint
                points at the place and names near names.
            LarkBaseError: Lark's error, also from inside the reading of a table.
        """
        from larkbase_sdk.sql.variables import variables_of_caller

        if variables is None:
            variables = variables_of_caller()
        return self._engine().run(text, params, variables=variables, limit=limit)

    def explain(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
    ) -> SqlPlan:
        """Return how ``sql`` would answer a statement, as text, HTML and data.

        No records are read; at most one call a search, for the number of rows. The arguments and
        errors are those of ``sql``.
        """
        from larkbase_sdk.sql.variables import variables_of_caller

        if variables is None:
            variables = variables_of_caller()
        return self._engine().explain(text, params, variables=variables)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection with every table attached, for tools that want one.

        Example:
            >>> lark.connection().sql("FROM crm.orders LIMIT 3")

        Lists all tables and their fields; rows are read by each query, as far as it needs them.
        Fields that appear later are not in it. An error of Lark comes wrapped in DuckDB's own.

        Warns:
            SourceSkipped: for a base or table that cannot be read; the others are attached.
        """
        return self._engine().connection()

    def _engine(self) -> SqlEngine:
        from larkbase_sdk.sql.engine import SqlEngine
        from larkbase_sdk.sql.lark_tables import LarkTables

        return SqlEngine(LarkTables(self))

    def explore(self) -> Explorer:
        """Return a widget to look around in all databases; needs a notebook to be seen.

        Lists the databases that are known, else those of the sources that were asked for.
        """
        from larkbase_sdk import Explorer

        return Explorer(self)

    def take_snapshot(
        self, database: Database, folder: str | Path, tables: Tables | None, *, incremental: bool
    ) -> Snapshot:
        """Write a snapshot of a database and return it open; see ``Database.snapshot``."""
        from larkbase_sdk.snapshot.snapshot import Snapshot
        from larkbase_sdk.snapshot.write import write_snapshot

        path = Path(folder).expanduser()
        write_snapshot(database, path, tables=tables, incremental=incremental)
        return Snapshot(path, self.options)

    def plan_snapshot(
        self, database: Database, folder: str | Path, tables: Tables | None, *, incremental: bool
    ) -> SnapshotPlan:
        """Return what a snapshot of a database would cost; see ``Database.snapshot``."""
        from larkbase_sdk.snapshot.plan import plan_snapshot

        path = Path(folder).expanduser()
        return plan_snapshot(database, path, tables=tables, incremental=incremental)

    def search(self, text: str) -> list[tuple[str, str, str]]:
        """Return (database, table, field or "") whose name holds ``text``, case ignored.

        Reads the tables and fields of every known database at the first use.
        """
        from larkbase_sdk.accessors import search

        return search(self, text)

    def refresh(self) -> None:
        """Forget all metadata, so that the next use reads it again; no call."""
        self.catalog.refresh()
        self._row_counts.clear()

    def remember_rows(self, base_id: str, table_id: str, rows: int) -> None:
        """Keep the number of rows of a table for the displays; no call."""
        self._row_counts[base_id, table_id] = rows

    def known_rows(self, base_id: str, table_id: str) -> int | None:
        """Return the number of rows last counted or read in whole, or None; no call."""
        return self._row_counts.get((base_id, table_id))

    def doctor(self, url: str | None = None) -> DoctorReport:
        """Check credentials, scopes, access and clock, and say how to mend what is wrong.

        Two calls, and three for each base that is known, or for that of ``url`` alone.
        """
        from larkbase_sdk.doctor import examine

        return examine(self, url)

    def keep_until_closed(self, emulator: LarkEmulator) -> None:
        """Stop this emulator when the client is closed."""
        self._emulator = emulator

    def close(self) -> None:
        """Close the connections, and the emulator of a demo."""
        self.api.http.close()
        if self._emulator is not None:
            self._emulator.stop()
            self._emulator = None

    def __reduce__(self) -> NoReturn:
        # Its credentials must not reach a file or another machine with an object that holds it.
        msg = (
            "A client cannot be pickled, nor can its databases, tables and scans: make one with "
            "larkbase.connect() in each process, or send rows, links (table.url) and conditions."
        )
        raise TypeError(msg)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        known = self.catalog.known_databases()
        count = counted(None if known is None else len(known), "database")
        return f"Lark({self.domain}, as {self.identity}, {count} known)"

    def _repr_html_(self) -> str:
        known = self.catalog.known_databases()
        title = f"Lark {escape(self.domain)}, as {escape(self.identity)}"
        if known is None:
            return html_card(title, "<p>lark.databases lists the databases.</p>")
        rows = [{"database": item.name, "source": item.source, "url": item.url} for item in known]
        return html_card(title, html_table(rows, empty=_NO_DATABASES))
