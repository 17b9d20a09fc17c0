"""Files are listed lazily and downloaded safely: complete, once, under names that cannot harm."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from larkbase_sdk.attachments import Attachment, file_name
from larkbase_sdk.errors import ConfigurationError, QueryError, SourceSkipped, UnsupportedField
from larkbase_sdk.options import Options

FRONT, BACK = b"front" * 50_000, b"back"


@pytest.fixture
def products(lark_emulator):
    return lark_emulator.database("CRM").table(
        "Products",
        fields=["SKU", ("Photo", "Attachment"), ("Manual", "Attachment")],
        rows=[
            {"SKU": "P-1", "Photo": [("view.png", FRONT), ("view.png", BACK)]},
            {"SKU": "P-2"},
            {"SKU": "P-3", "Photo": [("plan.pdf", b"plan")]},
        ],
    )


@pytest.fixture
def lark(lark_emulator):
    with lark_emulator.connect(options=Options(retries=0)) as client:
        yield client


@pytest.fixture
def photos(lark, products):
    return lark.table("CRM.Products").attachments("Photo")


def contents(folder):
    """Return the bytes of every file in a folder, sorted."""
    return sorted(path.read_bytes() for path in Path(folder).iterdir())


class TestListing:
    """The list of files is read once, when it is needed."""

    def test_nothing_is_read_until_it_is_asked_for(self, photos, lark_emulator):
        """Making and displaying it costs no record call; the second use costs nothing."""
        before = lark_emulator.calls.count("search")
        assert repr(photos) == "<Attachments CRM.Products.Photo: not read yet>"
        assert lark_emulator.calls.count("search") == before == 0

        assert len(photos) == 3
        photos.to_pandas()

        assert lark_emulator.calls.count("search") == 1

    def test_it_is_a_table_of_files(self, photos, products):
        """One row a file, in the order of the rows and cells."""
        first, _, third = (record["record_id"] for record in products.records)

        assert photos.to_pandas().to_dict("list") == {
            "record_id": [first, first, third],
            "name": ["view.png", "view.png", "plan.pdf"],
            "size": [len(FRONT), len(BACK), 4],
            "type": ["image/png", "image/png", "application/pdf"],
        }
        assert all(isinstance(item, Attachment) for item in photos)

    def test_conditions_narrow_it(self, lark, products):
        """The arguments of a scan are those of the list."""
        found = lark.table("CRM.Products").attachments("Photo", where="sku = 'P-3'")

        assert [item.name for item in found] == ["plan.pdf"]

    def test_a_column_without_files_keeps_its_columns(self, lark, products):
        """An empty list is a table all the same."""
        frame = lark.table("CRM.Products").attachments("Manual").to_pandas()

        assert (len(frame), list(frame)) == (0, ["record_id", "name", "size", "type"])

    def test_a_column_of_another_type_is_refused(self, lark, products):
        """The hint names the columns that hold files."""
        with pytest.raises(UnsupportedField) as caught:
            lark.table("CRM.Products").attachments("SKU")

        assert caught.value.hint == "Columns with files: Photo, Manual."

    def test_an_unknown_column_is_refused(self, lark, products):
        """A near name is offered."""
        with pytest.raises(QueryError, match="no column 'Foto'"):
            lark.table("CRM.Products").attachments("Foto")

    def test_a_lookup_of_files_works_too(self, lark, lark_emulator, products):
        """Files seen through a link are files."""
        rows = [record["record_id"] for record in products.records]
        orders = lark_emulator.database("CRM").table(
            "Orders", fields=["No", ("Product", "SingleLink", {"table": products})]
        )
        lookup = {"table": products, "field": "Photo", "link": "Product"}
        orders.add_field("Photos", "Lookup", lookup)
        cell = [products.records[2]["fields"]["Photo"][0]]
        orders.insert([{"No": "1", "Product": [rows[2]], "Photos": cell}])

        found = lark.table("CRM.Orders").attachments("Photos")

        assert [(item.name, item.size) for item in found] == [("plan.pdf", 4)]

    def test_the_display_shows_what_was_read(self, photos):
        """After reading, the files are in the text."""
        len(photos)

        shown = repr(photos)
        assert shown.startswith(f"Attachments CRM.Products.Photo: 3 files, {len(FRONT) + 8} bytes")
        assert "plan.pdf" in shown


class TestDownload:
    """Files arrive whole, each under its own name."""

    def test_two_files_of_one_name_do_not_overwrite_each_other(self, photos, tmp_path):
        """Path, bytes and digest of each are told."""
        result = photos.download(tmp_path / "photos")

        assert contents(tmp_path / "photos") == sorted([FRONT, BACK, b"plan"])
        assert list(result["status"]) == ["downloaded"] * 3
        for path, size, digest in zip(
            result["path"], result["bytes"], result["sha256"], strict=True
        ):
            content = Path(path).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)

    def test_what_is_there_is_kept(self, photos, lark_emulator, tmp_path):
        """A second run makes no download; a file of another size is fetched again."""
        first = photos.download(tmp_path)
        Path(first["path"][0]).write_bytes(b"half")
        before = lark_emulator.calls.count("media")

        second = photos.download(tmp_path)

        assert list(second["status"]) == ["downloaded", "kept", "kept"]
        assert lark_emulator.calls.count("media") == before + 1
        assert list(second["sha256"]) == list(first["sha256"])

    def test_a_file_in_several_cells_is_fetched_once(self, lark, lark_emulator, tmp_path):
        """Each cell has its row, all with the one path."""
        lark_emulator.database("CRM").table(
            "Twice",
            fields=["No", ("File", "Attachment")],
            rows=[{"No": str(i), "File": [("same.txt", b"same")]} for i in range(3)],
        )

        result = lark.table("CRM.Twice").attachments("File").download(tmp_path)

        assert (len(result), result["path"].nunique()) == (3, 1)
        assert lark_emulator.calls.count("media") == 1

    def test_one_failure_does_not_lose_the_others(self, photos, lark_emulator, tmp_path):
        """Its status says why, a warning says that there is one."""
        lark_emulator.fail(1254303, endpoint="media")

        with pytest.warns(SourceSkipped, match="1 of 3 files could not be downloaded"):
            result = photos.download(tmp_path, workers=1)

        assert result["status"][0].startswith("failed: The app cli_dem… may not read this attach")
        assert result["path"].isna().tolist() == [True, False, False]
        assert list(result["status"][1:]) == ["downloaded", "downloaded"]
        assert contents(tmp_path) == sorted([BACK, b"plan"])

    def test_a_file_that_breaks_off_leaves_nothing(self, photos, lark_emulator, tmp_path):
        """Half a file is no file; the next run fetches it."""
        lark_emulator.fail(truncate=True, endpoint="media")

        with pytest.warns(SourceSkipped):
            result = photos.download(tmp_path, workers=1)

        assert result["status"][0].startswith("failed: ")
        assert contents(tmp_path) == sorted([BACK, b"plan"])
        assert list(photos.download(tmp_path)["status"]) == ["downloaded", "kept", "kept"]

    def test_a_file_of_another_length_than_told_fails(self, photos, lark_emulator, tmp_path):
        """What came is not what the cell promised."""
        lark_emulator.fail(
            body=b"short", content_type="image/png", endpoint="media",
            headers={"Content-Disposition": "attachment"}, status=200,
        )  # fmt: skip

        with pytest.warns(SourceSkipped):
            result = photos.download(tmp_path, workers=1)

        assert result["status"][0] == f"failed: 5 bytes came instead of {len(FRONT)}."

    def test_the_extra_of_advanced_permissions_is_sent(
        self, lark, lark_emulator, products, tmp_path
    ):
        """Such bases refuse a file without the parameter that the cell's url holds."""
        products.base.access = "manage"

        lark.table("CRM.Products").attachments("Photo").download(tmp_path)

        sent = [call.query.get("extra", "") for call in lark_emulator.calls.named("media")]
        assert len(sent) == 3
        assert all(products.table_id in extra for extra in sent)

    def test_an_interrupt_leaves_no_half_file(self, lark_emulator, products, tmp_path):
        """What is there is whole; nothing unfinished is left behind."""

        def interrupt(call):
            if call["endpoint"] == "media":
                raise KeyboardInterrupt

        with lark_emulator.connect(options=Options(on_call=interrupt)) as client:
            photos = client.table("CRM.Products").attachments("Photo")
            with pytest.raises(KeyboardInterrupt):
                photos.download(tmp_path, workers=2)

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("workers", [0, -1])
    def test_the_number_of_workers_is_checked(self, photos, workers, tmp_path):
        """At least one file at a time."""
        with pytest.raises(ConfigurationError, match="workers"):
            photos.download(tmp_path, workers=workers)

    def test_a_hostile_name_stays_in_the_folder(self, lark, lark_emulator, tmp_path):
        """A name is data of the service, never a path."""
        names = ["../../evil.sh", "/etc/passwd", "..", "a/b\\c:d.txt", "nul\x00\n.txt"]
        lark_emulator.database("CRM").table(
            "Hostile",
            fields=["No", ("File", "Attachment")],
            rows=[{"No": name, "File": [(name, name.encode())]} for name in names],
        )
        folder = tmp_path / "inside"

        result = lark.table("CRM.Hostile").attachments("File").download(folder)

        assert list(result["status"]) == ["downloaded"] * len(names)
        assert len(list(folder.iterdir())) == len(names)
        assert [path.name for path in tmp_path.iterdir()] == ["inside"]


