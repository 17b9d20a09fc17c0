"""A client talks to one platform, chosen in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.domain import Domain, known_suffix
from larkbase_sdk.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("larksuite", Domain("https://open.larksuite.com", "open.larksuite.com", "larksuite.com")),
        (" Lark ", Domain("https://open.larksuite.com", "open.larksuite.com", "larksuite.com")),
        ("feishu", Domain("https://open.feishu.cn", "open.feishu.cn", "feishu.cn")),
        ("feishu.cn", Domain("https://open.feishu.cn", "open.feishu.cn", "feishu.cn")),
        ("open.larksuite.com",
         Domain("https://open.larksuite.com", "open.larksuite.com", "larksuite.com")),
        ("http://open.feishu.cn/", Domain("https://open.feishu.cn", "open.feishu.cn", "feishu.cn")),
        ("https://acme.feishu.cn/base/x",
         Domain("https://open.feishu.cn", "open.feishu.cn", "feishu.cn")),
        ("http://127.0.0.1:8080/", Domain("http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080")),
        ("127.0.0.1:8080", Domain("http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080")),
        ("localhost", Domain("http://localhost", "localhost", "localhost")),
        ("http://[::1]:80", Domain("http://[::1]", "::1", "[::1]")),
        ("lark.corp.example", Domain("https://lark.corp.example", "lark.corp.example",
                                     "lark.corp.example")),
        ("http://emulator:8080", Domain("http://emulator:8080", "emulator", "emulator:8080")),
    ],
)  # fmt: skip
def test_a_domain_is_read_from_a_brand_a_host_or_an_address(text: str, domain: Domain) -> None:
    """Brands are always reached by https, whatever was typed."""
    assert Domain.parse(text) == domain


@pytest.mark.parametrize(
    "text",
    ["", "larksute", "https://", "ftp://x.example", "https://open.feishu.cn@evil.com",
     "https://lark.corp.example/prefix", "https://user:hunter22@lark.corp.example",
     "https://x:hunter22", "https://fеishu.cn", "a b"],
)  # fmt: skip
def test_an_unusable_domain_says_what_is_allowed(text: str) -> None:
    """The error repeats no password that was pasted along."""
    with pytest.raises(ConfigurationError) as caught:
        Domain.parse(text)

    assert "larksuite" in (caught.value.hint or "")
    assert "hunter22" not in str(caught.value)


def test_the_kind_of_platform_is_known() -> None:
    """Zones and proxies depend on whether this is Feishu or this machine."""
    lark, feishu, local = map(Domain.parse, ("larksuite", "feishu", "http://localhost:8080"))

    assert [d.is_feishu for d in (lark, feishu, local)] == [False, True, False]
    assert [d.is_loopback for d in (lark, feishu, local)] == [False, False, True]
    assert [d.port for d in (lark, feishu, local)] == [None, None, 8080]


def test_a_domain_allows_lark_loopback_and_itself() -> None:
    """Every other host is foreign."""
    domain = Domain.parse("https://lark.corp.example")
    hosts = ["lark.corp.example", "acme.feishu.cn", "LARKSUITE.COM.", "127.0.0.1", "::1",
             "corp.example", "x.lark.corp.example", "evil.com", "notfeishu.cn", ""]  # fmt: skip

    assert [domain.allows(host) for host in hosts] == [True] * 5 + [False] * 5


@given(st.text(max_size=30))
def test_no_text_crashes_the_domain_reader(text: str) -> None:
    """Any setting is either a platform or a documented error."""
    try:
        domain = Domain.parse(text)
    except ConfigurationError:
        return
    assert domain.allows(domain.host)
    assert domain.origin.startswith("https://") or known_suffix(domain.host) is None
