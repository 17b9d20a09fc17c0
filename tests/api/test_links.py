"""A pasted link is enough, and a foreign link gets nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.links import (
    Link,
    check_host,
    classify,
    domain_of,
    is_link,
    parse_link,
)
from larkbase_sdk.errors import ConfigurationError

APP = "NQRxbRkBMa6OnZsjtERcxhNWnNh"
LARK = Domain.parse("larksuite")
FEISHU = Domain.parse("feishu")


def _base(origin: str, table: str | None = None, view: str | None = None) -> Link:
    query = "&".join(f"{k}={v}" for k, v in (("table", table), ("view", view)) if v)
    url = f"{origin}/base/{APP}" + (f"?{query}" if query else "")
    host = origin.partition("://")[2].partition(":")[0]
    return Link("base", APP, table, view, host, origin, url)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (f"https://acme.larksuite.com/base/{APP}", _base("https://acme.larksuite.com")),
        (
            f"https://acme.feishu.cn/base/{APP}?table=tblA1&view=vewB2",
            _base("https://acme.feishu.cn", "tblA1", "vewB2"),
        ),
        (
            f"https://acme.feishu.cn/base/{APP}?view=vewB2&from=from_copylink&table=tblA1#part",
            _base("https://acme.feishu.cn", "tblA1", "vewB2"),
        ),
        (f"https://acme.sg.larkoffice.com/base/{APP}/", _base("https://acme.sg.larkoffice.com")),
        (f"https://lark-team.larksuite.com/base/{APP}", _base("https://lark-team.larksuite.com")),
        (
            f"http://127.0.0.1:8080/base/{APP}?table=tblA1&view=vewB2",
            _base("http://127.0.0.1:8080", "tblA1", "vewB2"),
        ),
        (
            f"https://bases.corp.example:8443/base/{APP}",
            _base("https://bases.corp.example:8443"),
        ),
        (f"  <https://acme.feishu.cn/base/{APP}>\n", _base("https://acme.feishu.cn")),
        (f"\u200bhttps://acme.feishu.cn/base/{APP}\ufeff", _base("https://acme.feishu.cn")),
        (f'"https://acme.feishu.cn/base/{APP}"', _base("https://acme.feishu.cn")),
        (f"(https://acme.feishu.cn/base/{APP}).", _base("https://acme.feishu.cn")),
        (f"「https://acme.feishu.cn/base/{APP}」。", _base("https://acme.feishu.cn")),
        (
            f"https://acme.feishu.cn/base/{APP}?table=tblA1&view=vewB2,",
            _base("https://acme.feishu.cn", "tblA1", "vewB2"),
        ),
        (f"acme.feishu.cn/base/{APP}", _base("https://acme.feishu.cn")),
        (
            f"localhost:8080/base/{APP}?table=tblA1&view=vewB2",
            _base("http://localhost:8080", "tblA1", "vewB2"),
        ),
        (f"127.0.0.1:8080/base/{APP}", _base("http://127.0.0.1:8080")),
        (f"HTTPS://ACME.Feishu.CN./base/{APP}", _base("https://acme.feishu.cn")),
        (f"http://acme.feishu.cn:80/base/{APP}", _base("https://acme.feishu.cn")),
        (f"https://acme.feishu.cn/base/%4E{APP[1:]}", _base("https://acme.feishu.cn")),
        (
            f"https://acme.feishu.cn/base/{APP}?table=%74blA1&amp;view=vewB2",
            _base("https://acme.feishu.cn", "tblA1", "vewB2"),
        ),
        (
            f"https://acme.feishu.cn/base/{APP}?table=&table=tblA1",
            _base("https://acme.feishu.cn", "tblA1"),
        ),
    ],
)
def test_a_base_link_is_understood_however_it_was_copied(text: str, link: Link) -> None:
    """Brackets, blanks, letter case, query order, fragments and escapes do not matter."""
    assert is_link(text)
    assert parse_link(text) == link


def test_a_wiki_link_keeps_table_and_view() -> None:
    """The node is resolved later; table and view are known from the link."""
    link = parse_link("https://acme.larksuite.com/wiki/wikcnKQ1k3p?table=tblA1&view=vewB2")

    assert link == Link(
        "wiki", "wikcnKQ1k3p", "tblA1", "vewB2", "acme.larksuite.com",
        "https://acme.larksuite.com",
        "https://acme.larksuite.com/wiki/wikcnKQ1k3p?table=tblA1&view=vewB2",
    )  # fmt: skip


def test_a_folder_link_is_a_folder() -> None:
    """A folder may hold many bases, so it is a kind of its own."""
    link = parse_link("https://acme.larksuite.com/drive/folder/fldcnABC")

    assert (link.kind, link.token) == ("folder", "fldcnABC")
    assert link.url == "https://acme.larksuite.com/drive/folder/fldcnABC"


@pytest.mark.parametrize(
    ("path", "what", "copy"),
    [
        (f"base/{APP}?table=blkDash", "a dashboard", "left bar"),
        (f"base/{APP}?table=wkfFlow", "a workflow", "left bar"),
        (f"base/{APP}?table=ldxDoc", "a document inside a base", "left bar"),
        ("record/Abc123", "one shared record", "/base/"),
        ("share/base/form/shrcnABC", "a share page", "/base/"),
        ("share/base/view/shrcnABC", "a share page", "/base/"),
        ("docx/doxcnABC", "a document", "full page"),
        ("sheets/shtcnABC", "a spreadsheet", "full page"),
        ("drive/home/", "a page of Drive", "/drive/folder/"),
        ("wiki/space/7034502641455497244", "a wiki space", "/wiki/"),
    ],
)
def test_another_page_says_what_it_is_and_what_to_copy(path: str, what: str, copy: str) -> None:
    """A link that cannot work is named, and the way to the right one is told."""
    with pytest.raises(ConfigurationError) as caught:
        parse_link(f"https://acme.larksuite.com/{path}")

    assert what in caught.value.message
    assert copy in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "https://acme.larksuite.com/",
        "https://acme.larksuite.com/base/",
        f"https://acme.larksuite.com/base/{APP}/more",
        "https://acme.larksuite.com/base/a%2Fb",
        "https://acme.larksuite.com/base/..%2f..",
        f"https://acme.larksuite.com/base/{APP}?table=recABC",
        f"https://acme.larksuite.com/base/{APP}?table=tbl/../x",
        f"https://acme.larksuite.com/base/{APP}?view=a%00b",
        f"ftp://acme.larksuite.com/base/{APP}",
        "javascript://acme.larksuite.com/base/x",
        f"https://acme.larksuite.com:port/base/{APP}",
        f"https:///base/{APP}",
        f"https://[::1/base/{APP}",
        "https://acme.larksuite.com/base/x?" + "&".join("a=1" for _ in range(200)),
    ],
)
def test_an_unusable_link_is_a_configuration_error(text: str) -> None:
    """Nothing that cannot be read gets further than here."""
    assert is_link(text)
    with pytest.raises(ConfigurationError) as caught:
        parse_link(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["CRM", APP, "Sales 2024.", ""])
def test_what_is_no_link_is_told_as_such(text: str) -> None:
    """No part of it is taken for the name of a host."""
    with pytest.raises(ConfigurationError, match=r"^This text is no link\."):
        parse_link(text)


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.com/base/{APP}",
        f"https://evil.com/base/{APP}?feishu.cn",
        f"https://evil.com/base/{APP}#https://acme.feishu.cn/",
        f"https://feishu.cn.evil.com/base/{APP}",
        f"https://evilfeishu.cn/base/{APP}",
        f"https://larksuite.com.cn/base/{APP}",
        f"https://open.feishu.cn@evil.com/base/{APP}",
        f"https://user:hunter22@acme.feishu.cn/base/{APP}",
        f"https://evil.com\\@acme.feishu.cn/base/{APP}",
        f"https://evil.com\\.feishu.cn/base/{APP}",
        f"https://evil.com%2F.feishu.cn/base/{APP}",
        f"https://feishu%2Ecn/base/{APP}",
        f"https://acme.fеishu.cn/base/{APP}",
        f"https://acme。feishu。cn/base/{APP}",
        f"https://xn--fishu-3ve.cn/base/{APP}",
        f"https://localhost.evil.com/base/{APP}",
        f"http://evil.localhost/base/{APP}",
        f"http://127.0.0.1.evil.com/base/{APP}",
        f"http://2130706433/base/{APP}",
        f"http://0x7f.1/base/{APP}",
        f"http://10.0.0.1/base/{APP}",
        f"http://169.254.169.254/base/{APP}",
        f"https://acme.feishu.cn\t.evil.com/base/{APP}",
        f"https://acme.feishu.\ncn/base/{APP}",
    ],
)
@pytest.mark.parametrize("domain", [LARK, FEISHU, Domain.parse("http://127.0.0.1:8080")])
def test_a_foreign_host_is_refused_whatever_it_looks_like(url: str, domain: Domain) -> None:
    """Credentials follow no link to a host that only resembles Lark's."""
    with pytest.raises(ConfigurationError) as caught:
        check_host(parse_link(url), domain)

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        (f"https://acme.larksuite.com/base/{APP}", "larksuite"),
        (f"https://acme.feishu.cn/base/{APP}", "feishu"),
        (f"https://FEISHU.CN./base/{APP}", "feishu"),
        (f"https://acme.larkoffice.com/base/{APP}", "feishu"),
        (f"https://acme.larkoffice.com/base/{APP}", "larksuite"),
        (f"https://acme.larksuite.com/base/{APP}", "http://127.0.0.1:8080"),
        (f"http://127.0.0.1:8080/base/{APP}", "http://127.0.0.1:8080"),
        (f"http://localhost:8080/base/{APP}", "http://127.0.0.1:8080"),
        (f"http://[::1]:8080/base/{APP}", "http://localhost:8080"),
        (f"https://lark.corp.example/base/{APP}", "https://lark.corp.example"),
        (f"https://acme.feishu.cn/base/{APP}", "https://lark.corp.example"),
    ],
)
def test_known_loopback_and_configured_hosts_are_accepted(url: str, domain: str) -> None:
    """A link of the own platform, of this machine or of the configured domain may be opened."""
    link = parse_link(url)

    check_host(link, Domain.parse(domain))

    assert link.token == APP


