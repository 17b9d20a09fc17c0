"""Read Lark Base (Feishu Bitable) as typed Arrow and pandas tables.

Example:
    >>> import larkbase_sdk as larkbase
    >>> lark = larkbase.connect("https://acme.larksuite.com/base/NQRxb…?table=tblEnSV…")
    >>> lark.table("CRM.Orders").to_pandas(where="Status = 'Open'")

Importing this package is quick: pandas, pyarrow and the other heavy libraries are loaded by the
calls that need them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from larkbase_sdk._version import __version__
from larkbase_sdk.errors import (
    AuthenticationError,
    CellNotConverted,
    ConfigurationError,
    EmptyBecauseRestricted,
    LarkBaseError,
    LarkBaseWarning,
    NetworkError,
    NotFound,
    PermissionDenied,
    PushdownRefused,
    QueryError,
    RateLimited,
    ServiceError,
    SnapshotError,
    SourceSkipped,
    TableChanged,
    UnknownFieldType,
    UnsupportedField,
)
from larkbase_sdk.options import Options, options

if TYPE_CHECKING:
    from larkbase_sdk.client import Lark, connect, demo
    from larkbase_sdk.explanation import Plan
    from larkbase_sdk.login import login
    from larkbase_sdk.scan import Scan
    from larkbase_sdk.schema.table_schema import Column
    from larkbase_sdk.schema.table_schema import TableSchema as Schema
    from larkbase_sdk.table import Database, Table

_LAZY = {
    "Column": ("larkbase_sdk.schema.table_schema", "Column"),
    "Database": ("larkbase_sdk.table", "Database"),
    "Lark": ("larkbase_sdk.client", "Lark"),
    "Plan": ("larkbase_sdk.explanation", "Plan"),
    "Scan": ("larkbase_sdk.scan", "Scan"),
    "Schema": ("larkbase_sdk.schema.table_schema", "TableSchema"),
    "Table": ("larkbase_sdk.table", "Table"),
    "connect": ("larkbase_sdk.client", "connect"),
    "demo": ("larkbase_sdk.client", "demo"),
    "login": ("larkbase_sdk.login", "login"),
}

__all__ = [
    "AuthenticationError",
    "CellNotConverted",
    "Column",
    "ConfigurationError",
    "Database",
    "EmptyBecauseRestricted",
    "Lark",
    "LarkBaseError",
    "LarkBaseWarning",
    "NetworkError",
    "NotFound",
    "Options",
    "PermissionDenied",
    "Plan",
    "PushdownRefused",
    "QueryError",
    "RateLimited",
    "Scan",
    "Schema",
    "ServiceError",
    "SnapshotError",
    "SourceSkipped",
    "Table",
    "TableChanged",
    "UnknownFieldType",
    "UnsupportedField",
    "__version__",
    "connect",
    "demo",
    "login",
    "options",
]


def __getattr__(name: str) -> Any:
    """Load the heavier names at their first use."""
    if name not in _LAZY:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    module, attribute = _LAZY[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
