"""SQL of our memory of source records, and of the words that were reported."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from idexx_sync.database.connection import Conn, Cur
from idexx_sync.syncs.memory import Kind, Remembered, SourceMemory, stored_form


def in_source(model: type[SourceMemory], name: str) -> str:
    """The SQL of one field of the stored document, as text. Raises KeyError for no such field."""
    known = {item.name: item for item in fields(model)}
    return f"source ->> '{known[name].name}'"


def store_records(
    conn: Conn, clinic_id: UUID, kind: Kind, records: Sequence[Remembered[Any]], now: datetime
) -> None:
    """Write the records as they are given."""
    if not records:
        return
    conn.execute(
        """
        INSERT INTO idexx_sync.records AS r
               (clinic_id, kind, external_id, source, read_at, strikes, struck_at,
                looked_up_at, quarantine_code, claims, doubtful_reads, doubtful_since)
        SELECT %s, %s, p.key, p.source::jsonb, %s, p.strikes, p.struck_at,
               p.looked_up_at, p.quarantine_code, p.claims::jsonb, p.doubtful_reads,
               CASE WHEN coalesce(p.quarantine_code, p.claims) IS NOT NULL THEN %s::timestamptz END
          FROM unnest(%b::text[], %b::text[], %b::smallint[], %b::timestamptz[],
                      %b::timestamptz[], %b::text[], %b::text[], %b::smallint[])
               AS p (key, source, strikes, struck_at, looked_up_at, quarantine_code, claims,
                     doubtful_reads)
        ON CONFLICT (clinic_id, kind, external_id) DO UPDATE
           SET source = EXCLUDED.source, read_at = EXCLUDED.read_at,
               strikes = EXCLUDED.strikes, struck_at = EXCLUDED.struck_at,
               looked_up_at = EXCLUDED.looked_up_at, quarantine_code = EXCLUDED.quarantine_code,
               claims = EXCLUDED.claims, doubtful_reads = EXCLUDED.doubtful_reads,
               doubtful_since = CASE WHEN EXCLUDED.doubtful_since IS NOT NULL
                                THEN coalesce(r.doubtful_since, EXCLUDED.doubtful_since) END
        """,
        (
            clinic_id,
            kind,
            now,
            now,
            [record.key for record in records],
            [None if r.source is None else json.dumps(stored_form(r.source)) for r in records],
            [record.strikes for record in records],
            [record.struck_at for record in records],
            [record.looked_up_at for record in records],
            [record.quarantine_code for record in records],
            [_claims(record) for record in records],
            [record.doubtful_reads for record in records],
        ),
    )


def clear_strikes(conn: Conn, clinic_id: UUID, keys: Collection[str]) -> None:
    """Take back what struck these records of the calendar: a read has shown them (rule R6)."""
    if keys:
        conn.execute(
            """
            UPDATE idexx_sync.records SET strikes = 0, struck_at = NULL
             WHERE clinic_id = %s AND kind IN ('appointment', 'visit') AND strikes > 0
               AND external_id = ANY(%s)
            """,
            (clinic_id, sorted(keys)),
        )


def _claims(record: Remembered[Any]) -> str | None:
    return (
        json.dumps([asdict(claim) for claim in record.claims], default=str)
        if record.claims
        else None
    )


def reported_words(conn: Conn, clinic_id: UUID) -> Cur:
    """(field, word) pairs that were reported; a cursor, because the caller may be pipelining."""
    return conn.execute(
        "SELECT field, word FROM idexx_sync.unknown_words WHERE clinic_id = %s", (clinic_id,)
    )


def store_unknown_words(
    conn: Conn, clinic_id: UUID, job_id: UUID, words: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Remember (field, word) pairs as reported, so that each is reported once."""
    pairs = sorted(words)
    if not pairs:
        return
    conn.execute(
        """
        INSERT INTO idexx_sync.unknown_words (clinic_id, field, word, job_id, first_seen_at)
        SELECT %s, p.field, p.word, %s, %s FROM unnest(%b::text[], %b::text[]) AS p (field, word)
        ON CONFLICT DO NOTHING
        """,
        (clinic_id, job_id, now, [field for field, _ in pairs], [word for _, word in pairs]),
    )
