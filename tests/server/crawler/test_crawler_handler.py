"""The handler: every form of payload, its answer, its secrets, and what a query then reads."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import AuthenticationError, ConfigurationError, NotFound, PermissionDenied
from larkbase_sdk.options import Options
from larkbase_server.crawler import handler
from larkbase_server.crawler.request import CrawlRequest, parse_event
from larkbase_server.crawler.source import CrawlSource

TABLE = {"larkBaseDataSourceId": "bascn1", "larkTableDataSourceId": "tbl1"}
FOLDER = {"larkDriveFolderToken": "fldcn1"}
OF_TABLE = CrawlSource("LarkBase", "bascn1:tbl1")
OF_FOLDER = CrawlSource("LarkDrive", "fldcn1")


class TestPayload:
    """What the payload may look like."""

    @pytest.mark.parametrize(
        ("event", "source"),
        [
            ({"handlerType": "LARK_BASE", "payload": TABLE}, OF_TABLE),
            ({"handlerType": "LARK_DRIVE", "payload": FOLDER}, OF_FOLDER),
            ({"handler_type": "lark_base", **TABLE}, OF_TABLE),
            ({"handler_type": "lark_drive", **FOLDER}, OF_FOLDER),
            (TABLE, OF_TABLE),
            (FOLDER, OF_FOLDER),
            ({"payload": FOLDER}, OF_FOLDER),
            ({"handlerType": "Lark_Base", **TABLE}, OF_TABLE),
            ({"handler_type": "LARK_BASE", "payload": TABLE}, OF_TABLE),
            ({"handlerType": " lark_drive ", "payload": {**TABLE, **FOLDER}}, OF_FOLDER),
            ({"handlerType": None, "payload": TABLE}, OF_TABLE),
            ({"handlerType": "LARK_DRIVE", "handler_type": "lark_base", **FOLDER}, OF_FOLDER),
            ({"handler_type": "lark_base", "handlerType": "LARK_DRIVE", **FOLDER}, OF_FOLDER),
            ({"handlerType": "LARK_DRIVE", "payload": {"larkDriveFolderToken": " fldcn1\n"}},
             OF_FOLDER),
        ],
    )  # fmt: skip
    def test_every_form_names_the_same_source(self, event, source):
        """Canonical, flat, inner payload alone, and mixtures; further keys do not matter."""
        assert parse_event(event) == CrawlRequest(source)
        assert parse_event({**event, "unknown": {"x": 1}}) == CrawlRequest(source)

    @pytest.mark.parametrize("value", [True, "true", "TRUE", 1, "yes"])
    @pytest.mark.parametrize("key", ["dryRun", "dry_run", "DRYRUN"])
    def test_a_dry_run_may_be_asked_for_beside_and_inside_the_payload(self, key, value):
        """A misspelt dry run must not write, so its spellings are known."""
        wanted = CrawlRequest(OF_TABLE, dry_run=True)

        assert parse_event({**TABLE, key: value}) == wanted
        assert parse_event({"handlerType": "LARK_BASE", "payload": {**TABLE, key: value}}) == wanted

    def test_flags_are_off_unless_they_say_on(self):
        """Off, null and absent are the same."""
        assert parse_event({**FOLDER, "dryRun": False, "retype": None}) == CrawlRequest(OF_FOLDER)
        assert parse_event({**FOLDER, "retype": True}) == CrawlRequest(OF_FOLDER, retype=True)

    @pytest.mark.parametrize("value", ["LARK", "lark_sheet", "LARK BASE"])
    def test_an_unknown_handler_type_is_named(self, value):
        """The text is the one that older clients look for."""
        with pytest.raises(ConfigurationError) as caught:
            parse_event({"handlerType": value, "payload": TABLE})

        assert str(caught.value) == f"Invalid handler type: {value}"

    @pytest.mark.parametrize(
        ("event", "key"),
        [
            ({}, "handlerType"),
            ({"payload": {}}, "handlerType"),
            ({**TABLE, **FOLDER}, "handlerType"),
            ({"handlerType": "LARK_BASE"}, "larkBaseDataSourceId"),
            ({"handlerType": "LARK_BASE", "payload": FOLDER}, "larkBaseDataSourceId"),
            ({"larkBaseDataSourceId": "b"}, "larkTableDataSourceId"),
            ({**TABLE, "larkBaseDataSourceId": " "}, "larkBaseDataSourceId"),
            ({"handler_type": "lark_drive"}, "larkDriveFolderToken"),
        ],
    )
    def test_a_missing_key_is_named(self, event, key):
        """Nothing is called before the payload is complete."""
        with pytest.raises(ConfigurationError) as caught:
            parse_event(event)

        assert caught.value.message == f"The payload has no {key}."

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("larkBaseDataSourceId", "https://acme.larksuite.com/base/bascn1"),
            ("larkBaseDataSourceId", "bascn1:tbl1"),
            ("larkTableDataSourceId", ["tbl1"]),
            ("larkDriveFolderToken", "fldcn1/fldcn2"),
        ],
    )
    def test_what_is_no_id_is_named(self, key, value):
        """It would be asked for under another id, and not be known again in Glue's locations."""
        ids = {**(FOLDER if key in FOLDER else TABLE), key: value}
        with pytest.raises(ConfigurationError) as caught:
            parse_event(ids)

        said = f"The member {key} of the payload holds {str(value)!r}, which is no id of Lark."
        assert caught.value.message == said

    @pytest.mark.parametrize("event", [None, [], "LARK_BASE", 3])
    def test_a_payload_that_is_no_object_is_refused(self, event):
        """Lambda hands over whatever JSON it was given."""
        with pytest.raises(ConfigurationError, match="no JSON object"):
            parse_event(event)

    def test_a_flag_that_says_neither_on_nor_off_is_refused(self):
        """Whoever wanted a dry run must not get a real one."""
        with pytest.raises(ConfigurationError) as caught:
            parse_event({**TABLE, "dryRun": "maybe"})

        assert caught.value.message == "The member dryRun of the payload cannot be 'maybe'."


