"""Packages hold what the functions need, nothing else, and only what Lambda can load."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from elftools.elf.elffile import ELFFile

from larkbase_sdk.cli import main
from larkbase_server.deploy.archive import write_zip
from larkbase_server.deploy.targets import find_python
from larkbase_server.deploy.wheels import pinned

FUNCTIONS = ("connector", "crawler")
ARCHITECTURES = ("x86_64", "arm64")
EVERY = [(function, architecture) for function in FUNCTIONS for architecture in ARCHITECTURES]

LAMBDA_HAS = {
    *("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"),
    *("libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
}


@pytest.fixture
def package(packages, request):
    return packages[request.param]


every_package = pytest.mark.parametrize("package", EVERY, indirect=True, ids="-".join)


def compiled(path: Path) -> dict[str, ELFFile]:
    with zipfile.ZipFile(path) as archive:
        return {
            name: ELFFile(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
            if ".so" in PurePosixPath(name).suffixes
        }


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@every_package
def test_a_package_is_small_enough_to_be_uploaded_without_a_bucket(package):
    """50 MB zipped and 130 MB unpacked, and the command says what it really is."""
    with zipfile.ZipFile(package.path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        files = len(archive.infolist())
    zipped = package.path.stat().st_size

    assert zipped < 50e6
    assert unpacked < 130e6
    said = package.row
    assert (said["zipped_mb"], said["unpacked_mb"], said["files"]) == (
        round(zipped / 1e6, 1),
        round(unpacked / 1e6, 1),
        files,
    )


@pytest.mark.parametrize(
    ("function", "architecture", "machine"),
    [
        *((function, "x86_64", "EM_X86_64") for function in FUNCTIONS),
        *((function, "arm64", "EM_AARCH64") for function in FUNCTIONS),
    ],
)
def test_compiled_files_are_for_its_processor_and_find_their_libraries(
    packages, function, architecture, machine
):
    """Read with another reader than the builder's own."""
    found = compiled(packages[function, architecture].path)
    present = {PurePosixPath(name).name for name in found}
    needed = {
        tag.needed
        for elf in found.values()
        for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
    }

    assert {elf["e_machine"] for elf in found.values()} == {machine}
    assert needed - present - LAMBDA_HAS == set()
    assert {name.split(".")[0] for name in found if name.startswith("pyarrow/_")} == {
        "pyarrow/_acero",
        "pyarrow/_compute",
        "pyarrow/_json",
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_architectures_hold_the_same_files(packages, function):
    """But for the processor's name in the names of compiled modules."""
    machines = ("x86_64", "aarch64")
    sets = [
        {name.replace(machine, "machine") for name in names(packages[function, architecture].path)}
        for machine, architecture in zip(machines, ARCHITECTURES, strict=True)
    ]

    assert sets[0] == sets[1]


def test_each_function_has_what_it_imports_and_no_more(packages):
    """The distributions and the rooms of larkbase, by name."""

    def top(function: str) -> set[str]:
        return {name.split("/")[0] for name in names(packages[function, "arm64"].path)}

    def rooms(function: str) -> set[str]:
        return {
            name.split("/")[1].removesuffix(".py")
            for name in names(packages[function, "arm64"].path)
            if name.startswith("larkbase_server/") and name.endswith(".py")
        }

    modules = {name for name in top("crawler") if "." not in name}
    assert modules == {
        *("certifi", "charset_normalizer", "idna", "larkbase_sdk", "larkbase_server", "orjson"),
        *("pyarrow", "requests", "tzdata", "urllib3"),
    }
    extra = {name.split(".")[0].split("-")[0] for name in top("connector") - top("crawler")}
    assert extra == {"_cffi_backend", "cffi", "cryptography", "sqlglot"}
    assert rooms("connector") - rooms("crawler") == {"athena"}
    assert rooms("crawler") - rooms("connector") == {"crawler"}
    assert (rooms("crawler") | rooms("connector")) & {"local", "deploy"} == set()


def imported(tree: ast.Module, package: str) -> set[str]:
    """Return the modules of larkbase that a module imports when it runs."""
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.body
        for inner in ast.walk(part)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{item.name}" for item in node.names)}
        elif isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
    return {name for name in found if name.split(".")[0] == package}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_module_of_larkbase_that_is_imported_is_there(packages, function):
    """Also inside functions, where a missing one would show late."""
    with zipfile.ZipFile(packages[function, "x86_64"].path) as archive:
        sources = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("larkbase_") and name.endswith(".py")
        }
    # It lists the doors of the library, none of which a function goes through.
    del sources["larkbase_sdk/__init__.py"]
    known = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources
    } | {"larkbase_sdk"}
    missing = {
        (name, module)
        for name, source in sources.items()
        for package in ("larkbase_sdk", "larkbase_server")
        for module in imported(ast.parse(source), package)
        if is_module(module) and module not in known
    }

    assert missing == set()


