"""The environment variables of both functions mean what their users were told."""

from __future__ import annotations

import logging
import pickle
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from larkbase_sdk.catalog.access import AccessLists
from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.options import Options
from larkbase_server.environment import variables
from larkbase_server.settings import CommonSettings, ConnectorSettings, CrawlerSettings
from larkbase_server.settings_page import settings_page

SECRET = "Vv9pQ2rT7xZk4LmN8bHc3WdFy6GsJ1aE"


def connector(**environ: str) -> ConnectorSettings:
    return ConnectorSettings.from_environ(environ)


def read(attribute: str, **environ: str) -> tuple[object, tuple[str, ...]]:
    """The value of one setting and all warnings."""
    settings = connector(**environ)
    return getattr(settings, attribute), settings.warnings


def test_an_empty_environment_gives_the_documented_defaults():
    """Nothing set: all flows but Glue are off and the federation SDK's values hold."""
    settings = connector()

    shown = {name: getattr(settings, name) for name in variables(ConnectorSettings)}
    assert shown == {
        "secret_name": "",
        "app_id_secret_name": "",
        "app_secret_secret_name": "",
        "app_id": "",
        "app_secret": "",
        "domain": "larksuite",
        "timeout": 30.0,
        "retries": 6,
        "rate": 20.0,
        "concurrency": 8,
        "lookup_depth": 20,
        "name_style": "ascii",
        "glue_catalog": "",
        "debug_logging": False,
        "sdk_log_level": logging.INFO,
        "number_type": "double",
        "base_source_active": False,
        "base_sources": (),
        "drive_source_active": False,
        "drive_sources": (),
        "experimental_active": False,
        "metadata_ttl": 300.0,
        "whitelist": (),
        "blacklist": (),
        "metadata_catalog": "AwsDataCatalog",
        "metadata_database": "lark_base",
        "metadata_table": "metadata_catalog",
        "metadata_workgroup": "primary",
        "metadata_output": "",
        "metadata_poll": 2.0,
        "metadata_timeout": 60.0,
        "page_size": 500,
        "strict": False,
        "text_pushdown": True,
        "trust_total": True,
        "capabilities": "all",
        "parallel_split": False,
        "split_strategy": "auto",
        "max_splits": 4,
        "spill_bucket": "",
        "spill_prefix": "athena-federation-spill",
        "kms_key_id": "",
        "disable_spill_encryption": False,
        "spill_put_request_headers": (),
        "max_block_size": None,
        "spill_queue_capacity": 2,
        "disable_glue": False,
    }
    assert settings.warnings == ()


def test_the_crawler_reads_what_is_common_and_nothing_of_the_connector():
    """Its own settings are the common ones and the permissions of new databases."""
    own = set(variables(CrawlerSettings)) - set(variables(CommonSettings))
    settings = CrawlerSettings.from_environ(
        {
            "default_secret_manager_lark_app_key": "lark",
            "LARK_LAKE_FORMATION": "on",
            "glue_catalog": "123456789012",
            "default_does_activate_lark_base_source": "true",
        }
    )

    assert own == {"lake_formation"}
    assert repr(settings) == "CrawlerSettings(glue_catalog='123456789012', lake_formation=True)"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("base_source_active", "default_does_activate_lark_base_source"),
        ("base_source_active", "ACTIVATE_LARK_BASE_SOURCE"),
        ("drive_source_active", "default_does_activate_lark_drive_source"),
        ("drive_source_active", "ACTIVATE_LARK_DRIVE_SOURCE"),
        ("experimental_active", "default_does_activate_experimental_feature"),
        ("experimental_active", "ACTIVATE_EXPERIMENTAL_FEATURES"),
        ("experimental_active", "ACTIVATE_EXPERIMENTAL_FEATURE"),
        ("parallel_split", "default_does_activate_parallel_split"),
        ("parallel_split", "ACTIVATE_PARALLEL_SPLIT"),
        ("debug_logging", "default_enable_debug_logging"),
        ("debug_logging", "ENABLE_DEBUG_LOGGING"),
    ],
)
@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), (" TRUE ", True), ("1", True), ("Yes", True), ("on", True), ("", False),
     ("false", False), ("0", False), ("off", False)],
)  # fmt: skip
def test_flags_are_on_for_the_documented_words_under_every_name(attribute, name, text, value):
    """Each flag answers to its canonical name and to each alias."""
    assert getattr(connector(**{name: text}), attribute) is value


