"""The size of an answer: Lambda returns no more than six megabytes of JSON text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.errors import AnswerTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMBDA_LIMIT = 6_291_556
"""Bytes of JSON that Lambda returns at the most."""


def check_answer(answer: Mapping[str, Any]) -> None:
    """Check that Lambda returns an answer.

    The text is measured as the runtime would write it in the worst case, with every character
    beyond ASCII escaped.

    Raises:
        AnswerTooLarge: when it would not; the text says which message it is.
    """
    size = len(json.dumps(answer))
    if size > LAMBDA_LIMIT:
        msg = (
            f"The {answer.get('@type', 'answer')} has {size:,} bytes; "
            f"Lambda returns at most {LAMBDA_LIMIT:,}."
        )
        raise AnswerTooLarge(msg)
