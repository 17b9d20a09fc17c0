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
import sys
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import hcl2
import pyarrow as pa
import pytest
import sqlglot
import typer
from botocore import xform_name
from botocore.session import get_session
from botocore.validate import validate_parameters
from samtranslator.yaml_helper import yaml_parse
from sqlglot import exp

import larkbase_sdk as larkbase
import larkbase_server.athena
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
PAGES = [
    DOCS / name
    for name in (
        *("flows.md", "choosing-a-flow.md", "migrating-flows.md"),
        *("deploying.md", "from-the-java-connector.md"),
    )
]
WRITTEN_URL = "http://127.0.0.1:8080"
NOT_RUN = [["emulator"], ["aws-emulator"], ["athena", "package"], ["athena", "validate"]]
"""Commands that wait for people, take long, or need a function in AWS; their options are read."""

ONLY_ATHENA = "Only Athena can run"
SECRET = "larkbase/lark-app"
BUCKET = "my-bucket"
CONNECTOR = "larkbase_server.athena.handler"
CRAWLER = "larkbase_server.crawler.handler"
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
        case "list" if shape.member.type_name == "structure":
            members = shape.member.members
            return [
                {name: as_value(members[name], [text]) for name, text in shorthand(word).items()}
                for word in words
            ]
        case "list":
            return json.loads(text) if text.startswith("[") else words
        case "integer" | "long":
            return int(text)
        case "boolean":
            return text == "true"
        case "blob":
            return text.encode()
    return Path(text.removeprefix("file://")).read_text() if text.startswith("file://") else text


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
class Function:
    """A Lambda function that a page has created."""

    handler: str
    environment: dict[str, str]