def test_a_misspelt_flag_is_off_and_says_so():
    """Anything else than the known words is off, with a warning that quotes it."""
    assert read("parallel_split", ACTIVATE_PARALLEL_SPLIT="ture") == (
        False,
        ('ACTIVATE_PARALLEL_SPLIT: "ture" is neither on nor off and counts as off.',),
    )


def test_the_canonical_name_wins_over_its_alias_with_a_warning():
    """Both set: the canonical value counts and the log names the other."""
    assert read("lookup_depth", default_lark_lookup_max_depth="3", LARK_LOOKUP_MAX_DEPTH="9") == (
        3,
        ("LARK_LOOKUP_MAX_DEPTH: not used, because default_lark_lookup_max_depth is set.",),
    )


def test_an_empty_canonical_name_leaves_the_word_to_its_alias():
    """Templates pass empty parameters; they count as not set."""
    assert read("lookup_depth", default_lark_lookup_max_depth=" ", LARK_LOOKUP_MAX_DEPTH="9") == (
        9,
        (),
    )


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", "1_000", "٣", "9" * 30])
def test_a_lookup_depth_that_is_no_whole_number_above_zero_means_twenty(text):
    """The documented fallback, and a warning."""
    value, (warning,) = read("lookup_depth", LARK_LOOKUP_MAX_DEPTH=text)

    assert value == 20
    assert warning.startswith(f'LARK_LOOKUP_MAX_DEPTH: "{text}" is not a whole number from 1')
    assert warning.endswith("20 is used.")


@pytest.mark.parametrize(
    ("text", "value", "warning"),
    [
        ("100", 100, None),
        ("0", 1, '"0" is outside 1 to 500; 1 is used.'),
        ("9000", 500, '"9000" is outside 1 to 500; 500 is used.'),
        ("all", 500, '"all" is not a whole number from 1 to 500; 500 is used.'),
    ],
)
def test_the_page_size_is_honoured_within_what_lark_allows(text, value, warning):
    """1 to 500 are taken, others are moved to the nearer bound."""
    warnings = (f"default_page_size: {warning}",) if warning else ()

    assert read("page_size", default_page_size=text) == (value, warnings)


def test_base_sources_keep_their_order_and_drop_bad_entries_with_a_warning():
    """The first colon separates and both sides are trimmed."""
    assert read("base_sources", default_lark_base_sources=" b2 : t2 ,b1:t1,lonely,:t,b:,") == (
        (("b2", "t2"), ("b1", "t1")),
        tuple(
            f'default_lark_base_sources: the entry "{entry}" is not <base id>:<table id> and was '
            "left out."
            for entry in ("lonely", ":t", "b:")
        ),
    )


@pytest.mark.parametrize(
    ("base", "table"),
    [
        ("LARK_BASE_DATA_SOURCE_ID", "LARK_TABLE_DATA_SOURCE_ID"),
        ("lark_base_id_data_source", "lark_table_id_data_source"),
    ],
)
def test_two_variables_together_name_one_base_source(base, table):
    """The documented pairs give what one entry of the list gives."""
    assert read("base_sources", **{base: "bascn1", table: " tbl1 "}) == ((("bascn1", "tbl1"),), ())


def test_two_lists_together_name_several_base_sources():
    """Each base belongs to the table in the same place, never to another one."""
    two = {"LARK_BASE_DATA_SOURCE_ID": "b1, b2,", "LARK_TABLE_DATA_SOURCE_ID": "t1,t2"}
    assert read("base_sources", **two) == ((("b1", "t1"), ("b2", "t2")), ())

    odd = {"LARK_BASE_DATA_SOURCE_ID": "b1,b2", "LARK_TABLE_DATA_SOURCE_ID": "t1"}
    said = "not used, because they do not list the same number."
    names = "LARK_BASE_DATA_SOURCE_ID with LARK_TABLE_DATA_SOURCE_ID"
    assert read("base_sources", **odd) == ((), (f"{names}: {said}",))


