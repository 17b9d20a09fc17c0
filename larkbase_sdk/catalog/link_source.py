"""Databases behind pasted links and bare ids: bases, wiki pages, folders, metadata tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.api.links import Link, check_host, is_link, parse_link
from larkbase_sdk.catalog.base_source import read_metadata_table
from larkbase_sdk.catalog.skipping import UnusableSourceError
from larkbase_sdk.catalog.sources import Listing, SourcedBase, SourcedDatabase
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.api.domain import Domain
    from larkbase_sdk.api.links import Kind
    from larkbase_sdk.catalog.metadata import Metadata

_COPY = {
    "base": "Open the base in Lark and copy its link.",
    "wiki": "Open the wiki page that shows the base and copy its link.",
    "folder": "Open the folder in Drive and copy its link (…/drive/folder/…).",
}


class BaseLinks:
    """Finds the base behind a link; a wiki page is asked for once."""

    def __init__(self, api: LarkApi) -> None:
        self._api = api
        self._nodes: dict[str, str] = {}

    def base_of(self, link: Link) -> str:
        """Return the token of the base behind a base or wiki link; one call for a wiki page.

        Raises:
            UnusableSourceError: when the link leads to something that is no base.
        """
        if link.kind == "base":
            return link.token
        if link.kind != "wiki":
            msg = f"This link leads to a {link.kind}, not to a base: {link.url}"
            raise UnusableSourceError(msg, hint=_COPY["base"])
        if link.token not in self._nodes:
            self._nodes[link.token] = self._resolve(link)
        return self._nodes[link.token]

    def _resolve(self, link: Link) -> str:
        node = self._api.wiki.node(link.token)
        if node.obj_type != "bitable":
            msg = f'The wiki page "{node.title}" holds a {node.obj_type}, not a base.'
            raise UnusableSourceError(msg, hint=_COPY["base"], help_url=link.url or None)
        return node.obj_token


class LinkSource:
    """The base behind one link, under its name in Lark.

    Attributes:
        link: The link.
        text: What the ``source`` column shows.
        label: What messages call it.
    """

    asked_for = True

    def __init__(self, api: LarkApi, metadata: Metadata, links: BaseLinks, link: Link) -> None:
        self.link = link
        self.text = "wiki link" if link.kind == "wiki" else "link"
        self.label = f"the base of the {self.text} {link.url or link.token}"
        self._api = api
        self._metadata = metadata
        self._links = links

    def read(self) -> Listing:
        """Return the base; one call for its name, and one for a wiki page.

        Raises:
            UnusableSourceError: when the link leads to something that is no base.
            LarkBaseError: Lark's error about the base.
        """
        base_id = self._links.base_of(self.link)
        url = self.link.url.partition("?")[0]
        self._api.http.remember(base_id, url=url)
        name = self._metadata.base(base_id).name or base_id
        base = SourcedBase(base_id, name, url=url)
        return Listing((SourcedDatabase(name, base_id, (base,), url=url),))


class LinkedTableSource:
    """The metadata table behind a link.

    Attributes:
        text: What the ``source`` column shows.
        label: What messages call it.
    """

    asked_for = True

    def __init__(self, api: LarkApi, links: BaseLinks, link: Link) -> None:
        if not link.table_id:
            msg = f"The link of the metadata table names no table: {link.url}"
            raise ConfigurationError(msg, hint="Open the table and copy the link (…?table=tbl…).")
        self._api = api
        self._links = links
        self._link = link
        self._table_id = link.table_id
        self.text = self.label = f"metadata table {link.table_id}"

    def ids(self) -> tuple[str, str]:
        """Return base id and table id; one call for a wiki page.

        Raises:
            UnusableSourceError: when the link leads to something that is no base.
        """
        return self._links.base_of(self._link), self._table_id

    def read(self) -> Listing:
        """Return what the table names; see ``read_metadata_table``."""
        return read_metadata_table(self._api.bitable, self._api.http.options, *self.ids())


def link_of(text: str, kind: Kind, domain: Domain) -> Link:
    """Return a link of the kind wanted, from a pasted link or a bare token. Makes no call.

    Raises:
        ConfigurationError: when it is a link of another kind or of a host that is not trusted.
    """
    if not is_link(text):
        return Link(kind, text.strip())
    link = parse_link(text)
    check_host(link, domain)
    if link.kind != kind:
        msg = f"This is the link of a {link.kind}, not of a {kind}: {link.url}"
        raise ConfigurationError(msg, hint=_COPY[kind])
    return link


def metadata_table_link(text: str, domain: Domain) -> Link:
    """Return the link of a metadata table, also from ``<base id>:<table id>``. Makes no call.

    Raises:
        ConfigurationError: when it names no table of a base or wiki page.
    """
    if is_link(text):
        link = parse_link(text)
        check_host(link, domain)
        if link.kind != "folder":
            return link
    base_id, _, table_id = (part.strip() for part in text.partition(":"))
    if is_link(text) or not base_id or not table_id:
        msg = f"{text!r} names no metadata table."
        raise ConfigurationError(msg, hint="Open the table and copy the link (…?table=tbl…).")
    return Link("base", base_id, table_id)
