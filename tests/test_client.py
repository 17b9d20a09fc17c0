"""Connecting and finding one's way: links, names, errors with the next step."""

from __future__ import annotations

import json
import pickle

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import client, profile


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No credentials of the person who runs the tests are found."""
    for name in (
        "LARK_APP_ID",
        "LARK_APP_SECRET",
        "LARK_DOMAIN",
        "LARKBASE_URL",
        "LARKBASE_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path / "larkbase"))


@pytest.fixture
def crm(lark_emulator):
    base = lark_emulator.database("CRM")
    base.table("Orders", {"OrderNo": ["A-1", "A-2"]})
    base.table("Price list 1.0", {"Name": ["x"]})
    return base


class TestConnect:
    """Credentials come from the arguments, the environment or the profile."""

    def test_connecting_is_one_call(self, lark_emulator):
        """The credentials are checked at once, and nothing else is asked."""
        with lark_emulator.connect() as lark:
            assert repr(lark).endswith("– databases known)")
        assert [call.endpoint for call in lark_emulator.calls.list] == ["token"]

    def test_the_environment_is_enough(self, lark_emulator, crm, monkeypatch):
        """Three variables make a script portable."""
        monkeypatch.setenv("LARK_APP_ID", lark_emulator.app_id)
        monkeypatch.setenv("LARK_APP_SECRET", lark_emulator.app_secret)
        monkeypatch.setenv("LARK_DOMAIN", lark_emulator.url)

        with larkbase.connect() as lark:
            assert list(lark.databases) == ["CRM"]

    def test_a_stored_profile_is_enough(self, lark_emulator, crm):
        """What ``login`` stores is found, and only its owner may read it."""
        answers = iter([lark_emulator.app_id, lark_emulator.url])
        larkbase.login(ask=lambda _: next(answers), ask_hidden=lambda _: lark_emulator.app_secret)

        stored = profile.cache_dir() / "profiles.json"
        assert oct(stored.stat().st_mode)[-3:] == "600"
        with larkbase.connect() as lark:
            assert "CRM" in lark.databases

    @pytest.mark.parametrize("text", ['{"default": {"app_secret": "hidden-one"', "[" * 100_000])
    def test_profiles_that_cannot_be_read(self, text):
        """Not even the chain of causes carries what the file holds."""
        stored = profile.cache_dir() / "profiles.json"
        stored.parent.mkdir(parents=True)
        stored.write_text(text)
        with pytest.raises(larkbase.ConfigurationError, match="cannot be read") as caught:
            larkbase.connect("")
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    @pytest.mark.parametrize("secret", [None, "", 7])
    def test_a_profile_without_its_secret_sends_nothing(self, secret):
        """A file that somebody edited by hand is told as what it is."""
        stored = profile.cache_dir() / "profiles.json"
        stored.parent.mkdir()
        entry = {"app_id": "cli_a1b2", "app_secret": secret}
        stored.write_text(json.dumps({"default": entry}))

        with pytest.raises(larkbase.ConfigurationError, match="does not hold an app id and its"):
            larkbase.connect()

    def test_a_profile_that_is_none(self):
        """Is no profile."""
        stored = profile.cache_dir() / "profiles.json"
        stored.parent.mkdir(parents=True)
        stored.write_text('{"default": 5}')
        with pytest.raises(larkbase.ConfigurationError, match="no profile is stored"):
            larkbase.connect("")

    def test_refused_credentials_are_not_stored(self, lark_emulator):
        """A typing mistake does not replace a working profile."""
        with pytest.raises(larkbase.AuthenticationError):
            larkbase.login(lark_emulator.app_id, "a-wrong-secret", lark_emulator.url)
        assert not (profile.cache_dir() / "profiles.json").exists()

    def test_logging_in_minds_no_default_link(self, lark_emulator, monkeypatch):
        """``LARKBASE_URL`` may lead to a base of another domain; credentials are stored for one."""
        monkeypatch.setenv(
            "LARKBASE_URL", "https://acme.feishu.cn/base/NQRxbRkBMa6OnZsjtERcxhNWnNh"
        )

        report = larkbase.login(
            lark_emulator.app_id, lark_emulator.app_secret, lark_emulator.url, profile="emulator"
        )
        assert report.ok

    def test_no_credentials(self):
        """The error says three ways to go on."""
        with pytest.raises(larkbase.ConfigurationError, match=r"LARK_APP_ID[\s\S]*demo\(\)"):
            larkbase.connect()

    def test_half_credentials(self, monkeypatch):
        """An id is never sent with the secret of another app."""
        monkeypatch.setenv("LARK_APP_SECRET", "the-secret-of-another-app")
        with pytest.raises(larkbase.ConfigurationError, match="app_secret is missing"):
            larkbase.connect(app_id="cli_a")

    def test_a_link_to_a_stranger_is_refused_before_any_call(self, lark_emulator):
        """Its host would receive the app's secret."""
        with pytest.raises(larkbase.ConfigurationError, match=r"evil\.example"):
            lark_emulator.connect(url="https://evil.example/base/NQRxbRkBMa6OnZsjtERcxhNWnNh")
        assert lark_emulator.calls.count() == 0

    def test_a_link_chooses_the_domain(self, lark_emulator, crm):
        """Without a configured domain the host of the link is asked."""
        with larkbase.connect(
            crm.url, app_id=lark_emulator.app_id, app_secret=lark_emulator.app_secret
        ) as lark:
            assert lark.table("Orders").count() == 2

    def test_nothing_of_the_secret_shows(self, lark_emulator):
        """Neither a repr nor an error holds it."""
        with lark_emulator.connect() as lark:
            texts = [repr(lark), repr(lark.api), repr(lark.api.http), repr(lark.options)]
        assert not any(lark_emulator.app_secret in text for text in texts)


