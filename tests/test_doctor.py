"""The doctor names what is wrong and what to do, and never raises for it."""

from __future__ import annotations

import re

import pytest

from larkbase_sdk.doctor import Check, DoctorReport, examine, not_connected
from larkbase_sdk.errors import ConfigurationError, NetworkError
from larkbase_sdk.options import Options


@pytest.fixture
def crm(lark_emulator):
    base = lark_emulator.database("CRM")
    base.table("Orders", {"OrderNo": ["A-1"]})
    return base


@pytest.fixture
def lark(lark_emulator):
    with lark_emulator.connect(options=Options(retries=0)) as client:
        yield client


def found(report):
    """Return name, status and detail of each check but the versions, which differ by machine."""
    return [(check.name, check.status, check.detail) for check in report.checks[1:]]


def test_a_healthy_base_is_checked_down_to_one_record(lark, lark_emulator, crm):
    """Versions, credentials, Drive, the base and a record: all well."""
    report = lark.doctor()

    assert report.ok
    assert report.checks[0].detail.startswith("larkbase-sdk ")
    assert found(report) == [
        ("credentials", "ok", f"{lark.identity} at {lark.domain}"),
        ("drive", "ok", "1 base in the root folder"),
        ("base CRM", "ok", "readable, 1 table"),
        ("records of CRM", "ok", "table Orders: one record can be read"),
    ]
    assert lark_emulator.calls.named("search")[-1].query["page_size"] == "1"


@pytest.mark.parametrize(("seconds", "side"), [(600, "behind"), (-600, "ahead of")])
def test_a_clock_that_differs_is_a_warning(lark, lark_emulator, crm, seconds, side):
    """Signed calls to AWS would be refused; Lark does not mind."""
    lark_emulator.advance(seconds)

    report = lark.doctor()

    assert report.ok
    clock = next(check for check in report.checks if check.name == "clock")
    assert clock.status == "warn"
    assert re.fullmatch(rf"(599|600|601) s {side} Lark's", clock.detail)


def test_without_any_base_it_says_what_to_do(lark):
    """An app that sees nothing is no failure, but worth a word."""
    report = lark.doctor()

    assert report.ok
    assert found(report)[-1] == ("bases", "warn", "no base is known: paste the link of one")


def test_a_base_that_is_not_shared_is_named_with_the_remedy(lark, crm):
    """Code, hint and link lead to the dialog."""
    crm.shared = False

    report = examine(lark, crm.url)

    check = report.checks[-1]
    assert not report.ok
    assert (check.name, check.status, check.url) == (f"base {crm.app_token}", "fail", crm.url)
    assert "Lark 91403" in check.detail
    assert "Add document app" in (check.hint or "")


def test_only_the_base_of_the_link_is_checked(lark, lark_emulator, crm):
    """A link narrows the question, also to its table."""
    other = lark_emulator.database("HR").table("Empty", {"Name": []})

    report = examine(lark, other.url)

    assert found(report)[2:] == [
        ("base HR", "ok", "readable, 1 table"),
        ("records of HR", "ok", "table Empty: readable, but empty"),
    ]


def test_the_base_of_the_connection_is_known(lark_emulator, crm):
    """A base that no Drive lists is checked when its link was given."""
    lark_emulator.drive.remove(crm.app_token)
    with lark_emulator.connect(url=crm.url, options=Options(retries=0)) as lark:
        report = lark.doctor()

    assert ("base CRM", "ok", "readable, 1 table") in found(report)


def test_a_name_will_do(lark, crm):
    """Where a link fits, a name fits."""
    assert ("base CRM", "ok", "readable, 1 table") in found(examine(lark, "crm"))


def test_a_wiki_link_is_followed(lark, lark_emulator, crm):
    """The base behind the page is checked."""
    node = lark_emulator.drive.wiki_node(crm)

    report = examine(lark, f"{lark_emulator.url}/wiki/{node}")

    assert ("base CRM", "ok", "readable, 1 table") in found(report)


