"""The pages about flows are walked from top to bottom, between an emulated Lark and an AWS."""

from __future__ import annotations

import ast
import csv
import doctest
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import typer
from botocore import xform_name
from botocore.session import get_session
from botocore.validate import validate_parameters
from sqlglot import exp

import larkbase_sdk as larkbase
import larkbase_server.crawler
from larkbase_sdk.cli import main
from larkbase_sdk.cli.app import app
from larkbase_sdk.errors import SourceSkipped
from larkbase_sdk.read.pages import ReadContext
from larkbase_sdk.read.plan import Part, Residual
from larkbase_sdk.read.reader import read_part
from larkbase_sdk.testing import LarkEmulator
from larkbase_server.crawler.request import parse_event
from larkbase_server.environment import variables
from larkbase_server.flows import open_catalog
from larkbase_server.settings import ConnectorSettings, CrawlerSettings

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = [DOCS / name for name in ("flows.md", "choosing-a-flow.md", "migrating-flows.md")]
WRITTEN_URL = "http://127.0.0.1:8080"
WAIT_FOR_PEOPLE = {"emulator", "aws-emulator"}
ONLY_ATHENA = "Only Athena can run"
SECRET = "larkbase/lark-app"
BUCKET = "my-bucket"
OF_LAMBDA = ("boto3",)
"""What Lambda's Python has without a package."""

CRAWL = {
    "larkBaseDataSourceId": "QIrNEJYDfMHsDUb7HrJaAP8aHZE",
    "larkTableDataSourceId": "tbliggZvOz7TfTxg",
}
NOT_OF_THE_OPERATION = {"cli-binary-format", "region", "output"}

_FENCE = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the line of text before it."""

    page: str
    line: int
    before: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(page.name, text.count("\n", 0, match.start(3)) + 1, match[1], match[2], match[3])
        for match in _FENCE.finditer(text)
    ]


class Terminal(io.TextIOWrapper):
    """Standard output of somebody who looks at it."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()


def known_names(*settings: Any) -> set[str]:
    """Return every name under which these settings can be written."""
    rows = [row for owner in settings for row in variables(owner).values()]
    names = [name for row in rows for name in (row.name, *row.aliases)]
    return {part for name in names for part in name.split(":")}


def check_environment(text: Mapping[str, str], *settings: Any) -> None:
    """An environment names only settings that exist, and none of them draws a warning."""
    assert set(text) - known_names(*settings) == set()
    for owner in settings:
        assert owner.from_environ(text).warnings == ()


# -- commands of AWS -----------------------------------------------------------------------------


def shorthand(text: str) -> dict[str, Any]:
    """Read AWS's ``A=b,C={D=e}``."""
    found: dict[str, Any] = {}
    depth, start = 0, 0
    for place, character in enumerate(text + ","):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and not depth:
            name, _, value = text[start:place].partition("=")
            found[name] = shorthand(value[1:-1]) if value.startswith("{") else value
            start = place + 1
    return found


def as_value(shape: Any, words: list[str]) -> Any:
    """Return the value of an option as the operation takes it."""
    (text, *_) = words or ["true"]
    match shape.type_name:
        case "structure" | "map":
            return json.loads(text) if text.startswith("{") else shorthand(text)
        case "list":
            return json.loads(text) if text.startswith("[") else words
        case "integer" | "long":
            return int(text)
        case "boolean":
            return text == "true"
        case "blob":
            return text.encode()
    return text


