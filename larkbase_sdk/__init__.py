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
    from larkbase_sdk.notebook.explorer import Explorer
    from larkbase_sdk.scan import Scan
    from larkbase_sdk.schema.table_schema import Column
    from larkbase_sdk.schema.table_schema import TableSchema as Schema
    from larkbase_sdk.sinks.cache import clear_cache
    from larkbase_sdk.snapshot.diff import SnapshotDiff, diff
    from larkbase_sdk.snapshot.plan import SnapshotPlan
    from larkbase_sdk.snapshot.snapshot import Snapshot, open_snapshot
    from larkbase_sdk.sql.plan import SqlPlan
    from larkbase_sdk.sql.result import Result
    from larkbase_sdk.table import Database, Table

_LAZY = {
    "Column": ("larkbase_sdk.schema.table_schema", "Column"),
    "Database": ("larkbase_sdk.table", "Database"),
    "Explorer": ("larkbase_sdk.notebook.explorer", "Explorer"),
    "Lark": ("larkbase_sdk.client", "Lark"),
    "Plan": ("larkbase_sdk.explanation", "Plan"),
    "Result": ("larkbase_sdk.sql.result", "Result"),
    "Scan": ("larkbase_sdk.scan", "Scan"),
    "Schema": ("larkbase_sdk.schema.table_schema", "TableSchema"),
    "Snapshot": ("larkbase_sdk.snapshot.snapshot", "Snapshot"),
    "SnapshotDiff": ("larkbase_sdk.snapshot.diff", "SnapshotDiff"),
    "SnapshotPlan": ("larkbase_sdk.snapshot.plan", "SnapshotPlan"),
    "SqlPlan": ("larkbase_sdk.sql.plan", "SqlPlan"),
    "Table": ("larkbase_sdk.table", "Table"),
    "clear_cache": ("larkbase_sdk.sinks.cache", "clear_cache"),
    "connect": ("larkbase_sdk.client", "connect"),
    "demo": ("larkbase_sdk.client", "demo"),
    "diff": ("larkbase_sdk.snapshot.diff", "diff"),
    "login": ("larkbase_sdk.login", "login"),
    "open_snapshot": ("larkbase_sdk.snapshot.snapshot", "open_snapshot"),
}

__all__ = [
    "AuthenticationError",
    "CellNotConverted",
    "Column",
    "ConfigurationError",
    "Database",
    "EmptyBecauseRestricted",
    "Explorer",
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
    "Result",
    "Scan",
    "Schema",
    "ServiceError",
    "Snapshot",
    "SnapshotDiff",
    "SnapshotError",
    "SnapshotPlan",
    "SourceSkipped",
    "SqlPlan",
    "Table",
    "TableChanged",
    "UnknownFieldType",
    "UnsupportedField",
    "__version__",
    "clear_cache",
    "connect",
    "demo",
    "diff",
    "login",
    "open_snapshot",
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
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """Make the magics ``%lark`` and ``%%lark`` known: ``%load_ext larkbase_sdk``."""
    from larkbase_sdk.notebook.magic import register

    register(shell)
