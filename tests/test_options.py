"""Options: every value is checked where it is set, whoever sets it."""

from __future__ import annotations

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.options import ENVIRONMENT, options_from


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0),
        ("rate", "5"),
        ("rate", float("nan")),
        ("concurrency", 0),
        ("concurrency", 17),
        ("concurrency", "8"),
        ("retries", None),
        ("retries", 1.5),
        ("page_size", float("inf")),
        ("page_size", 501),
        ("timeout", "soon"),
        ("number_type", ["decimal"]),
        ("strict", "no"),
        ("offline", 1),
        ("progress", "off"),
    ],
)
def test_a_value_that_cannot_work_is_refused(name, value):
    """Also one of another type, which would otherwise fail much later or count as true."""
    with pytest.raises(larkbase.ConfigurationError, match=f"The option {name} cannot be"):
        Options(**{name: value})
    with pytest.raises(larkbase.ConfigurationError, match="Allowed"):
        setattr(Options(), name, value)


def test_an_unknown_option_is_named_with_the_known_ones():
    """A typing mistake changes nothing in silence."""
    with pytest.raises(larkbase.ConfigurationError, match='no option "rat"') as caught:
        Options().replace(rat=3)
    assert str(caught.value.hint).startswith('did you mean "rate"? Options: concurrency, ')
    with pytest.raises(larkbase.ConfigurationError, match='no option "prgress"'):
        Options().prgress = False


def test_the_environment_sets_options():
    """Texts become values; blanks and unset variables leave the defaults."""
    found = options_from({"LARK_RATE": "5", "LARK_STRICT": "yes", "LARKBASE_PROGRESS": "0"})

    assert found == Options(rate=5.0, strict=True, progress=False)
    assert options_from({"LARK_RATE": " "}) == Options()


@pytest.mark.parametrize("variable", [item.name for item in ENVIRONMENT if item.option])
def test_a_variable_that_cannot_be_read_is_named(variable):
    """The error holds the variable and its text."""
    with pytest.raises(larkbase.ConfigurationError, match=f"{variable} cannot be '~'"):
        options_from({variable: "~"})