class TestEndToEnd:
    """From Lark through the handler into Glue and back to records."""

    def forms(self, world, source):
        canonical = world.payload(source)
        kind = canonical["handlerType"].lower()
        return [canonical, {"handler_type": kind, **canonical["payload"]}, canonical["payload"]]

    @pytest.mark.parametrize("form", [0, 1, 2])
    def test_a_base_crawl_lets_a_query_read_the_records(self, world, crm, form):
        """Each form of payload writes the same catalogue, which leads to the records."""
        result = world.invoke(self.forms(world, crm)[form])

        assert result["status"] == "Success"
        assert result["databases"]["created"] == 1
        assert result["tables"]["created"] == 2
        assert self.read(world, "crm", "orders") == [
            {"order_no": "A1", "amount": 1.5},
            {"order_no": "A2", "amount": 2.0},
            {"order_no": "A3", "amount": None},
        ]

    @pytest.mark.parametrize("form", [0, 1, 2])
    def test_a_drive_crawl_lets_a_query_read_the_records(self, world, crm, form):
        """A base in the folder and a base in a sub-folder, which stands for its tables."""
        folder = world.lark.drive.folder("Reports")
        folder.add(world.lark.database("CRM"))
        stock = world.lark.database("Stock")
        stock.table("Items", {"Item": ["Bolt"], "Left": [7]})
        folder.folder("Ware House").add(stock)

        result = world.invoke(self.forms(world, folder)[form])

        assert result["status"] == "Success"
        assert world.names() == {"crm": ["customers", "orders"], "ware_house": ["stock"]}
        assert self.read(world, "crm", "customers") == [
            {"name": "Ann", "vip": True},
            {"name": "Budi", "vip": False},
        ]
        assert self.read(world, "ware_house", "stock") == [{"item": "Bolt", "left": 7.0}]

    def read(self, world, database, name):
        """Read the plain columns of a table that the catalogue names."""
        from larkbase_sdk.read.pages import ReadContext
        from larkbase_sdk.read.plan import Part, Residual
        from larkbase_sdk.read.reader import read_part

        with world.lark.connect() as lark:
            options = Options(name_style="ascii")
            catalog = GlueCatalog(Metadata(lark.api.bitable, options), options, client=world.glue)
            table = catalog.table(database, name)
            schema = catalog.schema(table)
            plain = [item for item in schema.columns if not item.glue_type.startswith("struct")]
            part = Part(table.base_id, table.table_id, tuple(item.field_id for item in plain))
            context = ReadContext(lark.api.bitable, options, restricted=lambda: False)
            batches = read_part(context, part, schema, Residual())
            return [
                {item.name: row[item.name] for item in plain}
                for batch in batches
                for row in batch.to_pylist()
            ]


