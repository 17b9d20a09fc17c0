"""The credentials are found in every form of secret, and never shown."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.profile import Credentials
from larkbase_server.secrets import SecretsProvider
from larkbase_server.settings import CrawlerSettings

CANONICAL = {"lark_app_id": "cli_canonical", "lark_app_secret": "canonical-secret"}
DOCUMENTED = {"app_id": "cli_documented", "app_secret": "documented-secret"}
KEY = "default_secret_manager_lark_app_key"
ID_NAME = "LARK_APP_ID_SECRET_NAME"
SECRET_NAME = "LARK_APP_SECRET_SECRET_NAME"


@pytest.fixture
def client(aws) -> Any:
    """A client of Secrets Manager, which the environment points to as well."""
    return aws.client("secretsmanager")


@pytest.fixture
def store(client: Any) -> Callable[..., str]:
    """Stores secrets and returns the ARN of the last one."""

    def put(**secrets: Any) -> str:
        arn = ""
        for name, value in secrets.items():
            text = value if isinstance(value, str) else json.dumps(value)
            arn = client.create_secret(Name=name, SecretString=text)["ARN"]
        return arn

    return put


@pytest.fixture
def reads(aws) -> Callable[[], int]:
    """Counts how often a secret was read."""
    return lambda: aws.calls.count("secretsmanager", "GetSecretValue")


@pytest.fixture(scope="module")
def lone_client() -> Any:
    """A client that leads nowhere, for answers that are laid down beforehand."""
    return boto3.client(
        "secretsmanager",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def provider(environ: dict[str, str], client: Any = None) -> SecretsProvider:
    return SecretsProvider(CrawlerSettings.from_environ(environ), client)


def refusal(environ: dict[str, str], client: Any = None) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        provider(environ, client).credentials()
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CANONICAL, Credentials("cli_canonical", "canonical-secret", domain="larksuite")),
        (DOCUMENTED, Credentials("cli_documented", "documented-secret", domain="larksuite")),
        (
            CANONICAL | {"more": [1]},
            Credentials("cli_canonical", "canonical-secret", "", "larksuite"),
        ),
        (CANONICAL | DOCUMENTED, Credentials("cli_canonical", "canonical-secret", "", "larksuite")),
    ],
)
def test_one_secret_holds_both_values_under_either_pair_of_keys(store, content, expected):
    """Canonical and documented keys work, further keys do not matter."""
    store(lark=content)

    assert provider({KEY: "lark"}).credentials() == expected


def test_a_secret_is_named_by_its_arn_too(store):
    """Both variables and templates may hold an ARN."""
    arn = store(lark=CANONICAL)

    assert provider({KEY: arn}).credentials().app_id == "cli_canonical"


def test_a_secret_is_read_in_the_region_of_its_arn(aws):
    """Secrets Manager of one region does not know what another one holds."""
    away = boto3.client(
        "secretsmanager",
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    arn = away.create_secret(Name="lark", SecretString=json.dumps(CANONICAL))["ARN"]

    assert ":eu-west-1:" in arn
    assert provider({KEY: arn}).credentials().app_id == "cli_canonical"


@pytest.mark.parametrize(
    ("id_content", "secret_content"),
    [
        (CANONICAL, CANONICAL),
        (DOCUMENTED, DOCUMENTED),
        ({"app_id": "cli_canonical"}, {"lark_app_secret": "canonical-secret"}),
        (" cli_canonical\n", "canonical-secret\n"),
        (CANONICAL, "canonical-secret"),
    ],
)
def test_two_variables_name_objects_or_plain_values(store, id_content, secret_content):
    """Each of the two secrets is an object or the value itself."""
    store(one=id_content, two=secret_content)
    found = provider({ID_NAME: "one", SECRET_NAME: "two", "LARK_DOMAIN": "feishu"}).credentials()

    documented = id_content is DOCUMENTED
    assert found == Credentials(
        "cli_documented" if documented else "cli_canonical",
        "documented-secret" if documented else "canonical-secret",
        domain="feishu",
    )


def test_both_variables_may_name_one_secret_which_is_read_once(store, reads):
    """The documented set-up: one JSON secret under both names, one call."""
    store(lark=DOCUMENTED)
    found = provider({ID_NAME: "lark", SECRET_NAME: "lark"}).credentials()

    assert found == Credentials("cli_documented", "documented-secret", domain="larksuite")
    assert reads() == 1


def test_values_in_the_environment_are_the_last_resort(store):
    """They serve local use; a named secret wins."""
    store(lark=CANONICAL)
    values = {"LARK_APP_ID": "cli_local", "LARK_APP_SECRET": "local-secret"}

    assert provider(values).credentials() == Credentials(
        "cli_local", "local-secret", domain="larksuite"
    )
    assert provider(values | {KEY: "lark"}).credentials().app_id == "cli_canonical"
    assert provider(values).reread() is True


def test_the_secret_is_read_once_and_remembered(store, reads):
    """Warm invocations cost no call."""
    store(lark=CANONICAL)
    known = provider({KEY: "lark"})

    assert known.credentials() is known.credentials()
    assert reads() == 1


def test_rereading_tells_whether_the_secret_was_rotated(store, client):
    """After a refusal by Lark the new value is found without a restart."""
    store(lark=CANONICAL)
    known = provider({KEY: "lark"}, client)
    known.credentials()
    unchanged = known.reread()
    client.put_secret_value(
        SecretId="lark", SecretString=json.dumps(CANONICAL | {"lark_app_secret": "rotated-secret"})
    )

    assert unchanged is False
    assert known.reread() is True
    assert known.credentials().app_secret == "rotated-secret"


def test_what_was_known_stays_known_when_rereading_fails(store, client):
    """A secret that vanished does not take a working process down at once."""
    store(lark=CANONICAL)
    known = provider({KEY: "lark"}, client)
    before = known.credentials()
    client.delete_secret(SecretId="lark", ForceDeleteWithoutRecovery=True)

    with pytest.raises(ConfigurationError):
        known.reread()
    assert known.credentials() is before


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, KEY),
        ({ID_NAME: "one"}, SECRET_NAME),
        ({SECRET_NAME: "two"}, ID_NAME),
        ({"LARK_APP_ID": "cli_1"}, "LARK_APP_SECRET"),
        ({"LARK_APP_SECRET": "local-secret"}, "LARK_APP_ID"),
    ],
)
def test_a_missing_variable_is_named(reads, environ, missing):
    """The first of four different refusals; no call is made."""
    error = refusal(environ)

    assert error.message == (
        f"There are no credentials for Lark: the variable {missing} is not set."
    )
    assert reads() == 0


def test_a_secret_that_does_not_exist_cannot_be_read(client):
    """The second refusal says which secret and what to check."""
    error = refusal({KEY: "nowhere"})

    assert error.message == (
        "The secret nowhere cannot be read: ResourceNotFoundException: "
        "Secrets Manager can't find the specified secret."
    )
    assert error.hint is not None
    assert error.hint.startswith("There is no such secret in this account and region")


def test_a_secret_without_a_value_yet_cannot_be_read(client):
    """Templates create an empty secret that the operator fills."""
    client.create_secret(Name="empty")

    assert "has no value yet" in str(refusal({KEY: "empty"}))


def test_a_role_without_permission_is_told_which_one(aws):
    """The hint names the permission."""
    aws.fail("secretsmanager", "GetSecretValue", "AccessDeniedException", message="not authorized")
    error = refusal({KEY: "lark"})

    assert error.message == (
        "The secret lark cannot be read: AccessDeniedException: not authorized"
    )
    assert "secretsmanager:GetSecretValue" in str(error)


def test_an_endpoint_that_does_not_answer_is_a_refusal_with_advice(client):
    """A function in a VPC without a way out learns what to check."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    silent = boto3.client(
        "secretsmanager",
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(retries={"total_max_attempts": 1}),
    )

    assert "NAT gateway" in str(refusal({KEY: "lark"}, silent))


