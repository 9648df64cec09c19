"""SQL of messages: which are due of alerts, which wait, and what became of them.

A message is committed before it leaves us, with where it goes, and marked when Slack has said that
it has it. So each time that it left and is not marked is one of which nobody knows.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from idexx_sync.alerts.kinds import HELD, STALE
from idexx_sync.alerts.slack.alert_posts import WaitingHold
from idexx_sync.alerts.slack.client import Place
from idexx_sync.alerts.store import FINDINGS
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn, writing

Part = Literal["opened", "changed", "closed", "digest"]

REFUSED_RESTS: Final = timedelta(minutes=15)
"""What Slack has refused is tried again, but not each minute."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One time that a message left us, of which nobody knows whether it arrived."""

    channel: str | None
    """None: that of its reader, from a time when it was not kept."""
    thread: str | None
    left_at: float
    """In Unix time by Postgres's clock."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that Slack is not known to have."""

    id: UUID
    part: Part
    reader: Reader
    alert_id: UUID | None
    zone: str | None
    day: date | None
    told: dict[str, Any]
    told_before: dict[str, Any] | None
    """Of a change, what the alert's message before said."""
    doubts: tuple[Doubt, ...]
    """The oldest first."""
    read_at: float
    """When this was read, by the clock of the doubts."""
    channel: str | None
    """Of what follows an alert's first message: where that is."""
    thread: str | None


_MUTED: Final = "coalesce(a.muted_until > idexx_sync.clock(), false)"
_MUTE: Final = f"CASE WHEN {_MUTED} THEN to_jsonb(extract(epoch FROM a.muted_until)) END"
"""Until when an alert a is muted, in Unix time; NULL: it is not."""
_TOLD: Final = f"""jsonb_strip_nulls(jsonb_build_object(
    'syncs', to_jsonb(a.syncs), 'code', a.code, 'who_acts', a.who_acts,
    'size', floor(log(2.0, a.clinics)), 'acknowledged_by', a.acknowledged_by,
    'incident_id', a.incident_id, 'muted_until', {_MUTE},
    'begun_anew', CASE WHEN a.clinic_id IS NULL THEN nullif(a.times, 1) END,
    'holds', CASE WHEN a.kind = '{HELD}' THEN (
        SELECT jsonb_agg(h.id ORDER BY h.id) FROM idexx_sync.holds h
         WHERE h.clinic_id = a.clinic_id AND h.status = 'open') END))"""
"""What a message says of an alert a, by which a change is known; of many clinics alike, each
doubling is one, and each time that many begin to have it anew."""
_IS_TOLD: Final = f"""(a.closed_at IS NULL AND a.incident_id IS NULL AND NOT {_MUTED}
    AND (a.who_acts <> 'nobody' OR a.kind = '{STALE}'))"""
"""Whether an alert a is told: it is open, no other one stands for it, and somebody has to act or
its data have grown old."""
_CHANGE_IS_TOLD: Final = f"""(a.closed_at IS NULL
    AND m.told -> 'muted_until' IS NOT DISTINCT FROM {_MUTE})"""
"""Whether a change m of an alert a still is to be told: a mute is told while it lasts, and nothing
that it was made without."""
_READER: Final = "CASE a.who_acts WHEN 'clinic' THEN 'clinic_care' ELSE 'engineering' END"


