"""Sealing what must stay secret.

`seal` and `open_sealed` are the only two functions that touch a sealing key. AES-256-GCM with the
clinic's id as additional data: a sealed value moved to another clinic's row does not open.
"""

import base64
import binascii
import os
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid

_FORMAT = b"\x01"
_NONCE_BYTES = 12


class CannotOpen(Exception):
    """The value was sealed for another clinic, with another key, or was damaged."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals in this deployment, and does nothing else."""

    sealing: bytes = field(repr=False)


def keyring(local_key: SecretStr) -> Keyring:
    """The key that derives from the local key; ConfigurationInvalid if it is not 32 bytes."""
    master = decoded_key(local_key.get_secret_value())
    if master is None:
        raise ConfigurationInvalid(
            "IDEXX_SYNC_LOCAL_KEY must be the base64 of 32 random bytes; "
            "make one with: openssl rand -base64 32",
            code="local_key",
        )
    return Keyring(sealing=_derive(master, b"seal"))


def decoded_key(text: str) -> bytes | None:
    """The 32 bytes whose base64 the text is; None if it is anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == 32 else None


def seal(keys: Keyring, clinic_id: UUID, plaintext: bytes) -> bytes:
    """Format byte, nonce, ciphertext with tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(keys.sealing).encrypt(nonce, plaintext, clinic_id.bytes)


def open_sealed(keys: Keyring, clinic_id: UUID, sealed: bytes) -> bytes:
    """What was sealed for this clinic; raises CannotOpen otherwise."""
    sealed = bytes(sealed)
    body = sealed[len(_FORMAT) :]
    if sealed[: len(_FORMAT)] != _FORMAT or len(body) <= _NONCE_BYTES:
        raise CannotOpen("unknown format")
    try:
        return AESGCM(keys.sealing).decrypt(
            body[:_NONCE_BYTES], body[_NONCE_BYTES:], clinic_id.bytes
        )
    except InvalidTag:
        raise CannotOpen("the value does not open with this key for this clinic") from None


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"idexx-sync " + purpose).derive(
        master
    )