def test_a_bare_id_has_no_host_to_check() -> None:
    """Ids go to the configured platform, whichever it is."""
    link = Link("base", APP)

    check_host(link, FEISHU)

    assert domain_of(link) == LARK


@pytest.mark.parametrize(
    ("url", "domain", "advice"),
    [
        (f"https://acme.feishu.cn/base/{APP}", "larksuite", 'domain="feishu"'),
        (f"https://acme.larksuite.com/base/{APP}", "feishu", 'domain="larksuite"'),
        (f"http://127.0.0.1:9/base/{APP}", "larksuite", 'domain="http://127.0.0.1:9"'),
        (f"http://127.0.0.1:9/base/{APP}", "http://127.0.0.1:8", 'domain="http://127.0.0.1:9"'),
    ],
)
def test_a_link_of_another_platform_names_the_right_one(url: str, domain: str, advice: str) -> None:
    """An app lives on one platform only, so crossing them is told before any call."""
    with pytest.raises(ConfigurationError) as caught:
        check_host(parse_link(url), Domain.parse(domain))

    assert advice in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (f"https://acme.larksuite.com/base/{APP}", "https://open.larksuite.com"),
        (f"http://acme.feishu.cn/base/{APP}", "https://open.feishu.cn"),
        (f"https://acme.larkoffice.com/base/{APP}", "https://open.feishu.cn"),
        (f"http://127.0.0.1:8080/base/{APP}", "http://127.0.0.1:8080"),
        (f"https://evil.com/base/{APP}", "https://open.larksuite.com"),
    ],
)
def test_the_platform_of_a_link_is_never_a_foreign_host(url: str, origin: str) -> None:
    """Whoever connects with a link alone talks to Lark, Feishu or this machine."""
    assert domain_of(parse_link(url)).origin == origin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APP, Link("base", APP)),
        ("bascnABCdef123", Link("base", "bascnABCdef123")),
        (f"{APP}_tblEnSV123", Link("base", APP, "tblEnSV123")),
        ("CRM", None),
        ("Sales 2024", None),
        (f"{APP}_x", None),
        ("", None),
    ],
)
def test_a_bare_id_is_told_from_a_name(text: str, expected: Link | None) -> None:
    """Ids and names are equal citizens, so their shapes are recognised."""
    assert classify(text) == expected
    assert not is_link(text)