def test_a_missing_region_is_a_refusal_with_advice(client, monkeypatch):
    """On a machine without AWS settings boto3 cannot make a client."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert "needs a region" in str(refusal({KEY: "lark"}))


@pytest.mark.parametrize("content", ["canonical-secret", "{", "[]", '"text"', " ", '{"a":' * 9000])
def test_a_secret_that_holds_no_json_object_is_not_shown(store, content):
    """The third refusal names the secret and never its content."""
    store(lark=content)
    error = refusal({KEY: "lark"})

    assert error.message == "The secret lark does not hold a JSON object."
    assert "canonical-secret" not in str(error)


def test_a_binary_secret_holds_no_json_object(client):
    """Only text is read."""
    client.create_secret(Name="lark", SecretBinary=b"\x00\x01")

    assert refusal({KEY: "lark"}).message == "The secret lark does not hold a JSON object."


def test_one_plain_secret_cannot_be_both_values(store):
    """A plain value serves one variable only."""
    store(lark="canonical-secret")

    assert refusal({ID_NAME: "lark", SECRET_NAME: "lark"}).message == (
        "The secret lark does not hold a JSON object."
    )


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ({"lark_app_secret": "canonical-secret"}, "lark_app_id or app_id"),
        ({"lark_app_id": "cli_canonical"}, "lark_app_secret or app_secret"),
        ({"app_id": "cli_documented", "app_secret": " "}, "lark_app_secret or app_secret"),
        ({"app_id": 7, "app_secret": "documented-secret"}, "lark_app_id or app_id"),
        ({"cli_canonical": "canonical-secret"}, "lark_app_id or app_id"),
    ],
)
def test_a_missing_key_is_named(store, content, keys):
    """The fourth refusal says which key, and shows nothing of the content."""
    store(lark=content)
    error = refusal({KEY: "lark"})

    assert error.message == f"The secret lark has no {keys}."
    assert "canonical-secret" not in str(error)


@pytest.mark.parametrize(
    "value", ["Vv9pQ2rT7xZk4LmN8bHc3WdFy6GsJ1aE", json.dumps(CANONICAL), "my secret"]
)
def test_a_secret_written_into_the_variable_is_refused_unseen(client, value):
    """Neither a pasted secret nor a pasted object appears in the refusal."""
    error = refusal({KEY: value})

    assert value not in str(error)
    assert "canonical-secret" not in str(error)


def test_nothing_about_the_provider_shows_the_secret(store):
    """Neither its own text nor that of what it returns."""
    store(lark=CANONICAL)
    known = provider({KEY: "lark"})
    before = repr(known)
    shown = repr(known.credentials()) + repr(known)

    assert before == "SecretsProvider(not read yet)"
    assert shown == "Credentials(app cli_canonical, larksuite)SecretsProvider(read)"


CONTENTS = st.one_of(
    st.text(min_size=1),
    st.dictionaries(
        st.sampled_from(["lark_app_id", "lark_app_secret", "app_id", "app_secret", "x"]),
        st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())),
    ).map(json.dumps),
)


@settings(deadline=None)
@given(content=CONTENTS, same=st.booleans())
def test_any_content_gives_credentials_or_a_configuration_error(lone_client, content, same):
    """No content of a secret ends otherwise, and no refusal depends on it but by its kind."""
    names = {ID_NAME: "one", SECRET_NAME: "one" if same else "two"}
    known = provider(names, lone_client)
    with Stubber(lone_client) as stub:
        for _ in range(2):
            stub.add_response("get_secret_value", {"SecretString": content})
        try:
            found = known.credentials()
        except ConfigurationError as error:
            outcome = error.message
        else:
            outcome = "found" if found.app_id and found.app_secret else "half found"

    name = r"The secret (one|two) "
    kinds = r"(does not hold a JSON object|has no lark_app_(id|secret) or app_(id|secret))\."
    assert re.fullmatch(f"found|{name}{kinds}", outcome)
