"""The Lambda endpoint: clients of AWS invoke functions of this process as if they were deployed."""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from larkbase_sdk.errors import ConfigurationError, NotFound
from larkbase_server.local.functions import ProjectFunctions
from larkbase_server.local.lambda_endpoint import EVENT_LIMIT, REQUEST_LIMIT, LambdaEndpoint
from larkbase_server.protocol.answer_size import LAMBDA_LIMIT

ARN = "arn:aws:lambda:us-east-1:123456789012:function:echo"


def echo(event, context):
    return {"event": event, "name": context.function_name}


def fail(event, context):
    raise NotFound('No table "Ordres".', hint="did you mean Orders?", code=1254041)


@pytest.fixture(scope="module")
def seen():
    """What asynchronous invocations brought."""
    return []


@pytest.fixture(scope="module")
def endpoint(seen):
    arrived = threading.Event()

    def note(event, context):
        seen.append(event)
        arrived.set()
        return "unheard"

    def describe(event, context):
        return {
            "arn": context.invoked_function_arn,
            "version": context.function_version,
            "request": context.aws_request_id,
            "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(),
            "log": [context.log_group_name, context.log_stream_name],
        }

    def leave(event, context):
        raise SystemExit(3)

    def interrupt(event, context):
        raise KeyboardInterrupt

    functions = {
        "echo": echo,
        "interrupt": interrupt,
        "fail": fail,
        "note": note,
        "describe": describe,
        "leave": leave,
        "set": lambda event, context: {1, 2},
        "sized": lambda event, context: "x" * event,
    }
    with LambdaEndpoint(functions) as running:
        running.arrived = arrived
        yield running


