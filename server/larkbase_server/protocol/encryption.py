"""Encryption of spilled blocks: AES-GCM with one key and nonce per split, and who makes them.

An object holds the ciphertext and its tag. That the nonce is the same for all blocks of a split
is how the protocol works: an answer has room for one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from larkbase_server.protocol.errors import EncryptionError
from larkbase_server.protocol.splits import EncryptionKey

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_LENGTHS = (16, 24, 32)
NONCE_LENGTH = 12


class KeyFactory(Protocol):
    """Makes the key of a split."""

    def new_key(self) -> EncryptionKey:
        """Return a new key and nonce.

        Raises:
            EncryptionError: when none can be had.
        """
        ...


class LocalKeyFactory:
    """Makes 256-bit keys of the system's random bytes."""

    def new_key(self) -> EncryptionKey:
        """Return a new key and nonce."""
        return EncryptionKey(secrets.token_bytes(32), secrets.token_bytes(NONCE_LENGTH))


class KmsClient(Protocol):
    """The two calls of AWS KMS that are needed, under the names that boto3 gives them."""

    def generate_data_key(self, *, KeyId: str, KeySpec: str) -> Mapping[str, Any]:  # noqa: N803
        """Return an answer with the new key as ``Plaintext``."""
        ...

    def generate_random(self, *, NumberOfBytes: int) -> Mapping[str, Any]:  # noqa: N803
        """Return an answer with random bytes as ``Plaintext``."""
        ...


@dataclass(frozen=True, slots=True)
class KmsKeyFactory:
    """Lets AWS KMS make 128-bit keys; two calls for every split.

    Attributes:
        client: Such as ``boto3.client("kms")``.
        key_id: The KMS key.
    """

    client: KmsClient
    key_id: str

    def new_key(self) -> EncryptionKey:
        """Return a new key and nonce; calls KMS twice.

        Raises:
            EncryptionError: when KMS refuses.
        """
        try:
            key = self.client.generate_data_key(KeyId=self.key_id, KeySpec="AES_128")
            nonce = self.client.generate_random(NumberOfBytes=NONCE_LENGTH)
        except Exception as error:
            msg = f"KMS made no key with {self.key_id!r}: {error}"
            raise EncryptionError(msg) from error
        return EncryptionKey(bytes(key["Plaintext"]), bytes(nonce["Plaintext"]))


def encrypt(plain: bytes | memoryview, key: EncryptionKey | None) -> bytes:
    """Return the body of an object: ciphertext and tag, or the plain bytes without a key.

    Raises:
        EncryptionError: when the key cannot be used.
    """
    return bytes(plain if key is None else _cipher(key).encrypt(key.nonce, plain, None))


def decrypt(body: bytes, key: EncryptionKey | None) -> bytes:
    """Return the plain bytes of an object's body.

    Raises:
        EncryptionError: when the key cannot be used, is another one, or the body was changed.
    """
    if key is None:
        return body
    from cryptography.exceptions import InvalidTag

    try:
        return bytes(_cipher(key).decrypt(key.nonce, body, None))
    except InvalidTag as error:
        msg = "The spilled block cannot be decrypted: the key is another one, or it was changed."
        raise EncryptionError(msg) from error


def _cipher(key: EncryptionKey) -> Any:
    if len(key.key) not in KEY_LENGTHS or len(key.nonce) != NONCE_LENGTH:
        msg = (
            f"A key of {len(key.key)} bytes with a nonce of {len(key.nonce)} cannot be used; "
            f"AES-GCM takes 16, 24 or 32 bytes and {NONCE_LENGTH}."
        )
        raise EncryptionError(msg)
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        msg = "The package 'cryptography' is not installed, so blocks cannot be encrypted."
        raise EncryptionError(msg) from error
    return AESGCM(key.key)
