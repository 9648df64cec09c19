"""Whether the secrets that are set here are the database's, before anything is made with them.

The first use on a database that holds nothing made with a secret keeps its imprint; where there is
something, only a secret that is proven by it is kept. All else is a person's decision.
"""

from typing import Literal
from uuid import UUID

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.fingerprints import FingerprintKeys
from idexx_sync.core.imprints import VARIABLES, Imprints, refuse_another
from idexx_sync.core.sealing import CannotOpen, Keyring, open_sealed
from idexx_sync.database.connection import Conn
from idexx_sync.database.imprint_store import (
    fingerprint_key_ids,
    has_keys,
    keep_first,
    keep_instead,
    known_imprints,
    newest_sealed,
)
from idexx_sync.keys.format import Peppers

type Evidence = Literal["nothing", "proven", "unproven"]
"""What was made with a secret says of the one that is set here: there is nothing, it is the same,
or nobody can tell."""

MOST_TRIED = 20
"""Sealed values: a single one may be damaged."""


type Secret = Keyring | FingerprintKeys | Peppers


def require(conn: Conn, secret: Secret, *, keeps: bool = True) -> None:
    """ConfigurationInvalid unless the secret is the one that this database belongs to.

    Not `keeps`: nothing is going to be made with it, so a database that knows none yet learns none.
    """
    shown = secret.imprints
    known = known_imprints(conn, shown.secret)
    if known is None:
        if _evidence(conn, secret) == "unproven":
            raise _unproven(shown)
        known = keep_first(conn, shown) if keeps else None
    refuse_another(shown, known)


def require_local_key(conn: Conn, keys: Keyring) -> None:
    """ConfigurationInvalid unless the key is the one that seals in this database."""
    require(conn, keys)


def require_fingerprint_key(conn: Conn, keys: FingerprintKeys, *, keeps: bool = True) -> None:
    """ConfigurationInvalid unless the key makes this database's fingerprints."""
    require(conn, keys, keeps=keeps)


def require_pepper(conn: Conn, peppers: Peppers) -> None:
    """ConfigurationInvalid unless keys are hashed with the pepper in this database."""
    require(conn, peppers)


def has_one_already(conn: Conn, unused: Secret) -> bool:
    """Whether the database belongs to some secret of this kind, so that `unused`, which nobody has
    ever had, can't be it."""
    if known_imprints(conn, unused.imprints.secret) is not None:
        return True
    return _evidence(conn, unused) != "nothing"


def accept(conn: Conn, secret: Secret, *, replaces: bool = False) -> None:
    """Keep the imprints of what is set here in place of those that are kept.

    Raises ConfigurationInvalid where nothing shows that it belongs to the database, unless a
    person says that it `replaces` the former one: both are set here while it is being replaced, or
    what was made with it is there.
    """
    shown, known = secret.imprints, known_imprints(conn, secret.imprints.secret)
    if not replaces and (known is None or not set(known) & set(shown.values)):
        found = _evidence(conn, secret)
        if found == "unproven" or (found == "nothing" and known is not None):
            raise _unproven(shown)
    keep_instead(conn, shown)


def _evidence(conn: Conn, secret: Secret) -> Evidence:
    match secret:
        case Keyring():
            return _of_local_key(conn, secret)
        case FingerprintKeys():
            return _of_fingerprint_key(conn, secret)
        case Peppers():
            return _of_pepper(conn)


def _of_local_key(conn: Conn, keys: Keyring) -> Evidence:
    sealed = newest_sealed(conn, MOST_TRIED)
    if not sealed:
        return "nothing"
    return "proven" if any(_opens(keys, *one) for one in sealed) else "unproven"


def _opens(keys: Keyring, clinic_id: UUID, sealed: bytes) -> bool:
    try:
        open_sealed(keys, "credentials", clinic_id, sealed)
    except CannotOpen:
        return False
    return True


def _of_fingerprint_key(conn: Conn, keys: FingerprintKeys) -> Evidence:
    ids = fingerprint_key_ids(conn)
    if not ids:
        return "nothing"
    return "proven" if ids & keys.by_id.keys() else "unproven"


def _of_pepper(conn: Conn) -> Evidence:
    """A hash shows its pepper to whoever has the key, and to nobody else."""
    return "unproven" if has_keys(conn) else "nothing"


def _unproven(shown: Imprints) -> ConfigurationInvalid:
    variable = VARIABLES[shown.secret]
    return ConfigurationInvalid(
        f"{variable}: nothing shows that it is the one which this database's data were made with, "
        "so nothing was done with it; compare it with the one that the service uses. If it is that "
        "one, or is to replace one that is lost: "
        f"idexx-sync secrets accept {shown.secret} --replace",
        code=f"{shown.secret}_unproven",
    )
