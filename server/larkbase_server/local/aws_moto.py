"""Moto's services as one WSGI application, and the thread that serves it on loopback."""

from __future__ import annotations

import importlib.util
import io
import json
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

from larkbase_sdk.emulator.sockets import address
from larkbase_sdk.errors import ConfigurationError
from larkbase_server.local.aws_wire import Reply, capture
from larkbase_server.local.loopback import listen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from wsgiref.types import WSGIApplication, WSGIEnvironment


class Moto:
    """Moto without a socket: requests go in as WSGI environments.

    Moto keeps its data in the process, so all instances show the same buckets and tables.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            msg = "The AWS emulator needs moto's server, which is not installed."
            raise ConfigurationError(msg, hint="pip install 'larkbase-sdk[emulator]'")
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.app: WSGIApplication = DomainDispatcherApplication(create_backend_app)

    def forward(
        self, environ: WSGIEnvironment, operation: str, parameters: Mapping[str, Any]
    ) -> Reply:
        """Return moto's answer to a JSON request, put as another operation of the same service."""
        body = json.dumps(parameters).encode()
        target = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[0]
        changed = {
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_AMZ_TARGET": f"{target}.{operation}",
        }
        return capture(self.app, environ | changed)

    def has_bucket(self, bucket: str) -> bool:
        """Tell whether an S3 bucket exists."""
        return capture(self.app, _environ("HEAD", f"/{bucket}")).ok

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Write an S3 object into a bucket that exists."""
        content = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        capture(self.app, _environ("PUT", f"/{bucket}/{key}") | content)

    def reset(self) -> None:
        """Empty every service."""
        capture(self.app, _environ("POST", "/moto-api/reset"))


def _environ(method: str, path: str) -> WSGIEnvironment:
    encoded = path.encode().decode("latin-1")  # WSGI's way with text beyond ASCII
    environ: WSGIEnvironment = {"REQUEST_METHOD": method, "PATH_INFO": encoded}
    setup_testing_defaults(environ)
    return environ


class ServerThread:
    """An HTTP server for one WSGI application on its own thread, from construction to ``stop``.

    Raises:
        ConfigurationError: The host is not a loopback address, or the port is taken.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        from werkzeug.serving import make_server

        with listen("The AWS emulator", host, port) as listener:
            # A socket of our own, because werkzeug ends the process when a port is taken.
            self._server = make_server(
                host,
                listener.getsockname()[1],
                app,
                threaded=True,
                request_handler=_request_handler(),
                fd=listener.fileno(),
            )
            self.url = address(host, listener)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="aws-emulator", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Wait until the server is stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _request_handler() -> Any:
    """Return moto's request handler without its line on stderr for every request."""
    from moto.moto_server import werkzeug_app
    from werkzeug.serving import WSGIRequestHandler

    # moto has a handler of its own since 5.2.5.
    handler = getattr(werkzeug_app, "MotoRequestHandler", WSGIRequestHandler)
    return type("QuietHandler", (handler,), {"log_request": lambda *_: None})