@dataclass(frozen=True)
class AwsCommand:
    """A command of AWS's command line, checked against the model of the service."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @classmethod
    def parse(cls, words: list[str]) -> AwsCommand:
        program, verb, *rest = words
        service = {"s3api": "s3"}.get(program, program)
        model = get_session().get_service_model(service)
        operation = {xform_name(name, "-"): name for name in model.operation_names}[verb]
        shape = model.operation_model(operation).input_shape
        members = {xform_name(name, "-"): name for name in shape.members}
        given: dict[str, list[str]] = {}
        for word in rest:
            if word.startswith("--"):
                given[word[2:]] = []
            else:
                list(given.values())[-1].append(word)
        options = {name: given[name] for name in given.keys() - NOT_OF_THE_OPERATION}
        assert set(options) - set(members) == set(), "no such option"
        parameters = {
            members[name]: as_value(shape.members[members[name]], values)
            for name, values in options.items()
        }
        validate_parameters(parameters, shape)
        if operation == "Invoke":
            assert given["cli-binary-format"] == ["raw-in-base64-out"]
        return cls(service, operation, parameters)


# -- the walk --------------------------------------------------------------------------------------


@dataclass
class Walk:
    """One page, its two emulators, and what its blocks have set up so far."""

    emulator: LarkEmulator
    aws: Any
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    basic: dict[str, str]
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    functions: dict[str, dict[str, str]] = field(default_factory=dict)
    invoked: int = 0

    def run(self, page: list[Block]) -> None:
        self.environment({})
        for block, following in zip(page, [*page[1:], None], strict=True):
            try:
                getattr(self, block.language)(block, following)
            except Exception as error:
                error.add_note(f"in {block}")
                raise

    def environment(self, more: Mapping[str, str]) -> None:
        """Let the environment be the basic one with something more."""
        for name in [name for name in os.environ if name.startswith(("LARK", "default_"))]:
            self.monkeypatch.delenv(name)
        self.monkeypatch.delenv("disable_glue", raising=False)
        for name, text in (self.basic | more).items():
            self.monkeypatch.setenv(name, text)

    # The methods below bear the names of the languages of blocks.

    def python(self, block: Block, _: Block | None) -> None:
        tree = ast.parse("\n" * (block.line - 1) + block.text)
        exec(compile(tree, block.page, "exec"), self.namespace)

    def pycon(self, block: Block, _: Block | None) -> None:
        parser = doctest.DocTestParser()
        test = parser.get_doctest(block.text, self.namespace, str(block), block.page, block.line)
        told: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
            test, out=told.append, clear_globs=False
        )
        self.namespace.update(test.globs)
        assert "".join(told) == ""

    def ini(self, block: Block, _: Block | None) -> None:
        """An environment of the connector, which the blocks that follow have."""
        given = dict(line.split("=", 1) for line in block.text.splitlines())
        check_environment(given, ConnectorSettings)
        self.environment(given)

    def json(self, block: Block, _: Block | None) -> None:
        """A payload of the crawler, or the policy of its role."""
        content = json.loads(block.text)
        if "Statement" in content:
            assert set(content["Statement"][0]["Action"]) == crawler_actions()
        else:
            self.invoke(content, {"default_secret_manager_lark_app_key": SECRET})

    def invoke(self, payload: Any, environment: Mapping[str, str]) -> None:
        """Hand a payload to the crawler's handler in a process with this environment."""
        check_environment(environment, CrawlerSettings)
        before = {name: os.environ.get(name, "") for name in known_names(ConnectorSettings)}
        self.environment(environment)
        for name in ("LARK_APP_ID", "LARK_APP_SECRET"):
            self.monkeypatch.delenv(name)
        larkbase_server.crawler._function.cache_clear()
        answer = larkbase_server.crawler.handler(payload, None)
        larkbase_server.crawler._function.cache_clear()
        self.environment({name: text for name, text in before.items() if text})
        assert (answer["status"], answer["failures"]) == ("Success", [])
        self.invoked += 1

    def console(self, block: Block, _: Block | None) -> None:
        text = block.text.replace("\\\n", " ")
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            program, *words = shlex.split(line, comments=True)
            getattr(self, f"run_{program}")(words, output)

    def run_larkbase(self, words: list[str], output: str) -> None:
        words = [word.replace(WRITTEN_URL, self.emulator.url) for word in words]
        if words[0] in WAIT_FOR_PEOPLE:
            command = typer.main.get_command(app).commands[words[0]]
            assert command.make_context(words[0], words[1:]).params
            return
        shown = Terminal()
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", shown)
            code = main(words)
        assert code == 0, self.capfd.readouterr().err
        if output:
            assert shown.shown().replace(self.emulator.url, WRITTEN_URL) == output

    def sh(self, block: Block, _: Block | None) -> None:
        """How the crawler's package is made; with what it holds, the crawler runs."""
        install = shlex.split(block.text.replace("\\\n", " ").splitlines()[0])
        chosen = install[install.index("manylinux2014_x86_64") + 1 :]
        present = top_level_modules({"larkbase-sdk", *installed_with(*chosen, *OF_LAMBDA)})
        missing = packages_distributions().keys() - present
        program = (
            f"import sys; sys.modules.update(dict.fromkeys({sorted(missing)}))\n"
            "from larkbase_server.crawler import handler\n"
            f"assert handler({CRAWL}, None)['status'] == 'Success'"
        )
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

    def run_aws(self, words: list[str], output: str) -> None:
        assert output == ""
        command = AwsCommand.parse(words[:-1] if words[-1] == "response.json" else words)
        then = getattr(self, f"aws_{xform_name(command.operation)}", None)
        if then is not None:
            then(command.parameters)

    def aws_create_secret(self, parameters: dict[str, Any]) -> None:
        self.aws.client("secretsmanager").put_secret_value(
            SecretId=parameters["Name"], SecretString=parameters["SecretString"]
        )

    def aws_create_function(self, parameters: dict[str, Any]) -> None:
        module, _, function = parameters["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))
        shape = get_session().get_service_model("lambda").shape_for("Runtime")
        assert parameters["Runtime"] in shape.enum
        self.functions[parameters["FunctionName"]] = parameters["Environment"]["Variables"]

    def aws_update_function_configuration(self, parameters: dict[str, Any]) -> None:
        assert parameters["FunctionName"] in self.functions
        if "Environment" in parameters:
            self.functions[parameters["FunctionName"]] = parameters["Environment"]["Variables"]

    def aws_invoke(self, parameters: dict[str, Any]) -> None:
        self.invoke(json.loads(parameters["Payload"]), self.functions[parameters["FunctionName"]])

    def aws_create_schedule(self, parameters: dict[str, Any]) -> None:
        assert parse_event(json.loads(parameters["Target"]["Input"])).dry_run is False

    def sql(self, block: Block, following: Block | None) -> None:
        trees = [tree for tree in sqlglot.parse(block.text, dialect="athena") if tree is not None]
        assert trees
        selects = [tree for tree in trees if isinstance(tree, exp.Select)]
        if selects == trees:
            assert following is not None
            assert following.language == "text", "a SELECT shows its result"
            (tree,) = selects
            assert self.answer(block.text, tree) == following.text
            return
        assert ONLY_ATHENA in block.before, f"say so before {block}"
        for tree in trees:
            assert not isinstance(tree, exp.Command) or tree.this.upper() == "SHOW"
            if isinstance(tree, exp.Insert):
                self.insert(tree)

    def text(self, block: Block, _: Block | None) -> None:
        """The result of the statement before it, which was compared there."""

    def answer(self, sql: str, tree: exp.Expression) -> str:
        """Answer a SELECT over what its tables hold, found and read through the flow."""
        settings = ConnectorSettings.from_environ(os.environ)
        connection = duckdb.connect()
        with self.emulator.connect() as lark:
            catalog = open_catalog(settings, lark.api).for_query(self.aws.athena.start_running(sql))
            for number, table in enumerate(list(tree.find_all(exp.Table))):
                rows = read(lark, catalog, table.db.lower(), table.name.lower())
                connection.register(f"t{number}", rows)
                table.replace(exp.table_(f"t{number}", alias=table.alias or None))
        result = connection.execute(tree.sql("duckdb"))
        lines = [[column[0] for column in result.description], *map(_shown, result.fetchall())]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return text.getvalue()

    def insert(self, tree: exp.Insert) -> None:
        columns = ["database_name", "table_name", "lark_base_id", "lark_table_id"]
        rows = [
            dict(zip(columns, (cell.this for cell in row.expressions), strict=True))
            for row in tree.find_all(exp.Tuple)
        ]
        self.aws.athena.table(tree.this.db, tree.this.name, rows)


def installed_with(*names: str) -> set[str]:
    """Return distributions with everything that they need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = [line for line in requires(name) or () if "extra ==" not in line]
            waiting += [re.match(r"[\w.-]+", line)[0] for line in needs]
    return found


def top_level_modules(distributions: set[str]) -> set[str]:
    """Return the modules that distributions install."""
    wanted = {name.lower().replace("_", "-") for name in distributions}
    return {
        module
        for module, owners in packages_distributions().items()
        if wanted & {owner.lower().replace("_", "-") for owner in owners}
    }


def _shown(row: tuple[Any, ...]) -> list[str]:
    """Return a row as Athena writes it into its result file."""
    return [json.dumps(cell) if isinstance(cell, bool) else cell for cell in row]


def read(lark: Any, catalog: Any, database: str, name: str) -> pa.Table:
    """Return the rows of a table with the names and types that its flow gives."""
    table = catalog.table(database, name)
    schema = catalog.schema(table)
    fields = tuple(column.field_id for column in schema.columns)
    context = ReadContext(lark.api.bitable, lark.options)
    part = Part(table.base_id, table.table_id, fields)
    return pa.Table.from_batches(read_part(context, part, schema, Residual()))


def crawler_actions() -> set[str]:
    """Return what the crawler's role must be allowed, as its code calls it."""
    module = importlib.import_module("larkbase_server.crawler.glue_calls")
    source = Path(module.__file__).read_text("utf-8")
    operations = re.findall(r'_(?:call|pages)\(\s*"(\w+)"', source)
    of_glue = {"glue:" + "".join(map(str.title, name.split("_"))) for name in operations}
    return {*of_glue, "secretsmanager:GetSecretValue"}


@pytest.fixture
def walk(
    aws: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Walk]:
    """The sample tenant, an AWS with the app's secret and a bucket, and an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    with LarkEmulator(tenant="sample") as emulator:
        secret = {"lark_app_id": emulator.app_id, "lark_app_secret": emulator.app_secret}
        aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(secret))
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.athena.outcome(polls=1)
        basic = {
            "LARK_DOMAIN": emulator.url,
            "LARK_APP_ID": emulator.app_id,
            "LARK_APP_SECRET": emulator.app_secret,
            "LARKBASE_CACHE_DIR": str(tmp_path / "cache"),
        }
        yield Walk(emulator, aws, monkeypatch, capfd, basic)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_from_top_to_bottom(walk, page):
    """Every block does what the page says; nothing is left out but the sample's blank row."""
    found = blocks(page)
    assert len(found) == page.read_text("utf-8").count("\n```") / 2

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SourceSkipped)
        walk.run(found)

    told = {str(item.message) for item in caught}
    assert {text for text in told if "nothing is in it" not in text} == set()
    assert walk.invoked
    for lark in [value for value in walk.namespace.values() if isinstance(value, larkbase.Lark)]:
        lark.close()
