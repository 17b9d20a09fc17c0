"""A package that Lambda could not run is found out before it is uploaded."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import PurePosixPath

import pytest
from elftools.elf.elffile import ELFFile

from larkbase_server.deploy.check import problems
from larkbase_server.deploy.contents import CONNECTOR, CRAWLER
from larkbase_server.deploy.elf import NotElf, read_elf
from larkbase_server.deploy.targets import TARGETS

X86, ARM = TARGETS["x86_64"], TARGETS["arm64"]
SUFFIX = ".cpython-312-x86_64-linux-gnu.so"
ORJSON = f"orjson/orjson{SUFFIX}"
LIB = f"pyarrow/lib{SUFFIX}"


@pytest.fixture(scope="module")
def compiled(packages):
    """Every compiled file of the connector for x86_64."""
    with zipfile.ZipFile(packages["connector", "x86_64"].path) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if ".so" in PurePosixPath(name).suffixes
        }


@pytest.fixture
def files(compiled):
    """The smallest package of the connector that can run, as far as the check goes."""
    stand_in = compiled[ORJSON]
    modules = (
        *("larkbase_sdk", "larkbase_server/athena", "orjson", "pyarrow", "requests"),
        "larkbase_server/crawler",
    )
    return {
        **{f"{module}/__init__.py": b"" for module in modules},
        "larkbase_server/settings.py": b"",
        "tzdata/zoneinfo/tzdata.zi": b"",
        **dict.fromkeys((ORJSON, LIB, f"pyarrow/_compute{SUFFIX}"), stand_in),
        f"pyarrow/_json{SUFFIX}": stand_in,
    }


@pytest.fixture
def found(tmp_path):
    """Zip files and return what is wrong with them."""

    def look(files, function=CONNECTOR, target=X86):
        with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content, zipfile.ZIP_DEFLATED, compresslevel=1)
        return problems(tmp_path / "package.zip", function, target)

    return look


def test_a_package_with_everything_passes(files, found):
    """For both functions."""
    assert found(files) == []
    assert found(files, CRAWLER) == []


@pytest.mark.parametrize(
    "name",
    ["larkbase_server/athena/__init__.py", "requests/__init__.py", "larkbase_sdk/__init__.py"],
)
def test_a_missing_file_is_named(files, found, name):
    """The handler's module, or one that it imports."""
    del files[name]

    assert found(files) == [f"{name} is missing."]


def test_a_missing_compiled_module_is_named(files, found):
    """As when a wheel was built for a Python without it."""
    files["orjson/orjson.py"] = files.pop(ORJSON)

    assert found(files) == ["orjson/orjson is not there in compiled form."]


def test_what_lambda_should_not_load_is_named(files, found):
    """numpy doubles the time that pyarrow takes to load."""
    files["numpy/__init__.py"] = b""
    files["boto3/session.py"] = b""

    assert found(files) == ["boto3 must not be in it.", "numpy must not be in it."]


def test_a_file_for_the_other_processor_is_named(files, found):
    """It would fail at the first invocation."""
    assert found(files, target=ARM) == [
        f"{name} is not for arm64." for name in sorted(compiled_of(files))
    ]


def compiled_of(files):
    return [name for name in files if name.endswith(".so")]


def test_a_library_that_is_nowhere_is_named(files, found, compiled):
    """Those beside it count, and those of Lambda's system."""
    files[LIB] = compiled[LIB]
    for name, content in compiled.items():
        if name.startswith(("pyarrow/libarrow.", "pyarrow/libparquet.")):
            files[name] = content
    missing = {"libarrow_python", "libarrow_substrait", "libarrow_dataset", "libarrow_acero"}

    texts = found(files)

    named = {text.split(" needs ")[1].split(".so")[0] for text in texts}
    assert named == {*missing, "libarrow_compute"}
    assert all(text.endswith(", which is nowhere.") for text in texts)


def test_a_file_that_is_not_compiled_is_named(files, found):
    """As a text in the place of a library."""
    files[LIB] = b"a pointer to a large file"

    assert found(files) == [f"{LIB} is not a readable ELF file: it does not begin as one."]


def moved_segment(content: bytes) -> bytes:
    """Return a file whose second segment to be loaded is one byte off, as a bad strip leaves it."""
    elf = ELFFile(io.BytesIO(content))
    loads = [i for i, part in enumerate(elf.iter_segments()) if part["p_type"] == "PT_LOAD"]
    place = elf["e_phoff"] + loads[1] * elf["e_phentsize"] + 8
    (offset,) = struct.unpack_from("<Q", content, place)
    return content[:place] + struct.pack("<Q", offset + 1) + content[place + 8 :]


def test_a_file_that_cannot_be_mapped_is_named(files, found):
    """Stripping with the wrong tool leaves such files."""
    files[LIB] = moved_segment(files[LIB])

    assert found(files) == [f"{LIB} cannot be loaded: its segments are not aligned."]


def test_a_package_above_lambdas_limit_is_refused(files, found):
    """250 MiB unpacked."""
    room = 262_144_000 - sum(map(len, files.values()))

    assert found({**files, "sqlglot/large": bytes(room)}) == []
    assert found({**files, "sqlglot/large": bytes(room + 1)}) == [
        "It unpacks to 262 MB, more than Lambda takes."
    ]


def test_compiled_files_are_read_as_another_reader_does(compiled):
    """Machine, needed libraries, own name and search path of every file in the package."""
    for name, content in compiled.items():
        elf = ELFFile(io.BytesIO(content))
        tags = list(elf.get_section_by_name(".dynamic").iter_tags())
        mine = read_elf(content)

        assert mine.machine == X86.elf_machine == 62, name
        assert list(mine.needed) == [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
        assert mine.soname == "".join(tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME")
        paths = [tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"]
        assert list(mine.search) == [part for path in paths for part in path.split(":")]
        assert mine.aligned


@pytest.mark.parametrize("length", [0, 3, 40, 64, 100, 400])
def test_a_cut_off_file_is_refused(compiled, length):
    """Never read as one that needs nothing."""
    with pytest.raises(NotElf):
        read_elf(compiled[ORJSON][:length])
