"""Record the contract cassettes again: from the emulator, or from the tenant that is given."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import vcr
from contract_scrub import HOST, Scrubber
from contract_walk import OPTIONS, Walk
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import yamlserializer

from larkbase_sdk import __version__
from larkbase_sdk.api.links import parse_link
from larkbase_sdk.client import Lark, connect
from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.profile import find_credentials
from larkbase_sdk.testing import LarkEmulator

CASSETTES = Path(__file__).parent / "cassettes"
MATCH_ON = ("method", "path", "query", "body")


class _Memory:
    """Keeps recordings in memory, so that nothing reaches a disk before it is scrubbed."""

    def __init__(self) -> None:
        self.cassettes: dict[str, list[dict[str, Any]]] = {}

    def load_cassette(self, _path: str, serializer: Any) -> Any:
        raise CassetteNotFoundError

    def save_cassette(self, path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:
        pairs = zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
        self.cassettes[Path(path).name] = [
            {"request": request._to_dict(), "response": response} for request, response in pairs
        ]


def record(
    make: Callable[[], Lark], link: str, folder: Path, *, source: str, secrets: list[str]
) -> None:
    """Walk through the contract and write its cassettes into a folder.

    Args:
        make: Connects.
        link: Link of the table to read.
        folder: Where the cassettes go; others in it are removed.
        source: Where the answers come from, for people.
        secrets: Texts that must not be in any cassette.
    """
    memory = _Memory()
    recorder = vcr.VCR(match_on=MATCH_ON, decode_compressed_response=True, record_mode="all")
    recorder.register_persister(memory)
    walk = Walk(make, link, recorder.use_cassette).run()
    parsed = parse_link(link)
    scrubber = Scrubber(filter(None, (parsed.token, parsed.table_id, parsed.view_id)))
    recorded = {name: found for name, found in memory.cassettes.items() if name not in walk.missing}
    for found in recorded.values():
        for interaction in found:
            scrubber.learn(interaction)
    texts = {name: _text(map(scrubber.clean, found)) for name, found in recorded.items()}
    _check(texts, {*secrets, *scrubber.hidden, *_tokens(memory.cassettes["token"])})
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="ascii", newline="\n")
    facts = _facts(source, scrubber.uri(link), walk.missing)
    (folder / "source.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _text(interactions: Iterator[dict[str, Any]]) -> str:
    """Return a cassette as vcrpy stores it."""
    pairs = [(Request._from_dict(item["request"]), item["response"]) for item in interactions]
    return serialize(
        {"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]},
        yamlserializer,
    )


def _tokens(interactions: list[dict[str, Any]]) -> Iterator[str]:
    for item in interactions:
        yield json.loads(item["response"]["body"]["string"])["tenant_access_token"]


def _check(texts: dict[str, str], secrets: set[str]) -> None:
    for name, text in texts.items():
        if any(secret and secret in text for secret in secrets):
            msg = f"The recording of {name} still holds a secret, a host or an id."
            raise SystemExit(msg)


def _facts(source: str, link: str, missing: dict[str, str]) -> dict[str, Any]:
    return {
        "source": source,
        "recorded": dt.datetime.now(dt.UTC).date().isoformat(),
        "sdk": __version__,
        "http": {name: metadata.version(name) for name in ("requests", "urllib3", "vcrpy")},
        "link": link,
        "missing": missing,
    }


def record_emulator(folder: Path) -> None:
    """Record the sample tenant of an emulator that is started for it."""
    with LarkEmulator(tenant="sample") as emulator:
        base = emulator.database("CRM")
        table = next(table for table in base.tables if table.name == "Orders")
        view = next(view for view in table.views if view.name == "Large first")
        # The node is made at a moment of its own, so that every recording is the same.
        emulator.drive.now = lambda: 1_735_689_600
        node = emulator.drive.wiki_node(base)
        link = f"{emulator.url}/wiki/{node}?table={table.table_id}&view={view.view_id}"
        record(
            lambda: emulator.connect(url=link, options=OPTIONS),
            link,
            folder,
            source="emulator",
            secrets=[emulator.app_id, emulator.app_secret, emulator.url.partition("//")[2]],
        )


def record_tenant(link: str, folder: Path) -> None:
    """Record what a link leads to, with the credentials of the environment or of the profile."""
    credentials = find_credentials()
    record(
        lambda: connect(link, options=OPTIONS),
        link,
        folder,
        source="tenant",
        secrets=[credentials.app_id, credentials.app_secret, parse_link(link).host],
    )


@contextmanager
def replayed(name: str) -> Iterator[Any]:
    """Answer the calls of this block from a cassette, each once, and let none go out."""
    player = vcr.VCR(match_on=MATCH_ON, record_mode="none")
    with player.use_cassette(str(CASSETTES / f"{name}.yaml")) as cassette:
        yield cassette


def main() -> None:
    """Record and say what was recorded."""
    link = os.environ.get("LARKBASE_RECORD_URL", "").strip()
    try:
        if link:
            record_tenant(link, CASSETTES)
        else:
            record_emulator(CASSETTES)
    except LarkBaseError as error:
        sys.exit(f"Nothing was recorded: {error}")
    facts = json.loads((CASSETTES / "source.json").read_text(encoding="utf-8"))
    print(f"recorded from the {facts['source']} as {HOST}, in {CASSETTES.name}/")
    for name, reason in facts["missing"].items():
        print(f"  without {name}: {reason}")


if __name__ == "__main__":
    main()
