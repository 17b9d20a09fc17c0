"""Ask for credentials, check them, and store them as a profile."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING

from larkbase_sdk.client import connect
from larkbase_sdk.profile import Credentials, store_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.doctor import DoctorReport


def login(
    app_id: str | None = None,
    app_secret: str | None = None,
    domain: str | None = None,
    *,
    profile: str = "default",
    ask: Callable[[str], str] | None = None,
    ask_hidden: Callable[[str], str] | None = None,
) -> DoctorReport:
    """Ask for what is missing (the secret is not shown), check it, store it as a profile.

    Works in a terminal and in a notebook. The credentials are checked with one call before
    anything is stored.

    Args:
        app_id: App id; asked for when None.
        app_secret: Secret; asked for when None.
        domain: ``larksuite``, ``feishu`` or an address; asked for when None.
        profile: Name under which it is stored.
        ask: Asks a question; ``input`` when None.
        ask_hidden: Asks without showing the answer; ``getpass.getpass`` when None.

    Raises:
        AuthenticationError: when Lark refuses the credentials; nothing is stored then.
    """
    ask = ask or input
    app_id = app_id or ask("App id (cli_…): ").strip()
    app_secret = app_secret or (ask_hidden or getpass)("App secret: ").strip()
    domain = domain or ask("Domain [larksuite.com]: ").strip() or "larksuite"
    # Without a link: the default base of the environment may belong to another domain.
    with connect("", app_id=app_id, app_secret=app_secret, domain=domain) as lark:
        path = store_profile(Credentials(app_id, app_secret, domain=domain), profile)
        sys.stderr.write(f'✓ saved as profile "{profile}" in {path}\n')
        return lark.doctor()
