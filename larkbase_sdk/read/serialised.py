"""The tree behind a pyarrow expression, read from pyarrow's own serialisation of it.

An expression offers no way to walk it. Its pickle form does: an Arrow IPC file with one row that
holds the literals and options, whose schema metadata lists the nodes in pre-order. The form is
private to Arrow, so a test pins it, and whoever reads it must be prepared for `ValueError`.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.compute as pc

_CHAINS = frozenset({"and_kleene", "or_kleene"})
_INT32 = ctypes.sizeof(ctypes.c_int32)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A column, or with several names a member of one."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    scalar: pa.Scalar


@dataclass(frozen=True, slots=True)
class Call:
    """A function over operands; ``options`` is a struct scalar, or None without options."""

    name: str
    operands: tuple[Node, ...]
    options: pa.StructScalar | None = None


Node = FieldRef | Literal | Call


def decode_expression(expression: pc.Expression) -> Node:
    """Return the tree of an expression.

    Raises:
        ValueError: it has no serialised form, or one that is not understood.
    """
    try:
        return _Decoder(expression.__reduce__()[1][0]).decode()
    except Exception as error:
        msg = f"the serialised form of the expression is not understood: {error}"
        raise ValueError(msg) from error


class _Decoder:
    """Walks the list of nodes once, from left to right, however deep they are nested."""

    def __init__(self, buffer: pa.Buffer) -> None:
        import pyarrow as pa

        reader = pa.ipc.open_file(buffer)
        self._constants: pa.RecordBatch = reader.get_batch(0)
        self._entries: Iterator[tuple[str, str]] = iter(_metadata(reader.schema))

    def decode(self) -> Node:
        open_calls: list[_OpenCall] = []
        for kind, value in self._entries:
            if kind == "call":
                open_calls.append(_OpenCall(value))
            elif kind == "options":
                open_calls[-1].options = self._constant(value)
            else:
                node = open_calls.pop().close() if kind == "end" else self._leaf(kind, value)
                if not open_calls:
                    return self._last(node)
                open_calls[-1].operands.append(node)
        msg = "it ends too early"
        raise ValueError(msg)

    def _last(self, node: Node) -> Node:
        leftover = next(self._entries, None)
        if leftover is not None:
            msg = f"{leftover} follows the end"
            raise ValueError(msg)
        return node

    def _leaf(self, kind: str, value: str) -> Node:
        match kind:
            case "literal":
                return Literal(self._constant(value))
            case "field_ref":
                return FieldRef((value,))
            case "nested_field_ref":
                return self._nested(int(value))
            case _:
                msg = f"unknown node {kind!r}"
                raise ValueError(msg)

    def _nested(self, depth: int) -> FieldRef:
        steps = [next(self._entries) for _ in range(depth)]
        if any(kind != "field_ref" for kind, _ in steps):
            msg = f"unknown path {steps}"
            raise ValueError(msg)
        return FieldRef(tuple(name for _, name in steps))

    def _constant(self, position: str) -> pa.Scalar:
        return self._constants.column(int(position))[0]


@dataclass(slots=True)
class _OpenCall:
    """A call whose operands are still coming."""

    name: str
    operands: list[Node] = field(default_factory=list)
    options: pa.StructScalar | None = None

    def close(self) -> Call:
        operands = self.operands
        first = operands[0] if operands else None
        if self.name in _CHAINS and isinstance(first, Call) and first.name == self.name:
            # Long chains lean to the left; as one flat call they need no deep recursion.
            operands = [*first.operands, *operands[1:]]
        return Call(self.name, tuple(operands), self.options)


class _CSchema(ctypes.Structure):
    """The head of ``ArrowSchema`` in Arrow's stable C data interface."""

    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
    )


def _metadata(schema: pa.Schema) -> list[tuple[str, str]]:
    """Return a schema's metadata in order; pyarrow's dict would drop repeated keys."""
    capsule = schema.__arrow_c_schema__()
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = _CSchema.from_address(get_pointer(capsule, b"arrow_schema")).metadata
    if not address:
        return []
    count = ctypes.c_int32.from_address(address).value
    address += _INT32
    texts = []
    for _ in range(2 * count):
        length = ctypes.c_int32.from_address(address).value
        texts.append(ctypes.string_at(address + _INT32, length).decode())
        address += _INT32 + length
    return list(zip(texts[::2], texts[1::2], strict=True))
