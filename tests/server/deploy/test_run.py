"""A package runs under Lambda's own runtime client."""

from __future__ import annotations

import json

import pytest

from larkbase_server.deploy.contents import CONNECTOR, CRAWLER
from larkbase_server.deploy.local_runtime import LocalRuntime
from larkbase_server.protocol.answer_size import LAMBDA_LIMIT

IDENTITY = {
    "id": "UNKNOWN",
    "principal": "UNKNOWN",
    "account": "123456789012",
    "arn": "UNKNOWN",
    "tags": {},
    "groups": [],
}


def message(kind, **more):
    return {
        "@type": f"{kind}Request",
        "identity": IDENTITY,
        "queryId": "17e1e4c5-6a4d-4d4b-8d1b-0d2a3ae0a4b9",
        "catalogName": "lark_base",
        **more,
    }


@pytest.fixture
def connector(runnable):
    """Start the connector with these environment variables."""

    def start(**environ):
        return LocalRuntime(
            runnable.python, runnable.connector, runnable.libraries, CONNECTOR.handler, environ
        )

    return start


class TestConnector:
    """``larkbase-connector``."""

    def test_a_ping_is_answered_without_any_setting(self, connector):
        """Neither Lark nor AWS is needed, so that registering works before the secret is filled."""
        with connector() as process:
            outcome = process.invoke(message("Ping"))

        assert not outcome.failed
        assert {
            name: outcome.payload[name] for name in ("@type", "sourceType", "serDeVersion")
        } == {
            "@type": "PingResponse",
            "sourceType": "lark-base",
            "serDeVersion": 5,
        }

    def test_one_process_answers_many_times(self, connector):
        """What it keeps between invocations does no harm."""
        with connector() as process:
            answers = [process.invoke(message("Ping")).payload for _ in range(3)]

        assert answers == [answers[0]] * 3

    def test_an_unknown_message_is_a_failed_invocation(self, connector):
        """Athena shows its text."""
        with connector() as process:
            outcome = process.invoke(message("Nonsense"))

        assert outcome.failed
        assert "NonsenseRequest" in outcome.payload["errorMessage"]


class TestCrawler:
    """``larkbase-crawler``."""

    def test_a_wrong_payload_is_a_failed_invocation(self, runnable):
        """With the text that callers of the older crawler know."""
        with LocalRuntime(
            runnable.python, runnable.crawler, runnable.libraries, CRAWLER.handler, {}
        ) as process:
            outcome = process.invoke({"handlerType": "NOTION"})

        assert outcome.failed
        assert "Invalid handler type: NOTION" in outcome.payload["errorMessage"]


class TestRuntime:
    """What runs packages behaves as Lambda does."""

    @pytest.fixture
    def running(self, runnable, tmp_path):
        """Run a handler of these lines."""

        def start(*lines):
            (tmp_path / "task.py").write_text("\n".join(lines))
            return LocalRuntime(runnable.python, tmp_path, runnable.libraries, "task.handler", {})

        return start

    def test_an_exception_is_a_failed_invocation(self, running):
        """With its class and its text."""
        with running(
            "def handler(event, context):", "    raise ValueError(event['text'])"
        ) as process:
            outcome = process.invoke({"text": "no"})

        assert outcome.failed
        assert (outcome.payload["errorType"], outcome.payload["errorMessage"]) == (
            "ValueError",
            "no",
        )

    def test_an_answer_above_lambdas_limit_is_a_failed_invocation(self, running):
        """The largest that passes has exactly so many bytes, the quotes of JSON included."""
        with running("def handler(event, context):", "    return 'x' * event") as process:
            fits = process.invoke(LAMBDA_LIMIT - 2)
            too_large = process.invoke(LAMBDA_LIMIT - 1)

        assert not fits.failed
        assert too_large.failed
        assert too_large.payload["errorType"] == "Function.ResponseSizeTooLarge"

    def test_a_module_that_cannot_be_loaded_fails_every_invocation(self, running):
        """As a missing library does."""
        with running("import a_library_that_is_missing") as process:
            outcomes = [process.invoke({}) for _ in range(2)]

        assert [outcome.failed for outcome in outcomes] == [True, True]
        assert outcomes[0].payload["errorType"] == "Runtime.ImportModuleError"

    def test_a_process_that_dies_is_an_error(self, running):
        """Not a wait without end."""
        with (
            running("import os", "def handler(event, context):", "    os._exit(3)") as process,
            pytest.raises(RuntimeError, match="ended with code 3"),
        ):
            process.invoke({})

    def test_a_function_sees_its_own_variables_only(self, running, monkeypatch):
        """Nobody's credentials get in by accident."""
        monkeypatch.setenv("LARK_APP_SECRET", "not-for-the-function")
        with running(
            "import os", "def handler(event, context):", "    return sorted(os.environ)"
        ) as process:
            names = process.invoke({}).payload

        assert [name for name in names if name.startswith(("LARK", "default_"))] == []
        assert {"_HANDLER", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"} <= set(names)
        assert json.dumps(names)
