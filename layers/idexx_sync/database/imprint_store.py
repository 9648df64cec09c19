"""The imprints that a database knows its secrets by, and what was made with these secrets."""

from uuid import UUID

from idexx_sync.core.imprints import Imprints, SecretName
from idexx_sync.database.connection import Conn


def known_imprints(conn: Conn, secret: SecretName) -> list[str] | None:
    """Those of the secret; None: none was ever kept."""
    row = conn.execute(
        "SELECT known FROM idexx_sync.imprints WHERE secret = %s", (secret,)
    ).fetchone()
    return None if row is None else list(row[0])


def keep_first(conn: Conn, shown: Imprints) -> list[str]:
    """Keep these imprints unless others are kept by now; those that are."""
    conn.execute(
        "INSERT INTO idexx_sync.imprints (secret, known) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (shown.secret, list(shown.values)),
    )
    return known_imprints(conn, shown.secret) or []


def keep_instead(conn: Conn, shown: Imprints) -> None:
    """Keep these imprints and no others of the secret."""
    conn.execute(
        """
        INSERT INTO idexx_sync.imprints (secret, known) VALUES (%s, %s)
        ON CONFLICT (secret) DO UPDATE
           SET known = EXCLUDED.known, kept_at = idexx_sync.clock()
        """,
        (shown.secret, list(shown.values)),
    )


def has_keys(conn: Conn) -> bool:
    """Whether there is any key of the API that could still work."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM public.clinic_api_keys WHERE revoked_at IS NULL)"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def newest_sealed(conn: Conn, most: int) -> list[tuple[UUID, bytes]]:
    """The credentials that were sealed last, with their clinic's id."""
    return conn.execute(
        "SELECT clinic_id, sealed FROM idexx_sync.credentials ORDER BY created_at DESC LIMIT %s",
        (most,),
    ).fetchall()


def fingerprint_key_ids(conn: Conn) -> set[str]:
    """The ids of the keys whose fingerprints the newest remembered records hold."""
    rows = conn.execute(
        r"""
        SELECT DISTINCT substring(source ->> 'private' FROM '^([0-9a-f]{8}):')
          FROM (SELECT source FROM idexx_sync.records
                 ORDER BY read_at DESC LIMIT 1000) r
        """
    ).fetchall()
    return {id_ for (id_,) in rows if id_ is not None}


def hidden_evidence(conn: Conn) -> list[str]:
    """Tables with imprints, or with what was made with a secret, of which row level security shows
    whoever is connected not all rows."""
    rows = conn.execute(
        """
        SELECT t FROM unnest(ARRAY['idexx_sync.imprints', 'idexx_sync.credentials',
                                   'idexx_sync.records', 'public.clinic_api_keys']) AS t
         WHERE row_security_active(t::regclass) ORDER BY t
        """
    ).fetchall()
    return [table for (table,) in rows]
