"""How a typed setting is declared and read from its environment variables."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError
from larkbase_server.parsers import Parser, Warn, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting as people write it.

    Attributes:
        group: Heading under which the page of settings shows it.
        name: Its canonical name.
        meaning: What it does, in a sentence.
        default: The value when nothing is set; a blank text counts as nothing.
        parse: Makes the value of the text.
        aliases: Further names, the stronger first. ``A:B`` stands for two variables that hold
            the two sides of a pair, or comma lists of them in the same order.
        shown: How the page describes the default, when the value alone does not say it.
        strict: A text that cannot be read is an error instead of a warning and the default.
        hidden: The value never appears in a message or a repr.
        blank_counts: A blank text is a value too.
    """

    group: str
    name: str
    meaning: str
    default: Any
    parse: Parser
    aliases: tuple[str, ...] = ()
    shown: str = ""
    strict: bool = False
    hidden: bool = False
    blank_counts: bool = False

    def read(self, environ: Mapping[str, str], note: Warn) -> Any:
        """Return the value that the environment gives; warnings go to ``note``.

        Raises:
            ConfigurationError: when a strict variable holds a text that cannot be read.
        """
        found = list(self._found(environ, note))
        if not found:
            return self.default
        (name, text), *others = found
        if others:
            unused = " and ".join(_names(other) for other, _ in others)
            note(f"{unused}: not used, because {_names(name)} is set.")
        return self._value(_names(name), text, note)

    def _found(self, environ: Mapping[str, str], note: Warn) -> Iterator[tuple[str, str]]:
        for name in (self.name, *self.aliases):
            parts = {part: environ.get(part, "") for part in name.split(":")}
            present = [part for part, text in parts.items() if text.strip()]
            if len(present) == len(parts) or (self.blank_counts and name in environ):
                text = _joined(list(parts.values()))
                if text is None:
                    note(f"{_names(name)}: not used, because they do not list the same number.")
                else:
                    yield name, text
            elif present:
                missing = next(part for part in parts if part not in present)
                note(f"{present[0]}: not used, because {missing} is missing.")

    def _value(self, name: str, text: str, note: Warn) -> Any:
        def warn(sentence: str) -> None:
            note(f"{name}: {sentence}")

        given = "the value" if self.hidden else quoted(text)
        try:
            return self.parse(text, warn)
        except ConfigurationError as error:
            msg = f"The environment variable {name} cannot be used: {error.message}"
            raise ConfigurationError(msg, hint=error.hint) from None
        except ValueError as error:
            expected = str(error)
        if self.strict:
            msg = f"The environment variable {name} cannot be {given}."
            raise ConfigurationError(msg, hint=f"It must be {expected}.")
        warn(f"{given} is not {expected}; {default_text(self)} is used.")
        return self.default


def _joined(texts: list[str]) -> str | None:
    """Return one text; of two the comma list of their pairs, None when their numbers differ."""
    if len(texts) == 1:
        return texts[0]
    lists = [[item for item in text.split(",") if item.strip()] for text in texts]
    if len({len(items) for items in lists}) > 1:
        return None
    return ",".join(map(":".join, zip(*lists, strict=True)))


def _names(name: str) -> str:
    return name.replace(":", " with ")


def setting(
    group: str, name: str, default: Any, parse: Parser, *, meaning: str, **more: Any
) -> Any:
    """Declare a field of a settings class that is read from environment variables."""
    variable = Variable(group, name, meaning, default, parse, **more)
    return field(default=default, metadata={"variable": variable})


def variables(owner: type[DataclassInstance]) -> dict[str, Variable]:
    """Return the variables of a settings class by attribute, in the order of declaration."""
    return {
        item.name: item.metadata["variable"]
        for item in fields(owner)
        if "variable" in item.metadata
    }


def default_text(variable: Variable) -> str:
    """Return a variable's default as people write it, for a page or a message."""
    value = variable.default
    if variable.shown or value in ("", ()):
        return variable.shown or "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
