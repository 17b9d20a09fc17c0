"""The documentation tells the truth: its code runs, its commands work, its tables are current."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import larkbase_sdk
from larkbase_sdk.cli import main
from larkbase_sdk.cli.app import app
from larkbase_sdk.testing import LarkEmulator

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WALKED = {
    *("flows.md", "choosing-a-flow.md", "migrating-flows.md"),
    *("deploying.md", "from-the-java-connector.md"),
}
"""Pages whose blocks build on each other; test_flow_docs runs every one of them, in their order."""
TEXTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "tests/contract/README.md"]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_WAIT_FOR_PEOPLE = {"aws-emulator", "emulator", "login"}


@dataclass(frozen=True)
class Block:
    """A block of code in a page, with the line on which it begins."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            found.append(Block(page.name, line, match[1], match[2]))
    return [block for block in found if block.language in languages]


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def no_tenant(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets every connection of a page lead to the sample data, and closes it at the end."""
    opened = []
    demo = larkbase_sdk.demo

    def sample(*_: Any, **__: Any) -> Any:
        opened.append(demo())
        return opened[-1]

    monkeypatch.setattr(larkbase_sdk, "connect", sample)
    monkeypatch.setattr(larkbase_sdk, "demo", sample)
    yield
    for lark in opened:
        lark.close()


def report(lark: Any) -> SimpleNamespace:
    """What a reader's own code may look like: the pages test it without showing it."""
    return SimpleNamespace(total=sum(lark.table("CRM.Orders").to_arrow()["Amount"].to_pylist()))


def run(block: Block, namespace: dict[str, Any]) -> None:
    if block.language == "pycon":
        check_console(block, namespace)
        return
    if block.language == "ipython":
        run_cells(block, namespace)
        return
    tree = ast.parse("\n" * (block.line - 1) + block.text)
    exec(compile(tree, block.page, "exec"), namespace)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            run_test(namespace[node.name])


def run_test(function: Any) -> None:
    """Call a test function of a page with the fixtures of larkbase that it names."""
    with LarkEmulator() as emulator, emulator.connect() as lark:
        fixtures = {"lark_emulator": emulator, "lark": lark}
        function(**{name: fixtures[name] for name in inspect.signature(function).parameters})


def run_cells(block: Block, namespace: dict[str, Any]) -> None:
    """Run the cells of a notebook, which blank lines part."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config, user_ns=namespace)
    for cell in block.text.split("\n\n"):
        shell.run_cell(cell).raise_error()


def check_console(block: Block, namespace: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(
        block.text, namespace, str(block), block.page, block.line - 1
    )
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
        test, out=told.append, clear_globs=False
    )
    # The blocks that follow see what this one made.
    namespace.update(test.globs)
    if told:
        pytest.fail("".join(told), pytrace=False)


@pytest.mark.usefixtures("no_tenant")
@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in WALKED], ids=names)
def test_every_python_block_runs(page, tmp_path, monkeypatch):
    """From top to bottom, and what a console shows is what comes out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path / "cache"))
    namespace: dict[str, Any] = {"__name__": "page", "report": report}
    for block in blocks("python", "pycon", "ipython"):
        if block.page == page.name:
            run(block, namespace)


def lines_of(block: Block) -> list[list[str]]:
    """Return the command lines of a console block."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]


def commands() -> list[tuple[str, list[str]]]:
    """Return the command lines of console blocks, each with its place."""
    return [(str(block), words) for block in blocks("console") for words in lines_of(block)]


SESSIONS = [
    block
    for block in blocks("console")
    if block.page not in WALKED and any(words[0] == "larkbase" for words in lines_of(block))
]


@pytest.fixture
def sample_tenant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment of somebody who works with the sample tenant, in an empty folder."""
    with LarkEmulator(tenant="sample") as emulator:
        for name, value in {
            "LARK_DOMAIN": emulator.url,
            "LARK_APP_ID": emulator.app_id,
            "LARK_APP_SECRET": emulator.app_secret,
            "LARKBASE_CACHE_DIR": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield


@pytest.mark.usefixtures("sample_tenant")
@pytest.mark.parametrize("block", SESSIONS, ids=str)
def test_every_larkbase_command_works(block, capfd):
    """Those of a block follow each other in one folder, and each ends with code 0."""
    for words in [words[1:] for words in lines_of(block) if words[0] == "larkbase"]:
        if words[0] in _WAIT_FOR_PEOPLE:
            # One that waits for a person has at least the options that it is given.
            command = typer.main.get_command(app).commands[words[0]]
            assert command.make_context(words[0], words[1:]).params
        else:
            assert main(words) == 0, (words, capfd.readouterr().err)


def test_every_make_target_exists():
    """In console blocks, and wherever a page writes `make …`."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = {words[1] for _, words in commands() if words[0] == "make"}
    asked |= {
        name for path in TEXTS for name in re.findall(r"`make ([a-z-]+)`", path.read_text("utf-8"))
    }

    assert asked - targets == set()


def test_console_blocks_hold_only_commands_that_are_checked():
    """A command of another program would go stale unseen."""
    programs = {(place.partition(":")[0] in WALKED, words[0]) for place, words in commands()}

    assert {name for walked, name in programs if not walked} <= {"larkbase", "make"}
    assert {name for walked, name in programs if walked} <= {
        *("larkbase", "aws", "sam", "terraform", "docker")
    }


def test_every_relative_link_leads_to_a_file():
    """Pages point at each other and at files of the project."""
    broken = [
        (names(path), target)
        for path in TEXTS
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]

    assert broken == []


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_anchor_leads_to_a_heading():
    """Within a page and from one page to another."""
    broken = [
        (names(path), f"{target}#{anchor}")
        for path in TEXTS
        for target, anchor in re.findall(
            r"\]\((?!https?:)([^)#]*)#([^)]+)\)", path.read_text("utf-8")
        )
        if anchor not in anchors(path.parent / target if target else path)
    ]

    assert broken == []


def test_the_site_builds_without_a_warning(tmp_path):
    """Every page is in the navigation, every link and every reference leads somewhere."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "api" / "index.html").read_text("utf-8")
    assert "larkbase_sdk.client.connect" in page


@pytest.fixture(scope="module")
def generate() -> Any:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current(generate):
    """`make docs-pages` would change nothing."""
    texts = {page: page.read_text("utf-8") for page in generate.pages()}
    stale = [page.name for page, text in texts.items() if generate.rendered(text) != text]

    assert [page.name for page in texts] == [
        "choosing-a-flow.md",
        "cli.md",
        "errors.md",
        "flows.md",
        "semantics.md",
        "settings.md",
        "testing.md",
    ]
    assert stale == [], "run make docs-pages"


def test_every_proof_of_reliability_is_a_test():
    """The page names files, and functions in them."""
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    missing = [
        f"{path}::{function}"
        for path, function in named
        if not (ROOT / path).is_file()
        or (function and f"def {function}(" not in (ROOT / path).read_text("utf-8"))
    ]

    assert len(named) > 20
    assert missing == []
