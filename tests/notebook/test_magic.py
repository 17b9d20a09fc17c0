"""``%lark`` and ``%%lark``: SQL in cells, values as parameters, errors without tracebacks."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import larkbase_sdk as larkbase
from larkbase_sdk.notebook.magic import bound
from larkbase_sdk.testing import LarkEmulator


@pytest.fixture(scope="module")
def filled():
    """An emulator with thirty orders."""
    with LarkEmulator() as emulator:
        emulator.database("CRM").table(
            "Orders",
            fields=[
                "Order No",
                ("Amount", "Number"),
                ("Status", "SingleSelect", {"options": ["Open"]}),
            ],
            rows=[{"Order No": f"A-{n}", "Amount": n, "Status": "Open"} for n in range(30)],
        )
        yield emulator


@pytest.fixture
def lark_emulator(filled):
    filled.calls.clear()
    yield filled
    filled.recover()


@pytest.fixture(scope="module")
def loaded():
    """A shell with the extension."""
    config = Config()
    config.HistoryManager.enabled = False
    found = InteractiveShell.instance(config=config)
    found.run_line_magic("load_ext", "larkbase_sdk")
    yield found
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(loaded, lark):
    """A shell with a client in the variable ``lark`` and nothing else."""
    loaded.user_ns["lark"] = lark
    yield loaded
    loaded.run_line_magic("reset", "-f")


def run(shell, text):
    """Run a cell and return its value; its error is raised."""
    ended = shell.run_cell(text)
    ended.raise_error()
    return ended.result


class TestLine:
    """``%lark SELECT …``"""

    def test_it_gives_a_result(self, shell):
        """Which can be assigned too."""
        assert isinstance(run(shell, "%lark FROM crm.orders LIMIT 3"), larkbase.Result)
        run(shell, "few = %lark SELECT amount FROM crm.orders WHERE amount > 27 ORDER BY 1")

        assert shell.user_ns["few"].to_arrow().to_pydict() == {"amount": [28.0, 29.0]}

    def test_ipython_pastes_no_values(self, shell):
        """Neither ``{x}`` nor ``$x`` becomes text; ``{{ x }}`` becomes a parameter."""
        shell.user_ns["x"] = "'; DROP TABLE t"
        shell.user_ns["few"] = pa.table({"n": [1, 2]})

        result = run(shell, "%lark SELECT {'a': {{ x }}}.a AS v, n FROM few")
        assert result.to_arrow().to_pydict() == {"v": ["'; DROP TABLE t"] * 2, "n": [1, 2]}


class TestCell:
    """``%%lark [NAME] [options]``"""

    def test_without_a_name_the_rows_are_shown(self, shell):
        """As a result, which shows itself."""
        assert len(run(shell, "%%lark\nSELECT *\nFROM crm.orders")) == 30

    def test_a_name_stores_a_frame(self, shell, capsys):
        """And the output tells how many rows came and at what cost."""
        assert run(shell, "%%lark open_deals --limit 10\nFROM crm.orders") is None

        frame = shell.user_ns["open_deals"]
        assert isinstance(frame, pd.DataFrame)
        assert frame.shape == (10, 4)
        assert capsys.readouterr().out.startswith("open_deals: 10 rows · ")

    def test_what_is_stored_is_told_in_full(self, shell, capsys):
        """A frame has all rows, where a display shows the first ones."""
        run(shell, "%%lark deals\nFROM crm.orders")
        assert capsys.readouterr().out.startswith("deals: 30 rows · ")

        shown = run(shell, "%lark FROM crm.orders")
        assert repr(shown).splitlines()[-1].startswith("20 of 30 rows · ")

    @pytest.mark.parametrize(("flag", "kind"), [("--arrow", pa.Table), ("--polars", pl.DataFrame)])
    def test_other_kinds_of_tables(self, shell, flag, kind):
        """With and without a name."""
        run(shell, f"%%lark deals {flag}\nFROM crm.orders")

        assert type(shell.user_ns["deals"]) is kind
        assert type(run(shell, f"%%lark {flag}\nFROM crm.orders")) is kind

    def test_a_limit_stops_the_reading(self, shell, lark_emulator):
        """It reaches Lark."""
        run(shell, "%%lark --limit 3\nSELECT * FROM crm.orders;")

        sizes = [call.query["page_size"] for call in lark_emulator.calls.named("search")]
        assert sizes == ["3"]

    def test_explain_reads_no_records(self, shell, lark_emulator):
        """It shows what would be read."""
        plan = run(shell, "%%lark --explain\nFROM crm.orders WHERE status = 'Open'")

        assert plan.scans[0].on_server == ('Status is "Open"',)
        assert [c.query["page_size"] for c in lark_emulator.calls.named("search")] == ["1"]

    def test_variables_are_values_and_tables(self, shell):
        """``{{ name }}`` is a parameter, a DataFrame a table."""
        shell.user_ns["amount"] = 27
        shell.user_ns["wanted"] = ["A-28", "A-29", "A-1"]
        shell.user_ns["names"] = pd.DataFrame({"order_no": ["A-28"], "name": ["last but one"]})

        result = run(
            shell,
            "%%lark\nSELECT name, amount FROM crm.orders JOIN names USING (order_no)\n"
            "WHERE amount > {{ amount }} AND list_contains({{wanted}}, order_no)  -- {{ nothing }}",
        )
        assert result.to_arrow().to_pylist() == [{"name": "last but one", "amount": 28.0}]


class TestMistakes:
    """One short message, and the cell counts as failed."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("%%lark\nSELECT amout FROM crm.orders", 'did you mean "amount"?'),
            ("%lark FROM crm.ordres", 'did you mean "orders"?'),
            ("%%lark\nSELECT {{ amout }}", "did you mean amount?"),
            ("%%lark\nSELECT {{ 1 + 1 }}", "is not the name of a variable"),
            ("%%lark\nSELECT '{{ amount }}'", "stands inside quotes"),
            ("%%lark a b\nSELECT 1", "Usage: %%lark [NAME]"),
            ("%%lark 1a\nSELECT 1", "cannot be the name of a variable"),
            ("%%lark class\nSELECT 1", "cannot be the name of a variable"),
            ("%%lark --limit many\nSELECT 1", "Usage: %%lark [NAME]"),
            ("%%lark --limit -1\nSELECT 1", "a number from 0"),
            ("%%lark --arrow --polars\nSELECT 1", "Usage: %%lark [NAME]"),
            ("%%lark 'open\nSELECT 1", "Usage: %%lark [NAME]"),
        ],
        ids=lambda text: text.replace("\n", " "),
    )
    def test_a_mistake_is_one_message(self, shell, capsys, text, message):
        """Without a traceback; programs see the error itself."""
        shell.user_ns["amount"] = 5

        ended = shell.run_cell(text)

        assert isinstance(ended.error_in_exec, larkbase.QueryError)
        shown = capsys.readouterr()
        output = shown.out + shown.err
        assert message in output
        assert output.startswith("QueryError: ")
        assert [output.count(word) for word in ("Traceback", "Hint")] == [0, 1]
        assert len(output.splitlines()) < 8

    def test_errors_of_lark_are_short_too(self, shell, lark_emulator, capsys):
        """With what to do about them."""
        lark_emulator.fail(91403, endpoint="search")
        ended = shell.run_cell("%lark FROM crm.orders")

        assert isinstance(ended.error_in_exec, larkbase.PermissionDenied)
        assert "Traceback" not in capsys.readouterr().out

    def test_other_errors_keep_their_traceback(self, shell, capsys):
        """A defect is shown as one."""
        shell.user_ns["lark"] = larkbase.Lark.__new__(larkbase.Lark)
        ended = shell.run_cell("%lark SELECT 1")

        assert isinstance(ended.error_in_exec, AttributeError)
        assert "Traceback" in capsys.readouterr().out