def make_due(conn: Conn) -> int:
    """Make the messages that alerts are due, and forget those that never left us and no longer are.

    One opening and one close of each alert; what changes in between once the opening is there, and
    one change after the other. While an alert is muted only the mute is told, with what has changed
    until then. Gives how many were made.
    """
    with writing(conn):
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('messages are due', 0))")
        conn.execute(
            f"""
            DELETE FROM idexx_sync.messages m USING idexx_sync.alerts a
             WHERE m.alert_id = a.id AND m.sent_at IS NULL AND m.doubts = '[]'
               AND (m.part = 'opened' AND NOT {_IS_TOLD}
                    OR m.part = 'changed' AND NOT {_CHANGE_IS_TOLD})
            """
        )
        # An opening says what its alert says when it leaves: what it is compared with is read
        # before, so that a change in between is told twice and not never.
        conn.execute(
            f"""
            UPDATE idexx_sync.messages m SET told = {_TOLD} FROM idexx_sync.alerts a
             WHERE m.alert_id = a.id AND m.part = 'opened' AND m.sent_at IS NULL AND m.doubts = '[]'
               AND m.told <> {_TOLD}
            """
        )
        # What is over comes first, or the end of one would seem to be that of the next.
        closed = conn.execute(
            f"""
            INSERT INTO idexx_sync.messages (part, alert_id, reader, told)
            SELECT 'closed', a.id, o.reader, {_TOLD}
              FROM idexx_sync.alerts a
              JOIN idexx_sync.messages o ON o.alert_id = a.id AND o.part = 'opened'
             WHERE a.closed_at IS NOT NULL AND o.sent_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM idexx_sync.messages m
                                WHERE m.alert_id = a.id AND m.part = 'closed')
             ORDER BY a.closed_at, a.id
            ON CONFLICT DO NOTHING
            """
        )
        opened = conn.execute(
            f"""
            INSERT INTO idexx_sync.messages (part, alert_id, reader, told)
            SELECT 'opened', a.id, {_READER}, {_TOLD} FROM idexx_sync.alerts a
             WHERE {_IS_TOLD}
               AND NOT EXISTS (SELECT FROM idexx_sync.messages m
                                WHERE m.alert_id = a.id AND m.part = 'opened')
             ORDER BY a.opened_at, a.id
            ON CONFLICT DO NOTHING
            """
        )
        changed = conn.execute(
            f"""
            INSERT INTO idexx_sync.messages (part, alert_id, reader, told)
            SELECT 'changed', a.id, l.reader, n.told
              FROM idexx_sync.alerts a
             CROSS JOIN LATERAL (
                   SELECT m.told, m.reader, m.sent_at FROM idexx_sync.messages m
                    WHERE m.alert_id = a.id ORDER BY m.number DESC LIMIT 1) l
             CROSS JOIN LATERAL (SELECT {_TOLD} AS told) n
             WHERE a.closed_at IS NULL AND l.sent_at IS NOT NULL
               AND jsonb_strip_nulls(l.told) <> n.told
               AND (NOT {_MUTED} OR l.told -> 'muted_until'
                                    IS DISTINCT FROM n.told -> 'muted_until')
             ORDER BY a.opened_at, a.id
            """
        )
    return opened.rowcount + changed.rowcount + closed.rowcount


def unsent(conn: Conn, limit: int) -> list[Message]:
    """Messages that wait, the oldest first. Behind them those that did not get through before: they
    are looked for in turn, so that one which never does keeps no other one waiting."""
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(
            """
            SELECT m.id, m.part, m.reader, m.alert_id, m.zone, m.day, m.told,
                   b.told AS told_before, m.doubts,
                   extract(epoch FROM clock_timestamp())::float8 AS read_at,
                   o.channel, o.place AS thread
              FROM idexx_sync.messages m
              LEFT JOIN idexx_sync.messages o
                ON o.alert_id = m.alert_id AND o.part = 'opened' AND m.part <> 'opened'
              LEFT JOIN LATERAL (
                   SELECT p.told FROM idexx_sync.messages p
                    WHERE m.part = 'changed' AND p.alert_id = m.alert_id
                      AND p.number < m.number ORDER BY p.number DESC LIMIT 1) b ON true
             WHERE m.sent_at IS NULL
               AND (m.refused IS NULL OR m.refused_at < clock_timestamp() - %(rests)s)
             ORDER BY m.refused IS NOT NULL, m.doubts <> '[]', m.looked_at NULLS FIRST, m.number
             LIMIT %(limit)s
            """,
            {"rests": REFUSED_RESTS, "limit": limit},
        ).fetchall()
    return [
        Message(**{**row, "doubts": tuple(Doubt(**one) for one in row["doubts"])}) for row in rows
    ]


def waiting(conn: Conn) -> tuple[int, float]:
    """How many messages wait, and how many seconds the oldest of them has waited."""
    row = conn.execute(
        """
        SELECT count(*), coalesce(
                   extract(epoch FROM idexx_sync.clock() - min(made_at))::float8, 0)
          FROM idexx_sync.messages WHERE sent_at IS NULL
        """
    ).fetchone()
    assert row is not None
    return row[0], max(0.0, row[1])


def is_due(conn: Conn, message: Message) -> bool:
    """Whether what it is about is still to be told: a mute or an incident may have come since."""
    if message.part in ("closed", "digest"):
        return True
    condition = _IS_TOLD if message.part == "opened" else _CHANGE_IS_TOLD
    row = conn.execute(
        f"""
        SELECT {condition} FROM idexx_sync.messages m JOIN idexx_sync.alerts a ON a.id = m.alert_id
         WHERE m.id = %s
        """,
        (message.id,),
    ).fetchone()
    return row == (True,)


