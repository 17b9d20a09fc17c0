"""Credentials: given, from the environment, or from a profile stored for its owner only."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larkbase_sdk.errors import ConfigurationError, hide_secret

_HOW_TO = (
    "Set LARK_APP_ID and LARK_APP_SECRET, or store them once with larkbase.login() "
    "(in a terminal: larkbase login). Without an account: larkbase.demo()."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an identity proves itself with; the secret parts never show."""

    app_id: str = ""
    app_secret: str = ""
    user_token: str = ""
    domain: str = ""

    def __post_init__(self) -> None:
        for secret in (self.app_secret, self.user_token):
            hide_secret(secret)

    def __repr__(self) -> str:
        return f"Credentials({self.identity}, {self.domain or 'no domain'})"

    @property
    def identity(self) -> str:
        """Who this is, as text for people."""
        return "a user" if self.user_token else f"app {self.app_id}"


def cache_dir() -> Path:
    """Return the folder for profiles and cached reads (``LARKBASE_CACHE_DIR``)."""
    return Path(os.environ.get("LARKBASE_CACHE_DIR") or "~/.larkbase").expanduser()


def _profiles_file() -> Path:
    return cache_dir() / "profiles.json"


def find_credentials(
    *,
    app_id: str | None = None,
    app_secret: str | None = None,
    user_token: str | None = None,
    domain: str | None = None,
    profile: str | None = None,
) -> Credentials:
    """Return credentials from the arguments, the environment, or the stored profile.

    A pair of id and secret always comes from one place, so that an id is never sent with the
    secret of another app. A named profile wins over the environment.

    Raises:
        ConfigurationError: when they are missing, half given, or the profile is not there.
    """
    asked_domain = domain or ("" if profile else os.environ.get("LARK_DOMAIN", "").strip())
    if user_token:
        return Credentials(user_token=user_token, domain=asked_domain)
    if app_id or app_secret:
        return _pair(app_id, app_secret, asked_domain, "app_id", "app_secret")
    env_id = os.environ.get("LARK_APP_ID", "").strip()
    env_secret = os.environ.get("LARK_APP_SECRET", "").strip()
    if profile is None and (env_id or env_secret):
        return _pair(env_id, env_secret, asked_domain, "LARK_APP_ID", "LARK_APP_SECRET")
    return _stored(profile, asked_domain)


def _pair(
    app_id: str | None, app_secret: str | None, domain: str, id_name: str, secret_name: str
) -> Credentials:
    if not app_id or not app_secret:
        missing, given = (secret_name, id_name) if app_id else (id_name, secret_name)
        msg = f"{given} is set, but {missing} is missing."
        raise ConfigurationError(msg, hint=_HOW_TO)
    return Credentials(app_id=app_id, app_secret=app_secret, domain=domain)


def _stored(profile: str | None, domain: str) -> Credentials:
    name = profile or os.environ.get("LARKBASE_PROFILE") or "default"
    profiles = _read_profiles()
    if name not in profiles:
        if profile or os.environ.get("LARKBASE_PROFILE"):
            known = ", ".join(sorted(profiles)) or "none"
            msg = f'There is no stored profile "{name}".'
            raise ConfigurationError(msg, hint=f"Stored profiles: {known}. {_HOW_TO}")
        msg = "No credentials: the environment has none and no profile is stored."
        raise ConfigurationError(msg, hint=_HOW_TO)
    entry = profiles[name]
    app_id, app_secret = entry.get("app_id"), entry.get("app_secret")
    if not (app_id and isinstance(app_id, str) and app_secret and isinstance(app_secret, str)):
        msg = f'The stored profile "{name}" does not hold an app id and its secret.'
        raise ConfigurationError(msg, hint="Store it again: larkbase login.")
    return Credentials(
        app_id=app_id, app_secret=app_secret, domain=domain or str(entry.get("domain") or "")
    )


def _read_profiles() -> dict[str, dict[str, Any]]:
    path = _profiles_file()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        msg = f"The profiles in {path} cannot be read: {error}"
    else:
        entries = data.items() if isinstance(data, dict) else ()
        return {name: entry for name, entry in entries if isinstance(entry, dict)}
    # Raised outside the handler: a cause would carry the text of the file.
    raise ConfigurationError(msg, hint="Mend or remove the file, then log in again.")


def store_profile(credentials: Credentials, name: str = "default") -> Path:
    """Store a profile in a file that only its owner may read, and return the file's path."""
    profiles = _read_profiles()
    profiles[name] = {
        "app_id": credentials.app_id,
        "app_secret": credentials.app_secret,
        "domain": credentials.domain,
    }
    path = _profiles_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(profiles, file, indent=2)
    scratch.replace(path)
    return path