def test_half_a_pair_is_no_source_and_says_what_is_missing():
    """A base without its table is not used, nor completed from the other pair."""
    assert read(
        "base_sources", LARK_BASE_DATA_SOURCE_ID="bascn1", lark_table_id_data_source="tbl1"
    ) == (
        (),
        (
            "LARK_BASE_DATA_SOURCE_ID: not used, because LARK_TABLE_DATA_SOURCE_ID is missing.",
            "lark_table_id_data_source: not used, because lark_base_id_data_source is missing.",
        ),
    )


def test_the_list_of_sources_wins_over_both_pairs():
    """One warning names everything that is not used."""
    assert read(
        "base_sources",
        default_lark_base_sources="b:t",
        LARK_BASE_DATA_SOURCE_ID="b1",
        LARK_TABLE_DATA_SOURCE_ID="t1",
        lark_base_id_data_source="b2",
        lark_table_id_data_source="t2",
    ) == (
        (("b", "t"),),
        (
            (
                "LARK_BASE_DATA_SOURCE_ID with LARK_TABLE_DATA_SOURCE_ID and "
                "lark_base_id_data_source with lark_table_id_data_source: not used, because "
                "default_lark_base_sources is set."
            ),
        ),
    )


@pytest.mark.parametrize(
    "name",
    [
        "default_lark_drive_sources",
        "LARK_FOLDER_TOKEN_DATA_SOURCE",
        "lark_folder_token_data_source",
        "lark_drive_id_data_source",
    ],
)
def test_folders_are_a_comma_list_without_blanks(name):
    """Blanks are skipped, tokens trimmed, the order kept."""
    assert read("drive_sources", **{name: " fld2,, fld1 ,fld2"}) == (("fld2", "fld1"), ())


def test_an_active_flow_without_sources_warns():
    """A flow that is on but can find nothing is worth a line in the log."""
    settings = connector(ACTIVATE_LARK_BASE_SOURCE="true", ACTIVATE_LARK_DRIVE_SOURCE="true")

    assert settings.warnings == (
        "default_lark_base_sources: empty, so Flow 2 finds nothing.",
        "default_lark_drive_sources: empty, so Flow 3 finds nothing.",
    )


def test_a_link_in_the_place_of_an_id_is_pointed_out():
    """Lark would only say that it finds no such thing."""
    table = "https://acme.larksuite.com/base/bascn1?table=tbl1"
    folder = "https://acme.larksuite.com/drive/folder/fldcn1"

    settings = connector(default_lark_base_sources=table, default_lark_drive_sources=folder)

    said = "holds no ids of Lark; copy them out of the link."
    assert settings.warnings == (
        f'default_lark_base_sources: "{table}" {said}',
        f'default_lark_drive_sources: "{folder}" {said}',
    )


def test_access_lists_come_under_both_names():
    """The lists are compared as the catalogue does."""
    settings = connector(WHITELIST_TABLES="Sales:Orders", default_blacklist_tables="hr:people, x")

    assert settings.access == AccessLists.parse("sales:orders", "hr:people")
    assert settings.warnings == (
        'default_blacklist_tables: the entry "x" is not <schema>:<table> and was left out.',
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("false", False), (" False ", False), ("true", True), ("no", True), ("0", True), ("", True)],
)
def test_glue_is_off_for_every_value_but_false(text, value):
    """As the federation SDK reads it, also when the variable is empty."""
    assert connector(disable_glue=text).disable_glue is value


def test_an_odd_value_that_switches_glue_off_is_pointed_out():
    """``no`` does the opposite of what it seems to say, so the log explains it."""
    assert read("disable_glue", disable_glue="no")[1] == (
        'disable_glue: "no" counts as true; only false switches it off.',
    )


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("yes", False), ("1", False), ("", False)]
)
def test_only_true_writes_spilled_blocks_unencrypted(text, value):
    """Encryption is not switched off by accident."""
    assert connector(disable_spill_encryption=text).disable_spill_encryption is value


def test_an_empty_kms_key_counts_as_unset():
    """The templates pass it empty."""
    assert read("kms_key_id", kms_key_id="") == ("", ())