def test_advanced_permissions_are_a_warning(lark, crm):
    """Rows may be hidden without an error, so the doctor looks for one."""
    crm.access = "role"
    crm.table("Orders").role_hides_rows = True

    report = lark.doctor()

    assert report.ok
    assert [(check.name, check.status) for check in report.checks[3:]] == [
        ("base CRM", "ok"),
        ("base CRM", "warn"),
        ("records of CRM", "warn"),
    ]
    assert "can manage" in (report.checks[-1].hint or "")


def test_missing_scopes_are_named(lark, lark_emulator, crm):
    """Lark lists the scopes, one of which would do."""
    msg = "Access denied. One of the following scopes is required: [bitable:app:readonly]."
    lark_emulator.fail(99991672, endpoint="search", msg=msg)

    report = lark.doctor()

    assert not report.ok
    assert "bitable:app:readonly" in report.checks[-1].detail
    assert "publish a new version" in (report.checks[-1].hint or "")


def test_a_drive_that_is_closed_is_only_a_warning(lark, lark_emulator, crm):
    """Links work without Drive."""
    lark_emulator.fail(99991672, endpoint="files", msg="[drive:drive:readonly]", times=None)

    report = examine(lark, crm.url)

    assert report.ok
    assert [(check.name, check.status) for check in report.checks[2:]] == [
        ("drive", "warn"),
        ("base CRM", "ok"),
        ("records of CRM", "ok"),
    ]


@pytest.mark.parametrize(
    ("link", "detail"),
    [
        ("https://evil.example/base/NQRxbRkBMa6OnZsjtERcxhNWnNh", "which is no host of Lark"),
        ("{origin}/base/NQRxbRkBMa6OnZsjtERcxhNWnNh?table=blkAbc", "the link of a dashboard"),
        ("{origin}/drive/folder/fldcnAbc", "leads to a folder"),
        ("{origin}/base/NQRxbRkBMa6OnZsjtERcxhNWnNh", "finds no base"),
        ("Ordres", 'No database "Ordres"'),
    ],
)
def test_a_link_that_cannot_be_used_is_a_finding(lark, lark_emulator, link, detail):
    """Nothing is raised for what is diagnosed."""
    report = examine(lark, link.format(origin=lark_emulator.url))

    assert not report.ok
    assert detail in report.checks[-1].detail


def test_a_link_to_a_table_that_is_gone_is_a_finding(lark, crm):
    """The base is there, its table is not."""
    report = examine(lark, f"{crm.url}?table=tblGone")

    assert found(report)[-1] == ("records of CRM", "fail", "the base has no table tblGone")


def test_credentials_that_are_refused_meanwhile_are_a_finding(lark, lark_emulator):
    """The token ran out and Lark gives no new one: that is a failure, not a closed Drive."""
    lark_emulator.revoke_tokens()
    lark_emulator.fail(10014, endpoint="token")

    report = lark.doctor()

    assert not report.ok
    assert (report.checks[2].name, report.checks[2].status) == ("drive", "fail")
    assert "secret was refused" in report.checks[2].detail


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ConfigurationError("No credentials.", hint="Set them."), "settings"),
        (NetworkError("Refused.", hint="Set them."), "network"),
    ],
)
def test_a_client_that_cannot_be_made_has_a_report_too(error, name):
    """The error becomes the finding."""
    report = not_connected(error)

    assert not report.ok
    assert report.checks[1:] == (Check(name, "fail", error.message, "Set them."),)


def test_the_report_reads_well_as_text():
    """A sign, what was looked at, what was found, and what to do."""
    report = DoctorReport(
        (
            Check("credentials", "ok", "app cli_a1b…"),
            Check("base HR", "warn", "advanced permissions are on"),
            Check(
                "base CRM",
                "fail",
                "no access",
                "Open the base.",
                "https://acme.larksuite.com/base/x",
            ),
        )
    )

    assert repr(report).splitlines() == [
        "✓ credentials: app cli_a1b…",
        "! base HR: advanced permissions are on",
        "✗ base CRM: no access",
        "  → Open the base.",
        "    https://acme.larksuite.com/base/x",
    ]