@pytest.fixture
def client(endpoint):
    return boto3.client(
        "lambda",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def invoke(client, name, event=None, **options):
    if event is not None:
        options["Payload"] = json.dumps(event)
    answer = client.invoke(FunctionName=name, **options)
    return answer, json.loads(answer["Payload"].read() or b"null")


class TestSynchronous:
    """``RequestResponse`` waits for the function and brings what it returned."""

    def test_the_function_gets_the_event_and_its_value_comes_back(self, client):
        """With the status and the version that Lambda tells."""
        answer, payload = invoke(client, "echo", {"x": [1, None, "ü"]})

        assert payload == {"event": {"x": [1, None, "ü"]}, "name": "echo"}
        assert answer["StatusCode"] == 200
        assert answer["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in answer

    def test_no_payload_is_an_empty_object(self, client):
        """As in Lambda."""
        assert invoke(client, "echo")[1]["event"] == {}

    @pytest.mark.parametrize(
        "name",
        ["echo", ARN, "123456789012:function:echo", "echo:$LATEST", "function:echo"],
    )
    def test_a_function_goes_by_name_arn_or_partial_arn(self, client, name):
        """With or without the version."""
        assert invoke(client, name, {})[1]["name"] == "echo"

    def test_the_context_tells_what_lambda_tells(self, client):
        """Names, version, ARN, memory, log and the time that is left."""
        answer, payload = invoke(client, "describe", {})

        request = payload["request"]
        assert answer["ResponseMetadata"]["RequestId"] == request
        assert 0 < payload.pop("left") <= 900_000
        assert payload == {
            "arn": ARN.replace("echo", "describe"),
            "version": "$LATEST",
            "request": request,
            "memory": "3008",
            "log": ["/aws/lambda/describe", f"[$LATEST]{request}"],
        }

    def test_many_invocations_run_at_the_same_time(self, endpoint):
        """None waits for another one: all are inside when the last one comes."""
        together = threading.Barrier(5, timeout=20)
        endpoint._functions["meet"] = lambda event, context: together.wait() >= 0
        answers = []

        def call():
            request = urllib.request.Request(
                f"{endpoint.url}/2015-03-31/functions/meet/invocations", data=b"{}"
            )
            answers.append(urllib.request.urlopen(request).read())

        threads = [threading.Thread(target=call) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == [b"true"] * 5


class TestErrorsOfFunctions:
    """What a function raises comes back as its answer, marked as an error."""

    def test_an_exception_becomes_message_type_and_stack(self, client):
        """The text of our errors holds code and hint."""
        answer, payload = invoke(client, "fail", {})

        assert answer["StatusCode"] == 200
        assert answer["FunctionError"] == "Unhandled"
        assert payload["errorType"] == "NotFound"
        assert payload["errorMessage"] == (
            'No table "Ordres". (Lark 1254041)\n  Hint: did you mean Orders?'
        )
        assert payload["requestId"] == answer["ResponseMetadata"]["RequestId"]
        assert [step.split("in ")[-1].split("\n")[0] for step in payload["stackTrace"]] == ["fail"]

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("set", "Runtime.MarshalError"),
            ("leave", "Runtime.ExitError"),
            ("interrupt", "Runtime.ExitError"),
        ],
    )
    def test_what_lambda_cannot_return_is_an_error_of_the_runtime(self, client, name, kind):
        """No JSON value, and the end of the process."""
        answer, payload = invoke(client, name, {})

        assert (answer["FunctionError"], payload["errorType"]) == ("Unhandled", kind)

    def test_an_answer_of_the_largest_size_comes_back(self, client):
        """Its two quotes count."""
        _, payload = invoke(client, "sized", LAMBDA_LIMIT - 2)

        assert len(payload) == LAMBDA_LIMIT - 2

    def test_a_larger_answer_is_an_error(self, client):
        """By a single byte."""
        answer, payload = invoke(client, "sized", LAMBDA_LIMIT - 1)

        assert answer["FunctionError"] == "Unhandled"
        assert payload == {
            "errorMessage": "Response payload size exceeded maximum allowed payload size "
            "(6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        }


class TestRefusals:
    """Lambda refuses some requests before any function is called."""

    @pytest.mark.parametrize("name", ["nobody", ARN.replace("echo", "nobody"), "echo:prod"])
    def test_an_unknown_function_or_version(self, client, name):
        """The ARN tells what was looked for."""
        with pytest.raises(ClientError, match="Function not found: arn:aws:lambda") as caught:
            invoke(client, name, {})

        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404

    @pytest.mark.parametrize("payload", [b"{", b"[" * 100_000])
    def test_a_payload_that_is_no_json(self, client, payload):
        """It is cut off, or nested without end."""
        with pytest.raises(ClientError, match="Could not parse request body into json") as caught:
            client.invoke(FunctionName="echo", Payload=payload)

        assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"

    @pytest.mark.parametrize(
        ("kind", "limit"), [("RequestResponse", REQUEST_LIMIT), ("Event", EVENT_LIMIT)]
    )
    def test_a_payload_that_is_too_large(self, client, kind, limit):
        """Asynchronous invocations take less."""
        with pytest.raises(ClientError, match=f"must be smaller than {limit} bytes") as caught:
            client.invoke(
                FunctionName="echo", InvocationType=kind, Payload=b'"' + b"x" * limit + b'"'
            )

        assert caught.value.response["Error"]["Code"] == "RequestTooLargeException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413

    def test_an_unknown_kind_of_invocation(self, endpoint):
        """boto3 would not send it."""
        request = urllib.request.Request(
            f"{endpoint.url}/2015-03-31/functions/echo/invocations",
            data=b"{}",
            headers={"X-Amz-Invocation-Type": "Later"},
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as answer:
            assert answer.code == 400
            assert answer.headers["x-amzn-ErrorType"] == "InvalidParameterValueException"


class TestOtherKinds:
    """``Event`` does not wait, ``DryRun`` does not call."""

    def test_an_event_is_taken_and_worked_on_later(self, client, endpoint, seen):
        """The answer does not wait for it."""
        answer, payload = invoke(client, "note", {"n": 1}, InvocationType="Event")

        assert (answer["StatusCode"], payload) == (202, None)
        assert endpoint.arrived.wait(20)
        assert seen == [{"n": 1}]

    def test_a_failed_event_is_told_in_the_log(self, client):
        """Nobody else would hear of it."""
        told, lines = threading.Event(), []

        class Watch(logging.Handler):
            def emit(self, record):
                lines.append(record.getMessage())
                told.set()

        logger, watch = logging.getLogger("larkbase.local"), Watch()
        logger.addHandler(watch)
        try:
            invoke(client, "fail", {}, InvocationType="Event")
            assert told.wait(20)
        finally:
            logger.removeHandler(watch)

        (line,) = lines
        start = 'The asynchronous invocation of fail failed: NotFound: No table "Ordres".'
        assert line.startswith(start)

    def test_a_dry_run_only_looks(self, client, seen):
        """The function is not called."""
        seen.clear()

        answer, _ = invoke(client, "note", {"n": 2}, InvocationType="DryRun")

        assert (answer["StatusCode"], seen) == (204, [])

    def test_a_dry_run_of_an_unknown_function_is_refused(self, client):
        """That is what it is for."""
        with pytest.raises(ClientError, match="Function not found"):
            invoke(client, "nobody", {}, InvocationType="DryRun")


class TestEndpoint:
    """The server itself."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://pages.example", "Content-Type": "text/plain"},
            {"Host": "pages.example"},
        ],
    )
    def test_a_page_of_the_web_calls_no_function(self, headers):
        """A browser lets every page post to this machine, where functions act for their user."""
        called = []
        with LambdaEndpoint({"act": lambda event, context: called.append(event)}) as running:
            url = f"{running.url}/2015-03-31/functions/act/invocations"
            request = urllib.request.Request(url, data=b"{}", headers=headers)
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(request)
        assert called == []

    def test_only_this_machine_is_served(self):
        """Since no credentials are checked."""
        with pytest.raises(ConfigurationError, match="this machine only"):
            LambdaEndpoint({}, host="0.0.0.0")

    def test_a_taken_port_is_told(self, endpoint):
        """With the port."""
        port = int(endpoint.url.rpartition(":")[2])

        with pytest.raises(ConfigurationError, match="The Lambda endpoint cannot listen on"):
            LambdaEndpoint({}, port=port)

    def test_it_stops_although_a_function_never_ends(self):
        """And nobody waits for that function."""
        inside, never = threading.Event(), threading.Event()

        def hang(event, context):
            inside.set()
            never.wait(60)

        endpoint = LambdaEndpoint({"hang": hang})
        url = f"{endpoint.url}/2015-03-31/functions/hang/invocations"
        errors = []

        def call():
            try:
                urllib.request.urlopen(urllib.request.Request(url, data=b"{}"))
            except OSError as error:
                errors.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        assert inside.wait(20)
        endpoint.stop()
        caller.join(20)
        never.set()

        assert not caller.is_alive()
        assert len(errors) == 1

    def test_the_projects_functions_have_their_default_names(self):
        """Connector and crawler, neither of which is loaded for it."""
        assert list(ProjectFunctions().handlers()) == ["larkbase-athena", "larkbase-crawler"]
