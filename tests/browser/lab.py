"""A JupyterLab with a real kernel on loopback, and a notebook in it in headless Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_INSTALL = (
    "no Chromium was found; `apt-get install -y chromium` installs it on Debian, and "
    "LARKBASE_CHROMIUM may hold the path of one"
)
PATIENCE = 60_000
"""Milliseconds after which something on the page is missing, not late."""

_SETTINGS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def find_browser() -> str | None:
    """Return the path of a Chromium on this machine, or None."""
    given = os.environ.get("LARKBASE_CHROMIUM")
    return given or next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass(frozen=True)
class Lab:
    """A running server: where it listens, and the token that opens it."""

    folder: Path
    port: int
    token: str

    def url(self, notebook: str) -> str:
        """Return the address of a notebook with nothing else open beside it."""
        where = f"http://127.0.0.1:{self.port}/lab/workspaces/{secrets.token_hex(4)}/tree"
        return f"{where}/{quote(notebook)}?reset&token={self.token}"

    def end_kernels(self) -> None:
        """End the kernels of all notebooks."""
        api = f"http://127.0.0.1:{self.port}/api/sessions"
        headers = {"Authorization": f"token {self.token}"}
        for session in requests.get(api, headers=headers, timeout=60).json():
            requests.delete(f"{api}/{session['id']}", headers=headers, timeout=60)


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Serve a folder with JupyterLab, with settings of its own, and stop it afterwards."""
    token, home = secrets.token_urlsafe(24), folder / ".home"
    environment = os.environ | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "LARKBASE_CACHE_DIR": str(home / "larkbase"),
    }
    command = [sys.executable, "-m", "jupyterlab", *_SETTINGS, f"--ServerApp.root_dir={folder}"]
    log = home / "jupyterlab.log"
    quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    with (
        log.open("wb") as written,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=written, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield Lab(folder, _port(process, home / "runtime", log), token)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> int:
    """Return the port that the server chose, once it writes it down."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            text = file.read_text("utf-8")
            if text.endswith("}"):
                return int(json.loads(text)["port"])
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8')[-2000:]}")


@dataclass
class Notebook:
    """A notebook that is open in the browser.

    Attributes:
        page: The page of the browser.
        lab: The server.
        name: File name of the notebook.
        strangers: Addresses outside this machine that the page asked for.
        errors: What went wrong in the page's own scripts.
    """

    page: Any
    lab: Lab
    name: str
    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(PATIENCE)

    def _note(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def open(self) -> None:
        """Open it and wait for its kernel."""
        self.page.goto(self.lab.url(self.name))
        self._wait_for_kernel()

    def _wait_for_kernel(self) -> None:
        # The text, since the idle attribute of the indicator is idle before there is a kernel.
        bar = self.page.locator("#jp-main-statusbar", has_text="(ipykernel) | Idle")
        bar.wait_for()

    def run_all(self) -> None:
        """Run all cells, and wait until the last one has run."""
        last = self.page.locator(".jp-CodeCell").last
        self.menu("Run", "Run All Cells")
        last.locator(".jp-InputPrompt", has_text="]:").filter(has_not_text="[ ]").filter(
            has_not_text="[*]"
        ).wait_for()
        self._wait_for_kernel()

    def interrupt(self) -> None:
        """Press the button that interrupts the kernel."""
        self.page.locator('[data-command="notebook:interrupt-kernel"]').first.click()

    def restart(self) -> None:
        """Press the button that restarts the kernel, and confirm it."""
        self.page.locator('[data-command="notebook:restart-kernel"]').first.click()
        self.page.locator(".jp-Dialog .jp-mod-accept").click()

    def menu(self, name: str, item: str) -> None:
        """Choose an item of a menu."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def save(self) -> dict[str, Any]:
        """Save it, and return what the file holds then."""
        path = self.lab.folder / self.name
        before = path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            self.page.wait_for_timeout(100)
            if path.stat().st_mtime_ns != before:
                # It may still be being written.
                with contextlib.suppress(json.JSONDecodeError):
                    saved: dict[str, Any] = json.loads(path.read_text("utf-8"))
                    return saved
        msg = "the notebook was not saved"
        raise TimeoutError(msg)


@contextmanager
def browser(path: str) -> Iterator[Any]:
    """Start a Chromium without a window, and close it afterwards."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def open_notebook(
    chromium: Any, lab: Lab, name: str, *, width: int = 1400, height: int = 1000
) -> Iterator[Notebook]:
    """Open a notebook in a window of its own; what it showed when a test failed is kept."""
    page = chromium.new_page(viewport={"width": width, "height": height})
    notebook = Notebook(page, lab, name)
    try:
        notebook.open()
        yield notebook
    except BaseException:
        page.screenshot(path=str(lab.folder / "failed.png"))
        raise
    finally:
        page.close()


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook with these code cells."""
    import nbformat.v4 as nbformat

    notebook = nbformat.new_notebook(cells=[nbformat.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")
