"""The bytes that the protocol's own library spills are read, and made again to the last one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pytest

from larkbase_server.protocol.encryption import decrypt, encrypt
from larkbase_server.protocol.errors import EncryptionError
from larkbase_server.protocol.messages import read_response
from larkbase_server.protocol.spill import read_spilled, spilled_body
from larkbase_server.protocol.splits import EncryptionKey


@pytest.fixture(scope="module")
def samples(serde_folder) -> dict[str, Any]:
    return json.loads((serde_folder / "sdk-generated" / "spill_samples.json").read_text())


@pytest.fixture(scope="module")
def schema(samples) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(samples["schemaV6"])))


def parts(sample: dict[str, str]) -> tuple[EncryptionKey, bytes]:
    key = EncryptionKey(base64.b64decode(sample["key"]), base64.b64decode(sample["nonce"]))
    return key, base64.b64decode(sample["ciphertext"])


@pytest.mark.parametrize(("name", "bits"), [("aes256", 256), ("aes128", 128)])
def test_samples_decrypt_and_encrypt_to_the_same_bytes(samples, name, bits):
    """Keys of the function itself have 256 bits, those of KMS 128."""
    key, body = parts(samples[name])
    plain = base64.b64decode(samples["plaintext"])

    assert 8 * len(key.key) == bits
    assert decrypt(body, key) == plain
    assert encrypt(plain, key) == body


def test_a_sample_holds_the_rows_of_the_inline_answer(samples, schema, golden):
    """A spilled object is the record batch message, without a schema of its own."""
    key, body = parts(samples["aes256"])
    inline = read_response(golden["sdk-generated/v6/ReadRecordsResponse.json"]).records

    assert read_spilled(body, schema, key).equals(inline)


def test_our_object_of_the_same_rows_is_framed_alike_and_reads_back(samples, schema):
    """Legacy framing whatever the version, and equal rows."""
    key, body = parts(samples["aes256"])
    rows = read_spilled(body, schema, key)
    plain = decrypt(spilled_body(rows, key), key)

    assert not plain.startswith(b"\xff\xff\xff\xff")
    assert read_spilled(plain, schema, None).equals(rows)


def test_a_spilled_block_without_rows_is_read(samples, schema):
    """The library writes one where we write nothing."""
    body = base64.b64decode(samples["plaintextEmptyBlock"])

    assert read_spilled(body, schema, None).num_rows == 0


def test_a_changed_object_is_refused(samples, schema):
    """One wrong bit is an error, never wrong rows."""
    key, body = parts(samples["aes128"])
    changed = bytes([body[0] ^ 1]) + body[1:]

    with pytest.raises(EncryptionError, match="cannot be decrypted"):
        read_spilled(changed, schema, key)