class TestClient:
    """Which client a magic uses."""

    def test_without_the_variable_it_is_the_last_one(self, shell, lark_emulator):
        """Whatever it is called."""
        del shell.user_ns["lark"]
        with lark_emulator.connect() as mine:
            shell.user_ns["mine"] = mine
            assert len(run(shell, "%lark FROM crm.orders")) == 30
            assert mine.stats.by_endpoint["search"] == 1

    def test_a_variable_of_another_kind_is_passed_over(self, shell):
        """``lark`` may be anything."""
        shell.user_ns["kept"] = shell.user_ns["lark"]
        shell.user_ns["lark"] = "a bird"

        assert len(run(shell, "%lark FROM crm.orders")) == 30

    def test_without_any_it_says_how_to_connect(self, shell, monkeypatch):
        """Before anything else."""
        shell.user_ns["lark"] = None
        monkeypatch.setattr("larkbase_sdk.client._last", [])

        ended = shell.run_cell("%lark SELECT 1")
        assert isinstance(ended.error_in_exec, larkbase.ConfigurationError)
        assert "connect(" in ended.error_in_exec.hint


@pytest.mark.parametrize(
    ("text", "expected", "names"),
    [
        ("SELECT {{ a }} + {{a}}", "SELECT $a + $a", ["a"]),
        ("SELECT '{{', \"x}}\" -- {{ b }}\n/* {{ c }} */ FROM {{ d }}",
         "SELECT '{{', \"x}}\" -- {{ b }}\n/* {{ c }} */ FROM $d", ["d"]),
        ("SELECT 'it''s', {{ a }}", "SELECT 'it''s', $a", ["a"]),
        ("SELECT {'a': {'b': 1}}", "SELECT {'a': {'b': 1}}", []),
    ],
)  # fmt: skip
def test_only_variables_outside_quotes_and_comments_are_bound(text, expected, names):
    """The text itself never changes but for the names of parameters."""
    variables = {name: name.upper() for name in "abcd"}

    assert bound(text, variables) == (expected, {name: name.upper() for name in names})
