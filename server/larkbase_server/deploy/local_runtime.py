"""Runs a package as Lambda does: its own runtime client, served by a small runtime API.

The API is that of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, as far as the
client of Python (awslambdaric) speaks it.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from larkbase_server.deploy.wheels import install
from larkbase_server.protocol.answer_size import LAMBDA_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from larkbase_server.deploy.targets import Target

_ARN = "arn:aws:lambda:us-east-1:123456789012:function:larkbase"
_TURN = 0.1
"""Seconds between two looks whether the process still lives."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended.

    Attributes:
        failed: Whether it ended with an error, as the caller of Lambda sees it.
        payload: The answer, or Lambda's description of the error.
    """

    failed: bool
    payload: Any


def install_lambda_libraries(into: Path, target: Target, python: str) -> None:
    """Install what Lambda's Python has of its own: the runtime client and boto3.

    Raises:
        ConfigurationError: when pip cannot do it; pip asks the network.
    """
    install(("awslambdaric", "boto3"), into, target, python)


class LocalRuntime:
    """One process of a Lambda function; a context manager.

    Args:
        python: The interpreter.
        task: The folder with the package's files.
        libraries: The folder that ``install_lambda_libraries`` filled.
        handler: Where the code begins, as Lambda is told.
        environ: The function's environment variables; nothing else of this process's is seen.
        timeout: Seconds until an invocation is given up.
    """

    def __init__(
        self,
        python: Path,
        task: Path,
        libraries: Path,
        handler: str,
        environ: Mapping[str, str],
        timeout: float = 60.0,
    ) -> None:
        self._api = _RuntimeApi(timeout)
        self._command = [str(python), "-m", "awslambdaric", handler]
        self._task = task
        self._timeout = timeout
        self._environ = {
            "PATH": os.environ.get("PATH", ""),
            "AWS_REGION": "us-east-1",
            **environ,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
            "AWS_LAMBDA_FUNCTION_NAME": "larkbase",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": os.pathsep.join((str(task), str(libraries))),
            # In Lambda the folder is read-only.
            "PYTHONDONTWRITEBYTECODE": "1",
            "_HANDLER": handler,
        }

    def __enter__(self) -> Self:
        """Start the process; it loads the handler while this returns."""
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        self._process = subprocess.Popen(  # noqa: S603 - an interpreter of this machine
            self._command,
            cwd=self._task,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._log: list[bytes] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._api.shutdown()
        self._api.server_close()

    def invoke(self, event: Any) -> Outcome:
        """Hand an event to the handler and wait for the end of it.

        Raises:
            TimeoutError: when it takes too long.
            RuntimeError: when the process ends without an answer.
        """
        answers = self._api.send(json.dumps(event).encode())
        end = time.monotonic() + self._timeout
        while time.monotonic() < end:
            try:
                return answers.get(timeout=_TURN)
            except queue.Empty:
                if self._process.poll() is not None:
                    self._reader.join()
                    msg = f"The process ended with code {self._process.returncode}: {self.log}"
                    raise RuntimeError(msg) from None
        msg = f"No answer within {self._timeout:g} s."
        raise TimeoutError(msg)

    @property
    def log(self) -> str:
        """What the process has written so far."""
        return b"".join(self._log).decode(errors="replace")

    def _read_log(self) -> None:
        self._log.extend(self._process.stdout or ())


class _RuntimeApi(ThreadingHTTPServer):
    """Hands events to the runtime client and takes its answers."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, timeout: float) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.invocation_timeout = timeout
        self.events: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.waiting: dict[str, queue.SimpleQueue[Outcome]] = {}
        self.broken: Outcome | None = None

    def send(self, event: bytes) -> queue.SimpleQueue[Outcome]:
        """Return where the outcome of an event will be found."""
        number = str(uuid4())
        outcomes = self.waiting[number] = queue.SimpleQueue()
        if self.broken is not None:
            outcomes.put(self.broken)
        self.events.put((number, event))
        return outcomes

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was ended breaks its connection off, which is no error here."""

    def init_failed(self, body: bytes) -> None:
        """Let everything that waits, now and later, end with the error of the start."""
        self.broken = Outcome(failed=True, payload=json.loads(body))
        for outcomes in self.waiting.values():
            outcomes.put(self.broken)


class _Exchange(BaseHTTPRequestHandler):
    """One call of the runtime client."""

    protocol_version = "HTTP/1.1"
    # A small answer would otherwise wait for the client's acknowledgement of its headers.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _RuntimeApi

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it is called by
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer the client's question for the next event."""
        number, event = self.server.events.get()
        deadline = time.time() + self.server.invocation_timeout
        headers = {
            "Lambda-Runtime-Aws-Request-Id": number,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": _ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        self._answer(200, event, headers)

    def do_POST(self) -> None:
        """Take an answer, an error, or the news that the handler could not be loaded."""
        body = self._body()
        *_, owner, kind = self.path.split("/")
        if owner == "init":
            self.server.init_failed(body)
        elif kind == "response" and len(body) > LAMBDA_LIMIT:
            text = f"Response payload size exceeded the largest allowed ({LAMBDA_LIMIT} bytes)."
            problem = {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}
            self.server.waiting[owner].put(Outcome(failed=True, payload=problem))
            self._answer(413, b"{}")
            return
        else:
            outcome = Outcome(failed=kind == "error", payload=json.loads(body))
            self.server.waiting[owner].put(outcome)
        self._answer(202, b"{}")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
