"""AWS requests and answers as they travel: who is asked for what, and how a refusal is written."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_JSON_TYPE = "application/x-amz-json-1.1"
_FORM_TYPE = "application/x-www-form-urlencoded"
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"

# S3 names its operation by method, by the presence of a key, and by one query parameter; the first
# row that fits decides.
_S3_OPERATIONS = (
    ("GET", "key", "", "GetObject"),
    ("HEAD", "key", "", "HeadObject"),
    ("PUT", "key", "partNumber", "UploadPart"),
    ("PUT", "key", "", "PutObject"),
    ("POST", "key", "uploads", "CreateMultipartUpload"),
    ("POST", "key", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "key", "uploadId", "AbortMultipartUpload"),
    ("DELETE", "key", "", "DeleteObject"),
    ("GET", "bucket", "list-type", "ListObjectsV2"),
    ("GET", "bucket", "lifecycle", "GetBucketLifecycleConfiguration"),
    ("GET", "bucket", "location", "GetBucketLocation"),
    ("GET", "bucket", "", "ListObjects"),
    ("HEAD", "bucket", "", "HeadBucket"),
    ("PUT", "bucket", "lifecycle", "PutBucketLifecycleConfiguration"),
    ("PUT", "bucket", "", "CreateBucket"),
    ("POST", "bucket", "delete", "DeleteObjects"),
    ("DELETE", "bucket", "", "DeleteBucket"),
    ("GET", "service", "", "ListBuckets"),
)


class AwsError(Exception):
    """An error that an AWS service answers with.

    Attributes:
        code: Code of the service, such as ``ThrottlingException``.
        status: HTTP status.
    """

    def __init__(self, message: str, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived.

    Attributes:
        service: Name as boto3 has it (``glue``, ``athena``, ``s3`` …).
        operation: Name as the API reference has it (``GetTables``); empty when unknown.
        parameters: What was asked. For S3 only ``Bucket`` and ``Key``. Kept out of the repr,
            because requests may carry secrets.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def writes(self) -> bool:
        """Whether the operation changes something, judged by its name as AWS does for logs."""
        return not self.operation.startswith(("Get", "List", "BatchGet", "Head", "Describe"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, payload: Mapping[str, Any], status: int = 200, **headers: str) -> Reply:
        """Return an answer in the JSON protocol."""
        extra = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(status, json.dumps(payload).encode(), (("Content-Type", _JSON_TYPE), *extra))

    @property
    def ok(self) -> bool:
        """Whether this is an answer and no refusal."""
        return self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> dict[str, Any]:
        """Return the parsed body; an empty body is an empty object."""
        parsed: dict[str, Any] = json.loads(self.body or b"{}")
        return parsed

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Return the body for the WSGI server, after the status and the headers."""
        phrase = HTTPStatus(self.status).phrase
        kept = [pair for pair in self.headers if pair[0].lower() != "content-length"]
        length = ("Content-Length", str(len(self.body)))
        start_response(f"{self.status} {phrase}", [*kept, length])
        return [self.body]


Forward = Callable[[str, Mapping[str, Any]], Reply]
"""Puts a request with this operation and these parameters to moto and returns the answer."""


def read_call(environ: WSGIEnvironment) -> Call:
    """Return what a request asks; a JSON or form body stays readable for the next application."""
    service = _signed_service(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        parameters: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            parameters = json.loads(_keep_body(environ))
        return Call(service, target.rpartition(".")[2], parameters)
    if environ.get("CONTENT_TYPE", "").startswith(_FORM_TYPE):
        form = dict(parse_qsl(_keep_body(environ).decode("utf-8", "replace")))
        return Call(service, form.pop("Action", ""), form)
    return _s3_call(environ) if service == "s3" else Call(service, "")


def _signed_service(environ: WSGIEnvironment) -> str:
    """Return the service of the signature's scope; unsigned requests are taken for S3."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else "s3"


def _keep_body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3_call(environ: WSGIEnvironment) -> Call:
    bucket, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    level = "key" if key else "bucket" if bucket else "service"
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method = environ["REQUEST_METHOD"]
    named = (
        operation
        for verb, where, marker, operation in _S3_OPERATIONS
        if verb == method and where == level and (not marker or marker in query)
    )
    parameters = {"Bucket": bucket, "Key": key}
    return Call("s3", next(named, ""), {name: text for name, text in parameters.items() if text})


def refusal(call: Call, error: AwsError) -> Reply:
    """Return an error in the form that the service's clients expect: JSON or XML."""
    text = str(error)
    if call.service == "s3":
        body = "" if call.operation.startswith("Head") else _xml_error(error.code, text)
        return Reply(error.status, body.encode(), (("Content-Type", "application/xml"),))
    if call.service == "sts":
        inner = f"{_xml_error(error.code, text)}<RequestId>{uuid.uuid4()}</RequestId>"
        body = f'<ErrorResponse xmlns="{_STS_NAMESPACE}">{inner}</ErrorResponse>'
        return Reply(error.status, body.encode(), (("Content-Type", "text/xml"),))
    payload = {"__type": error.code, "message": text, "Message": text}
    return Reply.of_json(payload, error.status, x_amzn_ErrorType=error.code)


def _xml_error(code: str, message: str) -> str:
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def drain(environ: WSGIEnvironment) -> None:
    """Read a body that nobody wants, so that the client can finish sending it."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        environ["wsgi.input"].read(int(length))
    elif environ.get("wsgi.input_terminated"):
        environ["wsgi.input"].read()


def capture(app: WSGIApplication, environ: WSGIEnvironment) -> Reply:
    """Run a WSGI application and return its whole answer."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[..., object]:
        heads.append((status, headers))
        return heads.append  # the old ``write`` of WSGI, which moto does not use

    body = b"".join(app(environ, start))
    status, headers = heads[-1]
    return Reply(int(status.split()[0]), body, tuple(headers))