def test_a_link_is_classified_like_parsed() -> None:
    """Wherever a name fits, a link fits."""
    text = f"https://acme.feishu.cn/base/{APP}?table=tblA1"

    assert classify(text) == parse_link(text)


_HOSTS = st.sampled_from(
    ["acme.feishu.cn", "acme.larksuite.com", "127.0.0.1:80", "evil.com", "[::1]", "x:y@evil.com"]
)
_PARTS = st.text(st.characters(codec="utf-16"), max_size=30)


@given(_HOSTS, _PARTS, _PARTS)
def test_no_text_crashes_the_link_reader(host: str, path: str, query: str) -> None:
    """Any pasted text is either a link or a documented error, and ids stay plain."""
    text = f"https://{host}/base/{path}?table={query}"
    try:
        link = parse_link(text)
    except ConfigurationError as error:
        shown = str(error)
    else:
        shown = link.url
        assert shown.isascii()
        assert shown.isprintable()
        assert parse_link(shown) == link
    assert "x:y@" not in shown


@given(st.text(max_size=60))
def test_any_text_can_be_classified(text: str) -> None:
    """A name of any script is no crash."""
    try:
        link = classify(text)
    except ConfigurationError:
        assert is_link(text)
        return
    assert link is None or link.kind in {"base", "wiki", "folder"}


@given(_PARTS, st.sampled_from([LARK, FEISHU]))
def test_only_real_subdomains_pass(label: str, domain: Domain) -> None:
    """Whatever stands before or after a known name, only a true sub-domain is trusted."""
    for text in (
        f"https://{label}feishu.cn.evil.com/base/x1",
        f"https://evil.com/{label}.feishu.cn",
    ):
        with pytest.raises(ConfigurationError):
            check_host(parse_link(text), domain)
