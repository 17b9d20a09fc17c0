"""Lark's API for one client: links in, plain values out; it knows neither Arrow nor SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.api.auth import Auth, TenantAuth, UserAuth
from larkbase_sdk.api.bitable import Bitable
from larkbase_sdk.api.codes import ADVICE
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.drive import Drive
from larkbase_sdk.api.http import Http
from larkbase_sdk.api.wiki import Wiki
from larkbase_sdk.options import Options
from larkbase_sdk.options import options as process_options

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LarkApi"]


class LarkApi:
    """Everything that one client can ask Lark, over one HTTP door.

    Attributes:
        http: The door: pacing, tokens, repeats, counters.
        bitable: Bases, tables, fields, views, records.
        drive: Folders, metadata, downloads.
        wiki: Wiki nodes.
        domain: The platform that is called.
    """

    def __init__(self, http: Http) -> None:
        self.http = http
        self.bitable = Bitable(http)
        self.drive = Drive(http)
        self.wiki = Wiki(http)
        self.domain = http.domain

    @classmethod
    def open(
        cls,
        *,
        app_id: str | None = None,
        app_secret: str | None = None,
        user_token: str | None = None,
        domain: str | Domain = "larksuite",
        options: Options | None = None,
        advice: Mapping[str, str] = ADVICE,
    ) -> LarkApi:
        """Return an API that acts as a person (``user_token``) or else as an app. Makes no call.

        ``advice`` is what the hints of errors tell people to do; see ``ADVICE``.

        Raises:
            ConfigurationError: when credentials are missing or malformed, or the domain is none.
        """
        auth: Auth = (
            UserAuth(user_token) if user_token else TenantAuth(app_id or "", app_secret or "")
        )
        where = domain if isinstance(domain, Domain) else Domain.parse(domain)
        return cls(Http(where, auth, options or process_options, advice=advice))

    def close(self) -> None:
        """Close the pooled connections; the next call opens new ones."""
        self.http.close()

    def __repr__(self) -> str:
        return f"LarkApi({self.domain.label}, as {self.http.identity})"