class TestAnswer:
    """What the caller gets."""

    def test_a_first_crawl_reports_what_it_made(self, world, crm):
        """The whole answer."""
        result = world.crawl(crm)

        assert result == {
            "status": "Success",
            "source": f"metadata table {crm.base.app_token}:{crm.table_id}",
            "dryRun": False,
            "databases": {"created": 1, "updated": 0, "deleted": 0, "kept": 0, "skipped": 0},
            "tables": {"created": 2, "updated": 0, "deleted": 0, "kept": 0, "skipped": 0},
            "failures": [],
            "notes": [],
            "changes": [
                {"result": "created", "database": "crm", "table": None, "reasons": ["new"]},
                {"result": "created", "database": "crm", "table": "customers",
                 "reasons": ["new, 2 columns"]},
                {"result": "created", "database": "crm", "table": "orders",
                 "reasons": ["new, 3 columns"]},
            ],
        }  # fmt: skip

    def test_a_dry_run_says_the_same_and_writes_nothing(self, world, crm):
        """The difference table by table, before anything happens."""
        tried = world.crawl(crm, dryRun=True)

        assert world.aws.calls.writes("glue") == []
        assert tried["dryRun"] is True
        done = world.crawl(crm)
        assert {**tried, "dryRun": False} == done

    def test_a_failure_of_one_base_is_partial_and_carries_code_hint_and_log_id(self, world, crm):
        """The other base is crawled; nobody has to look into logs."""
        closed = world.lark.database("Closed")
        closed.shared = False
        world.bases("Closed")

        result = world.crawl(crm)

        assert result["status"] == "Partial"
        assert result["tables"]["created"] == 2
        assert result["databases"]["skipped"] == 1
        [failure] = result["failures"]
        assert failure.startswith('database "closed": The app cli_dem… may not read base')
        assert "Lark 91403" in failure
        assert ", log " in failure
        assert "Add document app" in failure

    def test_nothing_but_failures_is_failed(self, world):
        """Still an answer, since the other bases of the next crawl may be open."""
        world.lark.database("Closed").shared = False

        assert world.crawl(world.bases("Closed"))["status"] == "Failed"

    def test_blank_and_incomplete_rows_are_told_and_no_failure(self, world, crm):
        """Lark adds ten blank rows to every new table."""
        world.source_table([], [{}, {}, {"name": "no id"}, {"id": "bascnX"}])

        result = world.crawl(crm)

        assert result["status"] == "Success"
        assert [note.split(": ")[-1] for note in result["notes"]] == [
            "id is empty.",
            "name is empty.",
            "nothing is in it.",
        ]
        assert world.names() == {"crm": ["customers", "orders"]}

    def test_a_warning_is_a_note(self, world, crm):
        """A field of a type that nobody knows yet becomes text, and the answer says so."""
        field = world.lark.database("CRM").table("Customers").field("Name")
        field.ui_type = "Hologram"

        result = world.crawl(crm)

        assert [note.partition(",")[0] for note in result["notes"]] == [
            "The field 'Name' has the type 'Hologram'"
        ]

    def test_failures_and_the_status_are_logged(self, world, crm, caplog):
        """A schedule has no one to read the answer."""
        world.lark.database("Closed").shared = False
        world.bases("Closed")
        with caplog.at_level(logging.INFO, logger="larkbase"):
            result = world.crawl(crm)

        texts = [record.getMessage() for record in caplog.records if "crawler" in record.name]
        assert texts == [f"Partial: {result['source']}", *result["failures"]]


