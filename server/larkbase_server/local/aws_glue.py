"""What Glue does and moto does not: pages, limits, lower case, versions, errors of one table."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from larkbase_server.local.aws_limits import violations
from larkbase_server.local.aws_pages import cut_page
from larkbase_server.local.aws_wire import AwsError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from larkbase_server.local.aws_wire import Call, Forward

_PAGE = 100
_NAMES = frozenset({"Name", "DatabaseName", "TableName"})
_INPUTS = frozenset({"DatabaseInput", "TableInput"})
_LISTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "GetDatabases": ("DatabaseList", lambda database: database["Name"]),
    "GetTables": ("TableList", lambda table: table["Name"]),
    "GetTableVersions": ("TableVersions", lambda version: int(version["VersionId"])),
}


class GlueGaps:
    """Answers Glue requests with moto's catalogue and the real service's manners.

    Lists come in pages of at most 100, in the order of their names. Limits of the service are
    errors (``ValidationException``). Names of databases and tables are kept in lower case, as the
    API reference says. ``UpdateTable`` heeds ``SkipArchive`` and refuses a stale ``VersionId``
    (``ConcurrentModificationException``). Requests are answered one after another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._undeletable: dict[str, tuple[str, str]] = {}

    def reset(self) -> None:
        """Forget the tables that refuse to be deleted."""
        self._undeletable.clear()

    def fail_delete(
        self,
        table: str,
        code: str = "InternalServiceException",
        message: str = "The table could not be deleted.",
    ) -> None:
        """Make ``BatchDeleteTable`` report this table as an error of its own, until the reset."""
        self._undeletable[table.lower()] = (code, message)

    def handle(self, call: Call, forward: Forward) -> Reply:
        """Return the answer to a request.

        Raises:
            AwsError: The request breaks a limit, or carries a wrong token or an old version.
        """
        if problem := violations("glue", call.operation, call.parameters):
            raise AwsError(problem, "ValidationException")
        parameters = _fold_names(call) if _is_catalogue(call.operation) else call.parameters
        with self._lock:
            if call.operation in _LISTS:
                return _list_page(call.operation, parameters, forward)
            if call.operation == "UpdateTable":
                return _update_table(parameters, forward)
            if call.operation == "BatchDeleteTable":
                return self._delete_tables(parameters, forward)
            return forward(call.operation, parameters)

    def _delete_tables(self, parameters: Mapping[str, Any], forward: Forward) -> Reply:
        asked = parameters["TablesToDelete"]
        kept = [name for name in asked if name in self._undeletable]
        rest = [name for name in asked if name not in self._undeletable]
        reply = forward("BatchDeleteTable", {**parameters, "TablesToDelete": rest})
        if not kept or not reply.ok:
            return reply
        errors = [_item_error(name, *self._undeletable[name]) for name in kept]
        return Reply.of_json({"Errors": [*reply.json().get("Errors", []), *errors]})


def _is_catalogue(operation: str) -> bool:
    return "Database" in operation or "Table" in operation


def _fold_names(call: Call) -> dict[str, Any]:
    folded: dict[str, Any] = {
        key: value.lower() if key in _NAMES and isinstance(value, str) else value
        for key, value in call.parameters.items()
    }
    for key in _INPUTS & folded.keys():
        folded[key] = {**folded[key], "Name": folded[key]["Name"].lower()}
    if "TablesToDelete" in folded:
        folded["TablesToDelete"] = [name.lower() for name in folded["TablesToDelete"]]
    return folded


def _list_page(operation: str, parameters: Mapping[str, Any], forward: Forward) -> Reply:
    member, place = _LISTS[operation]
    reply = forward(operation, parameters)
    if not reply.ok:
        return reply
    about = [parameters.get(key) for key in ("DatabaseName", "TableName", "Expression")]
    try:
        page, token = cut_page(
            reply.json()[member],
            scope=[operation, *about],
            place=place,
            size=parameters.get("MaxResults", _PAGE),
            token=parameters.get("NextToken"),
        )
    except ValueError as error:
        raise AwsError(str(error), "InvalidInputException") from error
    return Reply.of_json({member: page} | ({"NextToken": token} if token else {}))


def _update_table(parameters: Mapping[str, Any], forward: Forward) -> Reply:
    table = {
        "DatabaseName": parameters["DatabaseName"],
        "Name": parameters["TableInput"]["Name"],
    }
    current = forward("GetTable", table).json().get("Table", {}).get("VersionId")
    if current is not None and parameters.get("VersionId", current) != current:
        msg = f"The table was changed meanwhile: version {current} is the newest."
        raise AwsError(msg, "ConcurrentModificationException")
    reply = forward("UpdateTable", parameters)
    if current is not None and parameters.get("SkipArchive"):
        version = {
            "DatabaseName": table["DatabaseName"],
            "TableName": table["Name"],
            "VersionId": current,
        }
        forward("DeleteTableVersion", version)
    return reply


def _item_error(table: str, code: str, message: str) -> dict[str, Any]:
    return {"TableName": table, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}}