@dataclass
class Walk:
    """One page, its two emulators, and what its blocks have set up so far."""

    emulator: LarkEmulator
    aws: Any
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    basic: dict[str, str]
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    functions: dict[str, Function] = field(default_factory=dict)
    stacks: dict[str, set[str]] = field(default_factory=dict)
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
            listed = [part["Action"] for part in content["Statement"]]
            actions = {
                word for part in listed for word in ([part] if isinstance(part, str) else part)
            }
            assert actions in (crawler_actions(), connector_actions())
        else:
            environment = {"default_secret_manager_lark_app_key": SECRET}
            self.invoke(content, Function(CRAWLER, environment))

    def invoke(self, payload: Any, function: Function) -> None:
        """Hand a payload to a handler in a process with the function's environment."""
        settings, module = {
            CONNECTOR: (ConnectorSettings, larkbase_server.athena),
            CRAWLER: (CrawlerSettings, larkbase_server.crawler),
        }[function.handler]
        check_environment(function.environment, settings)
        before = {name: os.environ.get(name, "") for name in known_names(ConnectorSettings)}
        self.environment(function.environment)
        for name in ("LARK_APP_ID", "LARK_APP_SECRET"):
            self.monkeypatch.delenv(name)
        module._function.cache_clear()
        answer = module.handler(payload, None)
        module._function.cache_clear()
        self.environment({name: text for name, text in before.items() if text})
        if function.handler == CRAWLER:
            assert (answer["status"], answer["failures"]) == ("Success", [])
        else:
            assert answer["@type"] == payload["@type"].replace("Request", "Response")
        self.invoked += 1

    def console(self, block: Block, _: Block | None) -> None:
        text = block.text.replace("\\\n", " ")
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            program, *words = shlex.split(line, comments=True)
            getattr(self, f"run_{program}")(words, output)

    def run_larkbase(self, words: list[str], output: str) -> None:
        words = [word.replace(WRITTEN_URL, self.emulator.url) for word in words]
        for path in NOT_RUN:
            if words[: len(path)] == path:
                command = typer.main.get_command(app)
                for name in path:
                    command = command.commands[name]
                assert command.make_context(path[-1], words[len(path) :]).params
                return
        shown = Terminal()
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", shown)
            code = main(words)
        assert code == 0, self.capfd.readouterr().err
        if output:
            assert shown.shown().replace(self.emulator.url, WRITTEN_URL) == output

    def hcl(self, block: Block, _: Block | None) -> None:
        """A use of the Terraform module, which a command before has written."""
        ((_, module),) = hcl2.loads(block.text)["module"][0].items()
        given = {name: value for name, value in module.items() if not name.startswith("__")}
        source = Path(given.pop("source").strip('"'))
        declared = hcl2.loads((source / "variables.tf").read_text())["variable"]
        rows = {name.strip('"'): row for part in declared for name, row in part.items()}
        required = {name for name, row in rows.items() if "default" not in row}

        assert given.keys() - rows.keys() == set()
        assert required - given.keys() == set()
        check_environment(unquoted(given["connector_environment"]), ConnectorSettings)

    def run_terraform(self, words: list[str], output: str) -> None:
        assert (words, output) in [(["init"], ""), (["apply"], "")]

    def run_docker(self, words: list[str], output: str) -> None:
        """The program is not there; its folder and its recipe have tests of their own."""
        assert output == ""
        assert words[0] == "push" or (
            words[:2] == ["buildx", "build"] and words[-1] == "dist/image"
        )

    def run_sam(self, words: list[str], output: str) -> None:
        """Deploy a template that a command before has written."""
        assert (words[0], output) == ("deploy", "")
        template = yaml_parse(Path(words[words.index("--template-file") + 1]).read_text())
        overrides = words[words.index("--parameter-overrides") + 1 :]
        check_parameters(template, dict(word.split("=", 1) for word in overrides))

    def run_aws(self, words: list[str], output: str) -> None:
        assert output == ""
        if words[1] == "wait":
            waiters = get_session().get_waiter_model(words[0]).waiter_names
            assert words[2] in [xform_name(name, "-") for name in waiters]
            return
        command = AwsCommand.parse(words[:-1] if words[-1] == "response.json" else words)
        then = getattr(self, f"aws_{xform_name(command.operation)}", None)
        if then is not None:
            then(command.parameters)

    def aws_create_secret(self, parameters: dict[str, Any]) -> None:
        self.aws.client("secretsmanager").put_secret_value(
            SecretId=parameters["Name"], SecretString=parameters["SecretString"]
        )

    def aws_put_object(self, parameters: dict[str, Any]) -> None:
        """Put an empty package there, as the real one is not built."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("empty.txt", "")
        self.aws.client("s3").put_object(**parameters | {"Body": content.getvalue()})

    def aws_create_stack(self, parameters: dict[str, Any]) -> None:
        given = {row["ParameterKey"]: row["ParameterValue"] for row in parameters["Parameters"]}
        check_parameters(yaml_parse(parameters["TemplateBody"]), given)
        self.stacks[parameters["StackName"]] = set(given)
        with warnings.catch_warnings():
            # The emulator leaves AWS::Athena::DataCatalog out, and says so.
            warnings.simplefilter("ignore", UserWarning)
            self.aws.client("cloudformation").create_stack(**parameters)
        for row in self.aws.client("lambda").list_functions()["Functions"]:
            # AWS makes texts of parameters that are numbers; the emulator does not.
            environment = {
                name: str(text)
                for name, text in row["Environment"]["Variables"].items()
                if name != "LARK_DOMAIN"  # Here Lark is an emulator.
            }
            self.functions[row["FunctionName"]] = Function(row["Handler"], environment)
        self.environment(self.functions[f"{parameters['StackName']}-connector"].environment)

    def aws_create_function(self, parameters: dict[str, Any]) -> None:
        if parameters.get("PackageType") == "Image":
            (handler,) = parameters.get("ImageConfig", {}).get("Command", [CONNECTOR])
        else:
            handler = parameters["Handler"]
            check_runtime(parameters["Runtime"])
        check_handler(handler)
        environment = parameters["Environment"]["Variables"]
        self.functions[parameters["FunctionName"]] = Function(handler, environment)

    def aws_update_function_configuration(self, parameters: dict[str, Any]) -> None:
        function = self.functions[parameters["FunctionName"]]
        if "Environment" in parameters:
            function.environment = parameters["Environment"]["Variables"]
        if "Handler" in parameters:
            check_handler(parameters["Handler"])
            check_runtime(parameters["Runtime"])

    def aws_invoke(self, parameters: dict[str, Any]) -> None:
        self.invoke(json.loads(parameters["Payload"]), self.functions[parameters["FunctionName"]])

    def aws_update_stack(self, parameters: dict[str, Any]) -> None:
        """A parameter that is not named would fall back to its default."""
        named = {row["ParameterKey"] for row in parameters["Parameters"]}
        assert named == self.stacks[parameters["StackName"]]

    def aws_start_query_execution(self, parameters: dict[str, Any]) -> None:
        assert isinstance(
            sqlglot.parse_one(parameters["QueryString"], dialect="athena"), exp.Select
        )

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


def connector_actions() -> set[str]:
    """Return what the connector's role must be allowed, without a metadata table in Athena."""
    return {
        *("athena:GetQueryExecution", "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable"),
        *("glue:GetTables", "s3:PutObject", "secretsmanager:GetSecretValue"),
    }


def check_handler(handler: str) -> None:
    module, _, function = handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def check_runtime(runtime: str) -> None:
    assert runtime in get_session().get_service_model("lambda").shape_for("Runtime").enum


def check_parameters(template: dict[str, Any], given: Mapping[str, str]) -> None:
    """A stack's parameters exist, each that must be given is, and none is refused."""
    declared = template["Parameters"]
    assert given.keys() - declared.keys() == set()
    assert {name for name, row in declared.items() if "Default" not in row} - given.keys() == set()
    for name, text in given.items():
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), text), name
        assert text in declared[name].get("AllowedValues", [text]), name


def unquoted(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts without the quotes that the parser of Terraform leaves on them."""
    return {name.strip('"'): text.strip('"') for name, text in texts.items() if "__" not in name}


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
    assert walk.invoked or "lambda invoke" not in page.read_text("utf-8")
    for lark in [value for value in walk.namespace.values() if isinstance(value, larkbase.Lark)]:
        lark.close()
