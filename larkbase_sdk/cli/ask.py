"""A question to the person at the terminal."""

from __future__ import annotations

import sys

from larkbase_sdk.errors import ConfigurationError


def ask(question: str) -> str:
    """Return the answer to a question, which goes to stderr, since stdout carries data only.

    Raises:
        ConfigurationError: when no answer came.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        msg = "No answer came, since stdin has ended."
        raise ConfigurationError(msg, hint="Run the command in a terminal, or give the answers.")
    return answer.strip()