class TestFileNames:
    """A name on disk is made of the name in Lark and the file's id."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Contract 2025.pdf", "Contract 2025-tok1.pdf"),
            ("合同（终稿）.docx", "合同（终稿）-tok1.docx"),
            ("archive.tar.gz", "archive.tar-tok1.gz"),
            ("no suffix", "no suffix-tok1"),
            ("", "file-tok1"),
            (".bashrc", "bashrc-tok1"),
            ("...", "file-tok1"),
            ("../../etc/passwd", "_.._etc_passwd-tok1"),
            ("CON", "CON-tok1"),
            ("nul.tar.gz", "_nul.tar-tok1.gz"),
            ("COM1 .a.b", "_COM1 .a-tok1.b"),
            ("console.a.b", "console.a-tok1.b"),
            ('a<b>c:d"e|f?g*h.txt', "a_b_c_d_e_f_g_h-tok1.txt"),
            ("invoice\u202efdp.exe", "invoice_fdp-tok1.exe"),
            ("tab\tand\nline.txt", "tab_and_line-tok1.txt"),
            ("half \ud83d.txt", "half _-tok1.txt"),
            ("ends with dots. . .", "ends with dots-tok1"),
            ("e\u0301.txt", "é-tok1.txt"),
        ],
    )
    def test_odd_characters_are_replaced(self, name, expected):
        """The beginning and the suffix stay readable."""
        assert file_name(name, "tok1") == expected

    @pytest.mark.parametrize(
        "name", ["x" * 5000 + ".pdf", "客" * 3000, "a." + "b" * 4000, "💾" * 999]
    )
    def test_the_length_is_bounded(self, name):
        """The name fits every file system, with the ending of an unfinished file too."""
        assert len(os.fsencode(f".{file_name(name, 'x' * 64)}.1234567.part")) <= 255

    @pytest.mark.parametrize("token", ["../../x", "x" * 500, "a/b", "", "ключ"])
    def test_an_odd_token_becomes_its_digest(self, token):
        """Even the id is data of the service."""
        name = file_name("a.txt", token)

        assert Path(name).name == name
        assert name == f"a-{hashlib.sha256(token.encode()).hexdigest()}.txt"