class TestWholeCrawlStops:
    """Failures that make the invocation fail; Glue is as it was."""

    @pytest.fixture
    def filled(self, world, crm):
        world.crawl(crm)
        return world.snapshot()

    def test_a_metadata_table_that_is_gone(self, world, crm, filled):
        """Nothing may be concluded about its databases."""
        crm.base.remove_table(crm.table_id)

        with pytest.raises(NotFound) as caught:
            world.crawl(crm)

        assert caught.value.code == 1254041
        assert world.snapshot() == filled

    def test_a_metadata_table_without_its_columns(self, world, crm, filled):
        """The error says which columns it needs."""
        crm.rename_field("name", "title")

        with pytest.raises(ConfigurationError, match="is no metadata table") as caught:
            world.crawl(crm)

        assert "id and name" in str(caught.value)
        assert world.snapshot() == filled

    def test_no_permission_to_the_folder(self, world):
        """A folder that is not shared with the app."""
        folder = world.lark.drive.folder("Reports")
        folder.add(world.lark.database("CRM"))
        world.crawl(folder)
        before = world.snapshot()
        folder.shared = False

        with pytest.raises(PermissionDenied) as caught:
            world.crawl(folder)

        assert caught.value.code == 1061004
        assert world.snapshot() == before

    def test_no_permission_to_list_databases_in_glue(self, world, crm):
        """The error names the permission that the role lacks."""
        world.aws.fail("glue", "GetDatabases", "AccessDeniedException", times=None)

        with pytest.raises(PermissionDenied, match="glue:GetDatabases") as caught:
            world.crawl(crm)

        assert caught.value.hint == "Give the role glue:GetDatabases."


class TestWarmProcess:
    """What is kept between invocations."""

    def test_secret_token_and_clients_are_made_once(self, world, crm):
        """A second invocation asks neither for the secret nor for a token."""
        world.crawl(crm)
        world.aws.calls.clear()
        world.lark.calls.clear()

        world.crawl(crm)

        assert world.aws.calls.count("secretsmanager") == 0
        assert world.lark.calls.count("token") == 0

    def test_lark_is_read_afresh_every_time(self, world, crm):
        """Nothing of the last crawl is remembered."""
        world.crawl(crm)
        world.lark.database("CRM").table("Notes", {"Note": ["x"]})

        assert world.crawl(crm)["tables"]["created"] == 1

    def test_refused_credentials_are_read_from_the_secret_once_more(self, world, crm):
        """A rotation needs no new process."""
        world.crawl(crm)
        world.lark._tenant.app_secret = "rotated-secret-of-the-app"
        world.lark.revoke_tokens()
        secret = {"lark_app_id": world.lark.app_id, "lark_app_secret": world.lark.app_secret}
        world.aws.client("secretsmanager").put_secret_value(
            SecretId="lark-app", SecretString=json.dumps(secret)
        )
        world.aws.calls.clear()

        assert world.crawl(crm)["status"] == "Success"
        assert world.aws.calls.count("secretsmanager", "GetSecretValue") == 1

    def test_credentials_that_stay_wrong_fail_the_invocation_without_the_secret(self, world, crm):
        """The secret is read twice at most, and its value appears nowhere."""
        secret = {"lark_app_id": world.lark.app_id, "lark_app_secret": "wrong-secret-wrong-secret"}
        world.aws.client("secretsmanager").put_secret_value(
            SecretId="lark-app", SecretString=json.dumps(secret)
        )

        with pytest.raises(AuthenticationError) as caught:
            world.crawl(crm)

        assert "wrong-secret" not in str(caught.value)
        assert world.aws.calls.count("secretsmanager", "GetSecretValue") == 2
        assert world.aws.calls.count("glue") == 0

    def test_wrong_settings_fail_every_invocation_until_they_are_right(self, world, monkeypatch):
        """A failure at the start is not remembered."""
        monkeypatch.setenv("LARK_LAKE_FORMATION", "perhaps")
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="LARK_LAKE_FORMATION"):
                handler(TABLE, None)
        monkeypatch.setenv("LARK_LAKE_FORMATION", "off")

        with pytest.raises(NotFound):
            handler(TABLE, None)

    def test_it_needs_none_of_the_heavy_libraries(self, world, crm):
        """The package for Lambda carries no numpy, pandas or duckdb, and imports late."""
        code = f"""
import json, sys
heavy = ["numpy", "pandas", "duckdb", "IPython", "typer", "tqdm"]
sys.modules.update(dict.fromkeys(heavy))
from larkbase_server.crawler import handler
assert not {{"pyarrow", "boto3", "requests"}} & set(sys.modules)
print(json.dumps(handler({world.payload(crm)!r}, None)))
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )

        assert json.loads(done.stdout)["tables"]["created"] == 2

    def test_the_configured_catalogue_is_used_for_every_call(self, world, crm, monkeypatch):
        """``glue_catalog`` names the catalogue of another account."""
        monkeypatch.setenv("glue_catalog", "210987654321")
        world.crawl(crm)

        catalogs = {call.parameters.get("CatalogId") for call in world.aws.calls.named("glue")}
        assert catalogs == {"210987654321"}
