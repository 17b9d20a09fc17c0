"""``AwsEmulator``: the AWS services that larkbase uses, on this machine and behind one address."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Self

from larkbase_sdk.emulator.callers import REFUSAL, is_own
from larkbase_sdk.errors import ConfigurationError
from larkbase_server.local.aws_athena import AthenaGaps
from larkbase_server.local.aws_calls import Calls, Fault, Faults
from larkbase_server.local.aws_glue import GlueGaps
from larkbase_server.local.aws_limits import service_model
from larkbase_server.local.aws_moto import Moto, ServerThread
from larkbase_server.local.aws_wire import AwsError, Call, Reply, drain, read_call, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

ACCESS_KEY = "larkbase-emulator"
SECRET_KEY = "larkbase-emulator-secret"  # noqa: S105 - opens nothing, the emulator takes any key
REGION = "us-east-1"


class AwsEmulator:
    """Glue, Athena, S3, Secrets Manager, KMS and STS as one HTTP server in this process.

    The services are moto's; where moto departs from AWS in something that larkbase relies on,
    ``glue`` and ``athena`` answer instead. It runs from construction to ``stop``; use it as a
    context manager. Moto keeps its data in the process: emulators in one process share it, and
    each one empties it when it starts.

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on, which must be of this machine.

    Attributes:
        url: Address of the server, for ``AWS_ENDPOINT_URL``.
        calls: The calls that arrived.
        athena: How queries go, and what they read.
        glue: Tables that refuse to be deleted.

    Raises:
        ConfigurationError: moto's server is not installed, the port is taken, or the host is not
            of this machine.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.calls = Calls()
        self.glue = GlueGaps()
        self._moto = Moto()
        self.athena = AthenaGaps(self._moto)
        self._faults = Faults()
        self.reset()
        self._server = ServerThread(self._respond, host, port)
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"AwsEmulator({self.url})"

    def stop(self) -> None:
        """Stop the server; a second call does nothing."""
        self._server.stop()

    def wait(self) -> None:
        """Wait until the server is stopped."""
        self._server.wait()

    def reset(self) -> None:
        """Empty every service, and forget calls, faults and how queries go."""
        self._moto.reset()
        self.athena.reset()
        self.glue.reset()
        self._faults.clear()
        self.calls.clear()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that lead boto3 and the AWS command line here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of this emulator that does not retry.

        Args:
            service: Name of the service, as boto3 has it.
            **options: Further arguments of ``boto3.client``; ``config`` brings retries back.
        """
        from botocore.config import Config

        options.setdefault("config", Config(retries={"total_max_attempts": 1}))
        return self._session.client(service, endpoint_url=self.url, **options)

    def fail(
        self,
        service: str,
        operation: str,
        code: str,
        times: int | None = 1,
        *,
        message: str = "Refused on order.",
        status: int = 400,
        after: int = 0,
    ) -> None:
        """Make coming calls of one operation fail; the earliest order that fits counts.

        Args:
            service: Service, as boto3 names it.
            operation: Operation, as the API reference names it (``GetTables``).
            code: Error code to answer with, such as ``ThrottlingException``.
            times: How many calls fail; None for all until the reset.
            message: Text of the error.
            status: HTTP status of the answer.
            after: How many calls pass first.

        Raises:
            ConfigurationError: The service has no such operation.
        """
        if operation not in service_model(service).operation_names:
            msg = f"The service {service} has no operation {operation!r}."
            raise ConfigurationError(msg, hint="Names are those of the API reference: GetTables.")
        error = AwsError(message, code, status)
        self._faults.add(Fault(service, operation, error, times, after))

    @functools.cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.session.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
        )

    def _respond(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request: as a fault, by ourselves, or by moto."""
        if not is_own(environ.get("HTTP_HOST"), environ.get("HTTP_ORIGIN")):
            # Moto allows every page of the web to read its answers.
            drain(environ)
            return Reply(403, REFUSAL.encode(), (("Content-Type", "text/plain"),)).send(start)
        if environ["PATH_INFO"].startswith("/moto-api"):
            return self._moto.app(environ, start)
        call = read_call(environ)
        self.calls.add(call)
        try:
            self._faults.check(call)
            reply = self._answer(call, environ)
        except AwsError as error:
            drain(environ)
            reply = refusal(call, error)
        return reply.send(start) if reply else self._moto.app(environ, start)

    def _answer(self, call: Call, environ: WSGIEnvironment) -> Reply | None:
        """Return the answer of a service whose gaps are filled here; None leaves it to moto."""

        def forward(operation: str, parameters: Mapping[str, Any]) -> Reply:
            return self._moto.forward(environ, operation, parameters)

        if call.service == "glue":
            return self.glue.handle(call, forward)
        if call.service == "athena":
            return self.athena.handle(call, forward)
        return None


def serve(
    port: int = 5000,
    host: str = "127.0.0.1",
    *,
    announce: Callable[[AwsEmulator], None] | None = None,
) -> None:
    """Run an AWS emulator until it is stopped or ``KeyboardInterrupt`` is raised.

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on, which must be of this machine.
        announce: Called with the emulator once it listens, to show its address.

    Raises:
        ConfigurationError: As ``AwsEmulator``.
    """
    with AwsEmulator(port, host) as emulator:
        if announce:
            announce(emulator)
        emulator.wait()