def is_module(name: str) -> bool:
    """Tell a module from a name in one."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@every_package
def test_nothing_heavy_gets_in(package):
    """Neither what Lambda has anyway nor what no function uses."""
    top = {name.split("/")[0] for name in names(package.path)}

    assert top & {"boto3", "botocore", "numpy", "pandas", "duckdb", "pip", "cffi", "bin"} == set()
    assert [name for name in names(package.path) if "/tests/" in name] == []


@every_package
def test_licences_stay(package):
    """What is passed on carries the terms on which it may be."""
    kept = {name.split("-")[0] for name in names(package.path) if ".dist-info/" in name}
    with_terms = {
        name.split("-")[0]
        for name in names(package.path)
        if ".dist-info/" in name and "LICENSE" in name.upper()
    }

    assert kept - with_terms == set()


@every_package
def test_modules_are_there_compiled_when_there_is_a_python_to_do_it(package):
    """Lambda's folder is read-only, so that it would compile them at every cold start."""
    if find_python() is None:
        pytest.skip("no Python 3.12 on this machine")
    with zipfile.ZipFile(package.path) as archive:
        content = {name: archive.read(name)[4:8] for name in archive.namelist() if ".pyc" in name}
    sources = {name for name in names(package.path) if name.endswith(".py")}

    made = {
        str(PurePosixPath(name).parent.parent / f"{PurePosixPath(name).name.split('.')[0]}.py")
        for name in content
    }
    assert made == sources
    # By PEP 552: made from a hash of the source, which is not looked at again.
    assert set(content.values()) == {b"\x01\0\0\0"}


@every_package
def test_a_package_depends_on_its_files_only(package):
    """Not on when, where and by whom it was made."""
    with zipfile.ZipFile(package.path) as archive:
        entries = archive.infolist()

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644, 0o100755}
    assert {entry.extra for entry in entries} == {b""}


def test_the_same_files_give_the_same_bytes(tmp_path):
    """Whatever their order, dates and modes."""
    for name, mode in (("b.so", 0o600), ("a.py", 0o777)):
        (tmp_path / name).write_bytes(name.encode() * 1000)
        (tmp_path / name).chmod(mode)
    entries = [(PurePosixPath(name), tmp_path / name) for name in ("b.so", "a.py")]

    write_zip(tmp_path / "one.zip", entries)
    write_zip(tmp_path / "two.zip", entries[::-1])

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert names(tmp_path / "one.zip") == ["a.py", "b.so"]


class TestCommand:
    """``larkbase athena package`` says what is wrong and writes nothing then."""

    def test_without_pip_it_says_so(self, tmp_path, monkeypatch, capfd):
        """And the exit code is that of a wrong call."""
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        (tmp_path / "pip.py").write_text("raise SystemExit('no pip today')")

        code = main(["athena", "package", "--out", str(tmp_path / "out"), "--arch", "arm64"])

        assert code == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert "pip cannot install the packages for arm64: no pip today" in err
        assert list((tmp_path / "out").iterdir()) == []

    @pytest.mark.parametrize(
        ("settings", "hint"),
        [
            ({"PIP_NO_INDEX": "1"}, "where one has no wheel for Lambda's Python"),
            (
                {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "1"},
                "pip could not reach where packages come from",
            ),
        ],
    )
    def test_what_pip_does_not_find_is_named(self, tmp_path, monkeypatch, capfd, settings, hint):
        """With its version, and with the network where that is at fault."""
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

        code = main(["athena", "package", "--arch", "arm64", "--out", str(tmp_path / "dist")])
        err = capfd.readouterr().err

        assert code == 2
        assert "No matching distribution found for cryptography==" in err
        assert hint in " ".join(err.split())

    def test_stripping_needs_a_tool(self, tmp_path, monkeypatch, capfd):
        """It is looked for before anything is fetched."""
        monkeypatch.setenv("PATH", str(tmp_path))

        code = main(
            ["athena", "package", "--out", str(tmp_path / "out"), "--arch", "arm64", "--strip"]
        )

        assert code == 2
        assert "There is no tool that strips files for arm64" in capfd.readouterr().err


def test_rows_are_data(packages):
    """Each says which file, how large, and its checksum."""
    row = packages["connector", "arm64"].row

    assert json.loads(json.dumps(row)) == row
    assert sorted(row) == ["files", "package", "sha256", "unpacked_mb", "zipped_mb"]
    assert len(row["sha256"]) == 64


def test_of_two_copies_of_a_library_the_imported_one_counts(tmp_path, monkeypatch):
    """As where a person's own packages stand before those of the system."""
    folder = tmp_path / "orjson-0.0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: orjson\nVersion: 0.0.1\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert pinned()["orjson"] == "orjson==0.0.1"