def test_spill_headers_are_a_json_object():
    """What is no object of texts is left out, and the warning does not repeat it."""
    good = '{"x-amz-server-side-encryption": "aws:kms"}'

    assert read("spill_put_request_headers", spill_put_request_headers=good) == (
        (("x-amz-server-side-encryption", "aws:kms"),),
        (),
    )
    for bad in ("{", "[]", '{"a": 1}', "[" * 5000):
        assert read("spill_put_request_headers", spill_put_request_headers=bad) == (
            (),
            ("spill_put_request_headers: the value is not a JSON object of texts; empty is used.",),
        )


@pytest.mark.parametrize(
    ("attribute", "name", "good", "value", "bad"),
    [
        ("max_block_size", "MAX_BLOCK_SIZE_BYTES", "8000000", 8_000_000, "8MB"),
        ("spill_queue_capacity", "SPILL_QUEUE_CAPACITY", "4", 4, "0"),
        ("spill_queue_capacity", "spill_queue_capacity", "4", 4, "-1"),
        ("sdk_log_level", "ATHENA_FEDERATION_SDK_LOG_LEVEL", "WARN", logging.WARNING, "loud"),
    ],
)
def test_inherited_numbers_are_read_and_bad_ones_give_the_default(
    attribute, name, good, value, bad
):
    """A deployment that ran before still runs, with a line in the log."""
    default = variables(ConnectorSettings)[attribute].default
    fallen_back, warnings = read(attribute, **{name: bad})

    assert read(attribute, **{name: good}) == (value, ())
    assert fallen_back == default
    assert [warning.partition(":")[0] for warning in warnings] == [name]


def test_the_spill_prefix_has_no_outer_slashes():
    """Keys are joined with slashes, so the prefix brings none."""
    assert read("spill_prefix", spill_prefix="/athena-spill/") == ("athena-spill", ())


