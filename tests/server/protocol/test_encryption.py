"""Keys and ciphertexts of spilled blocks."""

from __future__ import annotations

import sys

import pytest

from larkbase_server.protocol.encryption import KmsKeyFactory, LocalKeyFactory, decrypt, encrypt
from larkbase_server.protocol.errors import EncryptionError
from larkbase_server.protocol.splits import EncryptionKey

PLAIN = b"rows" * 1000


class Kms:
    """KMS as boto3 presents it; ``denied`` refuses every call."""

    def __init__(self, *, denied: bool = False) -> None:
        self.asked: list[dict[str, object]] = []
        self._denied = denied

    def generate_data_key(self, **arguments):
        return self._answer(arguments, b"k" * 16)

    def generate_random(self, **arguments):
        return self._answer(arguments, b"n" * 12)

    def _answer(self, arguments, plain):
        if self._denied:
            raise PermissionError("AccessDeniedException: not authorized")
        self.asked.append(arguments)
        return {"Plaintext": plain, "CiphertextBlob": b"?"}


def test_local_keys_are_fresh_and_encrypt():
    """256 bits and a nonce of 96, another one for every split."""
    one, other = LocalKeyFactory().new_key(), LocalKeyFactory().new_key()

    assert (len(one.key), len(one.nonce)) == (32, 12)
    assert one != other
    assert decrypt(encrypt(PLAIN, one), one) == PLAIN


def test_kms_makes_keys_of_128_bits():
    """Its plain data key and its random bytes."""
    kms = Kms()

    assert KmsKeyFactory(kms, "alias/spill").new_key() == EncryptionKey(b"k" * 16, b"n" * 12)
    assert kms.asked == [
        {"KeyId": "alias/spill", "KeySpec": "AES_128"},
        {"NumberOfBytes": 12},
    ]


def test_a_key_that_kms_denies_is_an_error_with_its_reason():
    """The user learns which key, and what KMS said."""
    with pytest.raises(EncryptionError, match="'alias/spill': AccessDeniedException"):
        KmsKeyFactory(Kms(denied=True), "alias/spill").new_key()


def test_the_tag_follows_the_ciphertext():
    """The object holds both and nothing else."""
    assert len(encrypt(PLAIN, LocalKeyFactory().new_key())) == len(PLAIN) + 16


def test_without_a_key_objects_are_plain():
    """As ``disable_spill_encryption`` asks for."""
    assert encrypt(PLAIN, None) == PLAIN
    assert decrypt(PLAIN, None) == PLAIN


@pytest.mark.parametrize(("key", "nonce"), [(15, 12), (33, 12), (16, 11), (32, 16), (0, 0)])
def test_keys_of_a_wrong_length_are_refused(key, nonce):
    """They are read from messages as they are, but never used."""
    with pytest.raises(EncryptionError, match="AES-GCM takes"):
        encrypt(PLAIN, EncryptionKey(bytes(key), bytes(nonce)))


def test_another_key_is_refused():
    """Wrong rows never come out."""
    body = encrypt(PLAIN, LocalKeyFactory().new_key())

    with pytest.raises(EncryptionError, match="cannot be decrypted"):
        decrypt(body, LocalKeyFactory().new_key())
    with pytest.raises(EncryptionError, match="cannot be decrypted"):
        decrypt(b"short", LocalKeyFactory().new_key())


def test_without_the_library_there_is_a_clear_error(monkeypatch):
    """It is an extra dependency."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)

    with pytest.raises(EncryptionError, match="'cryptography' is not installed"):
        encrypt(PLAIN, LocalKeyFactory().new_key())
