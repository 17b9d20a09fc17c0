"""The app's credentials, from AWS Secrets Manager."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.profile import Credentials
from larkbase_server.parsers import json_object

if TYPE_CHECKING:
    from larkbase_server.settings import CommonSettings

_ID_KEYS = ("lark_app_id", "app_id")
_SECRET_KEYS = ("lark_app_secret", "app_secret")
_NAME = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,2048}")
_ARN = re.compile(r"arn:[^:]+:secretsmanager:([a-z0-9-]+):")
_CONTENT = '{"lark_app_id": "cli_…", "lark_app_secret": "…"}'
_HOW_TO = (
    f"Store {_CONTENT} in AWS Secrets Manager and set default_secret_manager_lark_app_key to the "
    "name or ARN of that secret."
)
_HINTS = {
    "ResourceNotFoundException": (
        f"There is no such secret in this account and region, or it has no value yet: store "
        f"{_CONTENT} in it."
    ),
    "AccessDeniedException": (
        "The function's role needs secretsmanager:GetSecretValue on this secret, and kms:Decrypt "
        "when the secret has a key of its own."
    ),
    "DecryptionFailure": "The function's role needs kms:Decrypt on the key of this secret.",
    "InvalidRequestException": "Perhaps the secret is marked for deletion; restore it.",
}
_UNREACHED = (
    "Secrets Manager must be reachable (in a VPC: through a NAT gateway or an endpoint), and "
    "boto3 needs a region and credentials of AWS."
)


class SecretsProvider:
    """Reads the credentials at the first use and remembers them; keep one per process.

    Three forms are accepted: a secret with a JSON object of both values; two secrets, each such an
    object or a plain value; and, when no secret is named, the values in the environment.
    """

    def __init__(self, settings: CommonSettings, client: Any = None) -> None:
        """Take the settings that name the secrets, and a boto3 client of Secrets Manager.

        Without a client one is made at the first call, as boto3 does: ``AWS_ENDPOINT_URL`` and
        ``AWS_REGION`` apply. A secret that is named by its ARN is read in the region of the ARN.
        """
        self._settings = settings
        self._client = client
        self._clients: dict[str | None, Any] = {}
        self._lock = threading.Lock()
        self._known: Credentials | None = None

    def credentials(self) -> Credentials:
        """Return the credentials; one call per secret at the first use.

        Raises:
            ConfigurationError: when a variable is missing, a secret cannot be read, holds no
                JSON object, or lacks a key.
        """
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return self._known

    def reread(self) -> bool:
        """Read the secrets again, as after a rotation, and tell whether anything changed.

        Raises:
            ConfigurationError: as ``credentials``; what was known stays known.
        """
        with self._lock:
            before, self._known = self._known, self._read()
            return self._known != before

    def __repr__(self) -> str:
        return f"SecretsProvider({'read' if self._known else 'not read yet'})"

    def _read(self) -> Credentials:
        names = self._names()
        if names is None:
            app_id, app_secret = self._settings.app_id, self._settings.app_secret
        else:
            texts = {name: self._text(name) for name in dict.fromkeys(names)}
            plain = len(texts) > 1
            app_id = _part(names[0], texts[names[0]], _ID_KEYS, plain=plain)
            app_secret = _part(names[1], texts[names[1]], _SECRET_KEYS, plain=plain)
        return Credentials(app_id=app_id, app_secret=app_secret, domain=self._settings.domain)

    def _names(self) -> tuple[str, str] | None:
        """Return the secrets that hold id and secret, or None for values in the environment."""
        known = self._settings
        if known.secret_name:
            return known.secret_name, known.secret_name
        if known.app_id_secret_name or known.app_secret_secret_name:
            _require("LARK_APP_ID_SECRET_NAME", known.app_id_secret_name)
            _require("LARK_APP_SECRET_SECRET_NAME", known.app_secret_secret_name)
            return known.app_id_secret_name, known.app_secret_secret_name
        if not (known.app_id or known.app_secret):
            _require("default_secret_manager_lark_app_key", "")
        _require("LARK_APP_ID", known.app_id)
        _require("LARK_APP_SECRET", known.app_secret)
        return None

    def _text(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            msg = "The variable that should name a secret holds no name and no ARN of a secret."
            raise ConfigurationError(msg, hint=_HOW_TO)
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            msg = "Secrets are read with boto3, which is not installed."
            raise ConfigurationError(msg, hint='pip install "larkbase-sdk[aws]"') from None
        try:
            answer = self._client_for(name).get_secret_value(SecretId=name)
        except ClientError as error:
            problem = error.response.get("Error", {})
            code = problem.get("Code", "")
            msg = f"The secret {name} cannot be read: {code}: {problem.get('Message', '')}"
            raise ConfigurationError(msg, hint=_HINTS.get(code, _UNREACHED)) from None
        except (BotoCoreError, ValueError) as error:
            msg = f"The secret {name} cannot be read: {error}"
            raise ConfigurationError(msg, hint=_UNREACHED) from None
        return str(answer.get("SecretString", ""))

    def _client_for(self, name: str) -> Any:
        """Return a client of the region that has the secret, as no region knows another's."""
        if self._client is not None:
            return self._client
        arn = _ARN.match(name)
        region = arn[1] if arn else None
        if region not in self._clients:
            self._clients[region] = _open_client(region)
        return self._clients[region]


def _open_client(region: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return boto3.client("secretsmanager", region_name=region, config=config)


def _require(variable: str, value: str) -> None:
    if not value:
        msg = f"There are no credentials for Lark: the variable {variable} is not set."
        raise ConfigurationError(msg, hint=_HOW_TO)


def _part(name: str, text: str, keys: tuple[str, ...], *, plain: bool) -> str:
    """Return one value of a secret's text: a member of its object, or the text itself."""
    text = text.strip()
    if plain and text and not text.startswith("{"):
        return text
    values = json_object(text)
    if values is None:
        msg = f"The secret {name} does not hold a JSON object."
        raise ConfigurationError(msg, hint=f"Its value must be {_CONTENT}.")
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    msg = f"The secret {name} has no {' or '.join(keys)}."
    raise ConfigurationError(msg, hint=f"Its value must be {_CONTENT}.")
