"""What can go wrong with the wire format, as one tree of errors.

::

    ProtocolError
    ├── MalformedMessage       JSON that is cut off or says something impossible   (ValueError)
    ├── UnknownMessage         a message type that the protocol does not have      (LookupError)
    ├── UnsupportedVersion     a serde version that cannot be written              (ValueError)
    ├── UnsupportedArrowType   a column that Athena cannot read                    (TypeError)
    ├── SchemaMismatch         rows that do not have the schema of their answer    (ValueError)
    ├── RowTooLarge            one row that is larger than a block may be          (ValueError)
    ├── AnswerTooLarge         an answer above the limit of Lambda                 (ValueError)
    ├── EncryptionError        a key that is missing, refused or wrong             (ValueError)
    └── SpillError             blocks that cannot be written beside the answer     (OSError)

Texts name messages, members, columns and sizes, never cell values or keys: Athena shows them.
"""

from __future__ import annotations

from typing import ClassVar


class ProtocolError(Exception):
    """The root of this room's errors.

    Attributes:
        code: Athena's code for such an error, the name of a class in ``faults``.
    """

    code: ClassVar[str] = "InternalServiceException"


class MalformedMessage(ProtocolError, ValueError):
    """A message that is no JSON, lacks a member, or holds a value of the wrong kind."""

    code = "InvalidInputException"


class UnknownMessage(ProtocolError, LookupError):
    """A message whose ``@type`` the protocol does not have."""

    code = "OperationNotSupportedException"


class UnsupportedVersion(ProtocolError, ValueError):
    """A serde version that cannot be written, or that cannot say what the message holds."""

    code = "OperationNotSupportedException"


class UnsupportedArrowType(ProtocolError, TypeError):
    """A column of an Arrow type that Athena cannot read."""

    code = "OperationNotSupportedException"


class SchemaMismatch(ProtocolError, ValueError):
    """Rows whose columns or types are not those of the answer they belong to."""


class RowTooLarge(ProtocolError, ValueError):
    """One row that alone exceeds the largest block that Athena accepts."""

    code = "OperationNotSupportedException"


class AnswerTooLarge(ProtocolError, ValueError):
    """An answer that Lambda would refuse to return, and that cannot be spilled."""

    code = "OperationNotSupportedException"


class EncryptionError(ProtocolError, ValueError):
    """A key that is missing, refused by its maker, of the wrong length, or simply wrong."""

    code = "InvalidInputException"


class SpillError(ProtocolError, OSError):
    """Blocks that the spill store refused, or that have no place to go."""

    code = "InvalidInputException"


class TimestampCorrected(UserWarning):
    """A moment in a condition lay outside the calendar and was brought back into it."""