class TestLookingAround:
    """Names, ids and links are interchangeable."""

    def test_databases_and_tables_by_name_id_and_link(self, lark, crm):
        """All lead to the same table."""
        orders = crm.find_table("Orders")
        found = [
            lark.table("CRM.Orders"),
            lark.table("crm.orders"),
            lark.table(orders.url),
            lark.databases["CRM"].tables["Orders"],
            lark.databases.CRM.tables.Orders,
            lark.databases[crm.app_token].tables[orders.table_id],
            lark.database(crm.url).table("orders"),
            lark.table(f"{crm.app_token}.Orders"),
            lark.table(f"{crm.app_token}_{orders.table_id}"),  # as embedded bases are named
            lark.add(crm.app_token).table("orders"),
        ]

        assert {table.id for table in found} == {orders.table_id}

    def test_names_with_dots_are_quoted_as_in_sql(self, lark, crm):
        """Unquoted, the reading that exists is taken."""
        assert lark.table('CRM."Price list 1.0"').name == "Price list 1.0"
        assert lark.table("CRM.Price list 1.0").name == "Price list 1.0"

    def test_a_view_in_a_link_does_not_hide_rows(self, lark, crm):
        """Every copied link names a view; reading the table still reads all of it."""
        orders = crm.find_table("Orders")
        view = orders.view("One", conditions=[("OrderNo", "is", ["A-1"])])
        link = f"{crm.url}?table={orders.table_id}&view={view.view_id}"

        assert lark.table(link).count() == 2
        assert len(lark.table(link).to_arrow(view=link)) == 1

    def test_a_wiki_link_is_resolved(self, lark, crm, lark_emulator):
        """A wiki node is not a base; it shows one."""
        node = lark_emulator.drive.wiki_node(crm)
        orders = crm.find_table("Orders")

        assert lark.table(f"{lark_emulator.url}/wiki/{node}?table={orders.table_id}").count() == 2

    def test_a_wiki_page_of_text_is_not_a_base(self, lark, lark_emulator):
        """The error says what the page holds."""
        node = lark_emulator.drive.wiki_node("docxToken", "Notes", "docx")

        with pytest.raises(larkbase.ConfigurationError, match="holds a docx"):
            lark.add(f"{lark_emulator.url}/wiki/{node}")

    def test_a_dashboard_link_says_what_it_is(self, lark, crm):
        """And which link to copy instead."""
        with pytest.raises(larkbase.ConfigurationError, match="a dashboard"):
            lark.table(f"{crm.url}?table=blkxyz")

    def test_looking_up_is_that_of_a_mapping(self, lark, crm):
        """``get`` and ``in`` raise nothing for what is not there."""
        databases, tables = lark.databases, lark.databases["CRM"].tables

        assert databases.get("crm") is not None
        assert (databases.get("HR"), tables.get("Ordres"), tables.get("x", 0)) == (None, None, 0)
        assert ["Orders" in tables, "Ordres" in tables, 0 in tables] == [True, False, False]

    @pytest.mark.parametrize("name", [0, None])
    def test_what_is_no_name_is_told(self, lark, crm, name):
        """Also a position: databases and tables have none."""
        for look_up in (
            lark.databases.__getitem__, lark.databases["CRM"].tables.__getitem__, lark.table
        ):  # fmt: skip
            with pytest.raises(larkbase.ConfigurationError, match=f"{name} is no name"):
                look_up(name)

    @pytest.mark.parametrize("name", ["CRM", "Orders", ""])
    def test_a_single_name_is_no_table(self, lark, crm, name):
        """Whichever of the two it is."""
        with pytest.raises(larkbase.ConfigurationError, match="does not name a database and a tab"):
            lark.table(name)

    def test_unknown_names_come_with_near_ones(self, lark, crm):
        """A typing mistake is mended without reading the manual."""
        with pytest.raises(larkbase.NotFound, match='did you mean "Orders"'):
            lark.table("CRM.Ordres")
        with pytest.raises(larkbase.NotFound, match='did you mean "CRM"'):
            lark.table("CMR.Orders")
        with pytest.raises(larkbase.QueryError, match="orderno"):
            lark.table("CRM.Orders").to_arrow(columns=["OrdreNo"])

    def test_a_default_base_does_not_blur_what_is_wrong(self, lark_emulator, crm):
        """Database and table are told apart, although a name alone is one of the default base."""
        with lark_emulator.connect(url=crm.url) as lark:
            for reference, text in (
                ("CRM.Ordres", 'No table "Ordres" in database "CRM"'),
                ("CMR.Orders", 'No database "CMR"'),
                ("Ordres", 'No table "Ordres" in database "CRM"'),
            ):
                with pytest.raises(larkbase.NotFound, match=text):
                    lark.table(reference)
            assert lark.table("Price list 1.0").name == "Price list 1.0"

    def test_a_base_that_is_not_shared_says_how_to_share_it(self, lark, crm):
        """91403 becomes the way through Lark's menus."""
        crm.shared = False

        with pytest.raises(larkbase.PermissionDenied, match="Add document app"):
            lark.table(crm.find_table("Orders").url)

    def test_metadata_is_remembered_and_refreshed_on_request(self, lark, crm, lark_emulator):
        """Looking twice asks once."""
        table = lark.table("CRM.Orders")
        for _ in range(3):
            _ = (table.schema, table.views, list(lark.databases), list(table.database.tables))
        counts = {name: lark_emulator.calls.count(name) for name in ("fields", "views", "tables")}
        crm.find_table("Orders").add_field("New")
        lark.refresh()

        assert counts == {"fields": 1, "views": 1, "tables": 1}
        assert [c.lark_name for c in lark.table("CRM.Orders").schema.columns] == ["OrderNo", "New"]

    def test_refresh_is_an_argument_of_what_is_looked_up(self, lark, crm):
        """``refresh=True`` reads metadata again on the way to a database or table."""
        _ = lark.table("CRM.Orders").schema
        crm.find_table("Orders").add_field("New")
        crm.table("Late", {"x": ["y"]})

        assert "New" not in [c.lark_name for c in lark.table("CRM.Orders").schema.columns]
        assert "New" in [c.lark_name for c in lark.table("CRM.Orders", refresh=True).schema.columns]
        crm.table("Later", {"x": ["y"]})
        assert "Later" in lark.database("CRM", refresh=True).tables
        crm.table("Last", {"x": ["y"]})
        assert lark.database("CRM").table("Last", refresh=True).name == "Last"

    def test_search_finds_tables_and_fields(self, lark, crm):
        """Case does not matter."""
        assert lark.search("order") == [("CRM", "Orders", ""), ("CRM", "Orders", "OrderNo")]

    def test_offline_makes_no_call(self, lark, crm, lark_emulator):
        """The switch is obeyed before anything is sent."""
        before = lark_emulator.calls.count()
        lark.options = lark.options.replace(offline=True)
        lark.api.http.options = lark.options

        with pytest.raises(larkbase.ConfigurationError, match="switched off"):
            list(lark.databases)
        assert lark_emulator.calls.count() == before