def test_debug_logging_lowers_the_level():
    """The flag wins over the level of the federation SDK."""
    assert connector(ATHENA_FEDERATION_SDK_LOG_LEVEL="error").log_level == logging.ERROR
    assert connector(ENABLE_DEBUG_LOGGING="true").log_level == logging.DEBUG


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("LARK_TIMEOUT", "soon", "a number from 0.1 to 900"),
        ("LARK_TIMEOUT", "nan", "a number from 0.1 to 900"),
        ("LARK_RETRIES", "-1", "a whole number from 0 to 100"),
        ("LARK_RATE", "0", "a number from 0.01 to 1000"),
        ("LARK_METADATA_TTL", "inf", "a number from 0 to 86400"),
        ("LARK_NUMBER_TYPE", "float", "double or decimal"),
        ("LARK_NAME_STYLE", "latin", "ascii or unicode"),
        ("LARK_STRICT", "maybe", "on or off"),
        ("LARK_TEXT_PUSHDOWN", "no!", "on or off"),
        ("LARK_TRUST_TOTAL", "2", "on or off"),
        ("LARK_CAPABILITIES", "some", "all or none"),
        ("LARK_SPLIT_STRATEGY", "always", "auto or reserved or off"),
        ("LARK_MAX_SPLITS", "0", "a whole number from 1 to 100"),
        ("LARK_METADATA_OUTPUT", "bucket/prefix", "an address such as s3://bucket/prefix"),
        ("LARK_METADATA_POLL", "0", "a number from 0.01 to 60"),
        ("LARK_METADATA_TIMEOUT", "x", "a number from 0.1 to 900"),
    ],
)
def test_a_new_variable_refuses_what_it_cannot_read(name, text, expected):
    """As in the library: the error names the variable, its text and what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        connector(**{name: text})

    assert caught.value.message == f'The environment variable {name} cannot be "{text}".'
    assert caught.value.hint == f"It must be {expected}."


def test_the_crawler_refuses_a_bad_flag_of_its_own():
    """``LARK_LAKE_FORMATION`` must say on or off."""
    with pytest.raises(ConfigurationError, match="LARK_LAKE_FORMATION"):
        CrawlerSettings.from_environ({"LARK_LAKE_FORMATION": "perhaps"})


@pytest.mark.parametrize(
    "text", ["feishu", "Lark", "https://open.feishu.cn", "http://127.0.0.1:8080"]
)
def test_a_brand_or_an_address_is_a_domain(text):
    """The text is kept as it is written."""
    assert read("domain", LARK_DOMAIN=f" {text} ") == (text, ())


def test_a_bad_domain_is_refused_without_repeating_it():
    """An address may carry a password."""
    with pytest.raises(ConfigurationError, match="LARK_DOMAIN") as caught:
        connector(LARK_DOMAIN="https://me:hunter2@open.feishu.cn")

    assert "hunter2" not in str(caught.value)


def test_settings_become_options_of_the_core():
    """Everything that is an option arrives there; nothing shows progress in a function."""
    settings = connector(
        LARK_RATE="10",
        LARK_RETRIES="2",
        LARK_TIMEOUT="5",
        LARK_METADATA_TTL="60",
        LARK_NUMBER_TYPE="decimal",
        LARK_NAME_STYLE="unicode",
        LARK_STRICT="on",
        LARK_TEXT_PUSHDOWN="off",
        LARK_TRUST_TOTAL="off",
        default_page_size="100",
        default_lark_lookup_max_depth="5",
    )

    assert settings.options() == Options(
        rate=10.0,
        retries=2,
        timeout=5.0,
        page_size=100,
        metadata_ttl=60.0,
        number_type="decimal",
        name_style="unicode",
        strict=True,
        text_pushdown=False,
        trust_total=False,
        lookup_depth=5,
        progress=False,
    )


def test_the_splits_of_one_read_share_the_call_rate():
    """Four splits together call as often as one read may, with as many calls in flight."""
    options = connector().options(splits=4)
    assert (options.rate, options.concurrency) == (5.0, 2)
    assert connector().options(splits=20).concurrency == 1


def test_the_crawler_names_in_ascii_as_the_connector_does():
    """Both write and read the same names."""
    assert CrawlerSettings.from_environ({}).options() == Options(name_style="ascii", progress=False)


@pytest.mark.parametrize(
    ("environ", "splitting"),
    [
        ({}, "off"),
        ({"ACTIVATE_PARALLEL_SPLIT": "true"}, "auto"),
        ({"ACTIVATE_PARALLEL_SPLIT": "true", "LARK_SPLIT_STRATEGY": "Reserved"}, "reserved"),
        ({"ACTIVATE_PARALLEL_SPLIT": "true", "LARK_SPLIT_STRATEGY": "off"}, "off"),
    ],
)
def test_tables_are_split_only_with_the_flag(environ, splitting):
    """The flag is the master, the strategy says how."""
    assert connector(**environ).splitting == splitting
    assert connector(**environ).warnings == ()


def test_a_strategy_without_the_flag_warns():
    """Whoever sets a strategy expects splits."""
    assert connector(LARK_SPLIT_STRATEGY="auto").warnings == (
        "LARK_SPLIT_STRATEGY: not used, as default_does_activate_parallel_split is off.",
    )


@pytest.mark.parametrize(
    ("environ", "location"),
    [
        ({}, ""),
        ({"spill_bucket": "b"}, "s3://b/athena-federation-spill"),
        ({"spill_bucket": "b", "LARK_METADATA_OUTPUT": "s3://c/d"}, "s3://c/d"),
    ],
)
def test_answers_of_flow_four_go_to_the_spill_location_by_default(environ, location):
    """One bucket is enough to set up."""
    assert connector(**environ).metadata_location == location


def test_several_forms_of_credentials_warn():
    """The canonical secret wins over the two variables, these over plain values."""
    settings = connector(
        default_secret_manager_lark_app_key="lark",
        LARK_APP_ID_SECRET_NAME="a",
        LARK_APP_SECRET_SECRET_NAME="b",
        LARK_APP_ID="cli_1",
    )

    reason = "not used, because default_secret_manager_lark_app_key is set."
    assert settings.warnings == (
        f"LARK_APP_ID_SECRET_NAME and LARK_APP_SECRET_SECRET_NAME: {reason}",
        f"LARK_APP_ID and LARK_APP_SECRET: {reason}",
    )


def test_what_a_java_deployment_leaves_behind_does_no_harm():
    """It is not read, which is told of what would have had an effect."""
    environ = {
        "glue_connection": "x",
        "JAVA_TOOL_OPTIONS": "-Xmx1g",
        "throttle_initial_delay_ms": "5",
        "throttle_max_delay_ms": "soon",
        "throttle_decrease_factor": "0.25",
        "throttle_increase_ms": "7",
    }

    pace = "not read; calls to Lark go by LARK_RATE and by what Lark answers."
    assert connector(**environ).warnings == (
        "glue_connection: not read; set the variables on the function itself.",
        f"throttle_initial_delay_ms: {pace}",
        f"throttle_max_delay_ms: {pace}",
        f"throttle_decrease_factor: {pace}",
        f"throttle_increase_ms: {pace}",
    )


@pytest.mark.parametrize(("owner", "reads"), [(ConnectorSettings, True), (CrawlerSettings, False)])
def test_the_type_of_numbers_is_the_connectors_business(owner, reads):
    """The crawler declares ``decimal`` in any case, which the connector reads as it is told."""
    assert ("number_type" in variables(owner)) is reads
    assert owner.from_environ({"LARK_NUMBER_TYPE": "decimal"}).warnings == ()


def test_a_secret_in_the_place_of_its_name_is_not_shown():
    """The mistake is named, the value is not."""
    settings = connector(LARK_APP_SECRET_SECRET_NAME=SECRET, default_lark_base_sources=SECRET)

    assert SECRET not in repr(settings)
    assert [SECRET in warning for warning in settings.warnings] == [False, False]
    assert "looks like an app secret" in settings.warnings[0]


def test_the_representation_shows_what_was_changed():
    """Only settings that differ from their default, and nothing of the credentials."""
    settings = connector(
        default_secret_manager_lark_app_key="lark", LARK_APP_SECRET=SECRET, spill_bucket="b"
    )

    assert repr(settings) == "ConnectorSettings(spill_bucket='b')"


def test_settings_survive_a_pickle():
    """A process pool can hand them on."""
    settings = connector(spill_bucket="b", default_lark_base_sources="a:b", LARK_STRICT="1")

    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_long_text_is_shortened_in_a_message():
    """A pasted page does not fill the log."""
    _, (warning,) = read("page_size", default_page_size="x" * 10_000)

    assert len(warning) < 200


NAMES = sorted(
    {
        part
        for owner in (ConnectorSettings, CrawlerSettings)
        for variable in variables(owner).values()
        for name in (variable.name, *variable.aliases)
        for part in name.split(":")
    }
    | {"glue_connection", "JAVA_TOOL_OPTIONS"}
)
PLACES_OF_SECRETS = (
    "default_secret_manager_lark_app_key",
    "LARK_APP_ID_SECRET_NAME",
    "LARK_APP_SECRET_SECRET_NAME",
    "LARK_APP_SECRET",
    "spill_put_request_headers",
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["true", "off", "a:b,c", "{}", '{"a": "b"}', "s3://b", "feishu", "http://[", "@", "decimal"]
    ),
)


@pytest.mark.parametrize("owner", [ConnectorSettings, CrawlerSettings])
@hypothesis_settings(deadline=None)
@given(
    environ=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=12),
    places=st.sets(st.sampled_from(PLACES_OF_SECRETS)),
)
def test_any_environment_gives_settings_or_a_configuration_error(owner, environ, places):
    """No text of any variable ends otherwise, and no secret is shown on the way."""
    environ |= dict.fromkeys(places, SECRET)
    try:
        settings = owner.from_environ(environ)
    except ConfigurationError as error:
        shown = str(error)
    else:
        assert isinstance(settings.options(splits=3), Options)
        shown = repr(settings) + "".join(settings.warnings)

    assert SECRET not in shown


def test_every_attribute_has_a_row_in_the_page():
    """The page cannot forget a variable or an alias."""
    rows = [line.split("|") for line in settings_page().splitlines() if line.startswith("| `")]
    named = {name.strip("` ") for row in rows for cell in row[1:3] for name in _names(cell)}
    declared = {item.name for item in fields(ConnectorSettings)} - {"warnings"}

    assert named == set(NAMES) - {"glue_connection", "JAVA_TOOL_OPTIONS"}
    assert declared == set(variables(ConnectorSettings))
    assert {row[3].strip() for row in rows} == {"both", "connector", "crawler"}
    assert all(len(row) == 7 for row in rows)


def _names(cell: str) -> list[str]:
    return [name for name in cell.replace(" with ", ",").split(",") if name.strip(" –")]
