"""Imprints: by what a database knows the secrets that belong to it. Pure.

A wrong secret would be taken silently: credentials would be sealed that nobody can open, keys made
that never work. So each secret leaves an imprint, a keyed hash of a fixed text: it is the same for
the same secret, and neither tells the secret nor helps to guess it, which is 32 random bytes.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from idexx_sync.core.errors import ConfigurationInvalid

SecretName = Literal["local_key", "fingerprint_key", "pepper"]
VARIABLES: Final[Mapping[SecretName, str]] = {
    name: f"IDEXX_SYNC_{name.upper()}" for name in get_args(SecretName)
}
"""Secret -> the variable that holds it."""
IMPRINTED: Final = b"idexx-sync imprint"
"""What is hashed; no key of the API and no private value is this text."""


@dataclass(frozen=True, slots=True)
class Imprints:
    """The imprints of what is set here for one secret."""

    secret: SecretName
    values: tuple[str, ...]
    """That of the value that makes what is new, and while it is being replaced the other one's."""


def imprint_of(key: bytes) -> str:
    """32 hex digits."""
    return imprint_text(hmac.digest(key, IMPRINTED, "sha256"))


def imprint_text(digest: bytes) -> str:
    """A digest of the fixed text as it is stored."""
    return digest.hex()[:32]


def refuse_another(shown: Imprints, known: Collection[str] | None) -> None:
    """ConfigurationInvalid that names the secret, if the database knows it as another one.

    What makes new ones has to be known. A database that knows none yet refuses none.
    """
    if known is None or shown.values[0] in known:
        return
    variable = VARIABLES[shown.secret]
    raise ConfigurationInvalid(
        f"{variable}: it is another one than this database is known to belong to, so nothing was "
        "done with it; set the one that the service uses. If it is being replaced on purpose: "
        f"idexx-sync secrets accept {shown.secret}",
        code=f"{shown.secret}_other",
    )