def test_the_counters_read_as_a_sentence(lark_emulator, crm):
    """The same words as text and in a notebook."""
    with lark_emulator.connect() as lark:
        lark.databases["CRM"].tables.rows()
        shown = repr(lark.stats)

    assert shown == (
        "4 calls (files 1, root_folder 1, tables 1, token 1) · none repeated · 0.0 s waited · "
        f"{lark.stats.bytes} bytes received"
    )
    assert lark.stats._repr_html_() == f"<p>{shown}</p>"


def test_a_client_is_not_pickled(lark, crm):
    """Nor what holds it: the error says what to send to another process instead."""
    orders = lark.table("CRM.Orders")

    for thing in (lark, orders, orders.scan(limit=1)):
        with pytest.raises(TypeError, match=r"larkbase\.connect\(\) in each process, or send rows"):
            pickle.dumps(thing)


def test_demo_needs_no_account():
    """The sample bases are there and can be read."""
    with client.demo() as lark:
        assert "CRM" in lark.databases
        assert len(lark.table("CRM.Orders").head()) == 5


def test_a_table_can_be_read_where_its_base_may_not_be(lark, crm, lark_emulator):
    """Reading needs no word about the base; counts are then made from the rows."""
    orders = lark.table("CRM.Orders")
    lark_emulator.fail(91403, endpoint="base", times=None)

    assert orders.count() == 2
    assert len(orders.to_arrow(where="orderno = 'A-1'")) == 1