def leaves(
    conn: Conn, message_id: UUID, doubts: int, channel: str, thread: str | None
) -> Doubt | None:
    """It is about to leave us; committed before it does. None: it is not to, because another pass
    has sent it since so many doubts were read."""
    row = conn.execute(
        """
        UPDATE idexx_sync.messages m
           SET doubts = m.doubts || jsonb_build_object(
                   'channel', %(channel)s::text, 'thread', %(thread)s::text,
                   'left_at', round(extract(epoch FROM clock_timestamp()), 3)),
               tries = jsonb_array_length(m.doubts) + 1,
               tried_at = coalesce(m.tried_at, clock_timestamp()), refused = NULL, refused_at = NULL
         WHERE m.id = %(id)s AND m.sent_at IS NULL AND jsonb_array_length(m.doubts) = %(doubts)s
        RETURNING m.doubts -> -1
        """,
        {"id": message_id, "doubts": doubts, "channel": channel, "thread": thread},
    ).fetchone()
    return None if row is None else Doubt(**row[0])


def is_looked_for(conn: Conn, message_id: UUID) -> None:
    """It is about to be looked for; whatever comes of it, the others have their turn first."""
    conn.execute(
        "UPDATE idexx_sync.messages SET looked_at = clock_timestamp() WHERE id = %s", (message_id,)
    )


_OTHERS: Final = """(SELECT coalesce(jsonb_agg(d.one ORDER BY d.number), '[]')
      FROM jsonb_array_elements(m.doubts) WITH ORDINALITY AS d (one, number)
     WHERE d.one <> %(doubt)s)"""
"""The doubts of a message m beside one, as they are when its row is written."""


def is_not_there(conn: Conn, message_id: UUID, doubt: Doubt) -> None:
    """What left us then has not arrived."""
    conn.execute(
        f"""
        UPDATE idexx_sync.messages m
           SET doubts = {_OTHERS}, tries = jsonb_array_length({_OTHERS}),
               tried_at = CASE WHEN {_OTHERS} <> '[]' THEN m.tried_at END
         WHERE m.id = %(id)s
        """,
        {"id": message_id, "doubt": Jsonb(asdict(doubt))},
    )


def is_refused(conn: Conn, message_id: UUID, word: str) -> None:
    """Slack has said why it does not go on."""
    conn.execute(
        """
        UPDATE idexx_sync.messages SET refused = %s, refused_at = clock_timestamp() WHERE id = %s
        """,
        (word, message_id),
    )


def is_sent(conn: Conn, message_id: UUID, place: Place) -> None:
    """Slack has it, and where."""
    conn.execute(
        """
        UPDATE idexx_sync.messages
           SET sent_at = idexx_sync.clock(), channel = %s, place = %s, refused = NULL
         WHERE id = %s AND sent_at IS NULL
        """,
        (place.channel, place.ts, message_id),
    )


def forget(conn: Conn, message_id: UUID) -> None:
    """It is not to be told any more, and is not in Slack."""
    conn.execute(
        "DELETE FROM idexx_sync.messages WHERE id = %s AND sent_at IS NULL AND doubts = '[]'",
        (message_id,),
    )


def open_holds(conn: Conn, clinic_id: UUID) -> list[WaitingHold]:
    """Those of the clinic that wait for a person, the oldest first, of one run the largest."""
    with conn.cursor(row_factory=class_row(WaitingHold)) as cur:
        return cur.execute(
            rf"""
            SELECT h.id, h.cause, h.sync, {FINDINGS} AS records, d.first_day, d.last_day
              FROM idexx_sync.holds h
             CROSS JOIN LATERAL (
                   SELECT min(left(s.start #>> '{{}}', 10)) AS first_day,
                          max(left(s.start #>> '{{}}', 10)) AS last_day
                     FROM jsonb_path_query(h.findings, 'lax $.*.start[*]') AS s (start)
                    WHERE s.start #>> '{{}}' ~ '^\d{{4}}-\d\d-\d\d') d
             WHERE h.clinic_id = %s AND h.status = 'open'
             ORDER BY h.opened_at, records DESC, h.id
            """,
            (clinic_id,),
        ).fetchall()


def make_digest(conn: Conn, zone: str, day: date, told: dict[str, Any]) -> bool:
    """Make the message of a zone's morning, unless there is one; whether it was made."""
    made = conn.execute(
        """
        INSERT INTO idexx_sync.messages (part, zone, day, reader, told)
        VALUES ('digest', %s, %s, 'clinic_care', %s) ON CONFLICT DO NOTHING
        """,
        (zone, day, Jsonb(told)),
    )
    return made.rowcount == 1