def test_a_link_of_this_machine_needs_no_scheme(lark, crm):
    """As browsers show it; everywhere where a link may stand."""
    link = lark.table("CRM.Orders").url.removeprefix("http://")

    assert lark.table(link).name == "Orders"
    assert lark.database("CRM").table(link).name == "Orders"
    assert lark.database(link).name == lark.add(link).name == "CRM"
    assert len(lark.sql(f'SELECT * FROM "{link}"')) == 2


class TestErrorsNameWhatTheUserKnows:
    """Lark's ids alone tell nobody which base or table is meant."""

    @pytest.mark.parametrize("found_by", ["drive root", "folder", "wiki", "metadata table"])
    def test_a_closed_base_has_its_name_and_link(self, lark_emulator, crm, found_by):
        """However it was found, with no call more for it."""
        sources = {
            "drive root": dict,
            "folder": lambda: {"folders": _folder_of(lark_emulator, crm)},
            "wiki": lambda: {"wikis": lark_emulator.drive.wiki_node(crm)},
            "metadata table": lambda: {"catalog": _rows_naming(lark_emulator, crm)},
        }[found_by]()
        with lark_emulator.connect() as lark:
            lark.use_sources(*([sources[kind]] if kind in sources else [] for kind in _SOURCES))
            name = "CRM of sales" if found_by == "metadata table" else "CRM"
            orders = lark.table(f'"{name}".Orders')
            lark_emulator.fail(91403, endpoint="search", times=None)
            before = lark_emulator.calls.count()
            with pytest.raises(larkbase.PermissionDenied) as caught:
                orders.to_arrow()

        assert f'may not read base "{name}" ({crm.app_token}).' in caught.value.message
        assert caught.value.help_url == (orders.url or crm.url)
        assert lark_emulator.calls.count() - before == 2  # the fields, and the refused rows

    def test_a_table_that_is_gone_has_its_name_and_link(self, lark, crm, lark_emulator):
        """Both names stand beside their ids, and the link opens the table."""
        orders = lark.table("CRM.Orders")
        crm.remove_table("Orders")

        with pytest.raises(larkbase.NotFound) as caught:
            orders.to_arrow()

        assert caught.value.message == (
            f'Base "CRM" ({crm.app_token}) has no table "Orders" ({orders.id}).'
        )
        assert caught.value.help_url == orders.url != ""


_SOURCES = ("folders", "wikis", "catalog")


def _folder_of(emulator, base):
    folder = emulator.drive.folder("Team")
    folder.add(base)
    return folder.token


def _rows_naming(emulator, base):
    rows = [{"id": base.app_token, "name": "CRM of sales"}]
    fields = [("id", "Text"), ("name", "Text")]
    table = emulator.database("Metadata").table("bases", fields=fields, rows=rows)
    return f"{table.base.app_token}:{table.table_id}"
