"""How long the rows of each table of ours are kept (rule R25), and the SQL that deletes old ones.

A table that `RULES` does not name fails a test: whoever makes one says how long it keeps what.
"""

from dataclasses import dataclass
from typing import Final

from idexx_sync.clinics.store import SUCCEEDED, TELLS
from idexx_sync.database.connection import Conn, bound_waits
from idexx_sync.syncs.cases.stored import PREFIX

MOST_AT_ONCE: Final = 500
"""Rows that one statement looks at, and one transaction deletes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goes:
    """Which rows of a table `t` are deleted, as SQL."""

    days: int
    age: str = ""
    """What an index has, and rows are ordered by; empty: the column that `by` names."""
    by: str = ""
    type: str = "timestamptz"
    key: tuple[tuple[str, str], ...] = (("id", "uuid"),)
    """Columns of the primary key with their types."""
    only: str = "true"
    """Which rows the rule is about."""
    stays: str = "false"
    """Which of them are kept however old they are."""
    looks_once: bool = False
    """Whether a row that stayed need not be looked at again: another rule gets it in the end."""

    @property
    def ordered_by(self) -> str:
        return self.age or f"t.{self.by}"

    @property
    def is_old(self) -> str:
        limit = f"idexx_sync.clock() - interval '{self.days} days'"
        if self.type == "timestamptz":
            return f"{self.ordered_by} < {limit}"
        day = f"to_char(({limit}) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        return f'{self.ordered_by} < {day} COLLATE "C"'


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of a table's rows with time."""

    name: str
    table: str
    because: str
    goes: Goes | None = None
    """None: nothing of it is deleted for its age."""


_NEWEST: Final = """t.id IS NOT DISTINCT FROM (
    SELECT j.id FROM idexx_sync.jobs j
     WHERE j.clinic_id = t.clinic_id AND j.sync = t.sync AND j.finished_at IS NOT NULL AND {}
     ORDER BY j.finished_at DESC LIMIT 1)"""
_ENDED_SOMEHOW: Final = f"""{TELLS} AND (j.error_kind IS NOT NULL
    OR j.status IN ('succeeded', 'succeeded_with_warnings', 'held'))"""
_JOB_IS_NEEDED: Final = f"""(
    {_NEWEST.format(SUCCEEDED)} OR {_NEWEST.format(_ENDED_SOMEHOW)}
    OR EXISTS (SELECT FROM idexx_sync.alerts a WHERE a.closed_at IS NULL AND a.job_id = t.id)
    OR EXISTS (SELECT FROM idexx_sync.holds h
                WHERE h.clinic_id = t.clinic_id AND h.sync = t.sync AND h.job_id = t.id
                  AND h.status IN ('open', 'approved', 'rejected'))
    OR EXISTS (SELECT FROM idexx_sync.dead_letters d
                WHERE d.status = 'parked' AND d.job_id = t.id))"""
"""A clinic's status tells of its newest success and its newest outcome, however old; what waits for
a person names its job."""
_JOB_SAYS_MORE: Final = """(t.status IN ('failed', 'dead') OR t.error_kind IS NOT NULL
    OR t.retry_of IS NOT NULL OR (t.manner <> 'preview' AND t.params <> '{}')
    OR t.result -> 'days_lost' IS NOT NULL
    OR (t.manner <> 'preview' AND t.result -> 'discrepancies' IS NOT NULL)
    OR t.result #> '{warnings,patients_changed}' IS NOT NULL
    OR EXISTS (SELECT FROM idexx_sync.changes c WHERE c.job_id = t.id))"""
"""Whether it wrote, failed, compared (a clinic's trend is made of such jobs), told what a status
shows for 30 days, or may have made good what another one told: by a retry of it, or by reading days
that somebody named."""
_LAST_DAY: Final = "left(greatest(t.source ->> 'start', t.source ->> 'end'), 10) COLLATE \"C\""
_CASE_IS_OPEN: Final = f"""EXISTS (
    SELECT FROM idexx_sync.case_keys k JOIN public.cases c ON c.id = k.case_id
     WHERE k.clinic_id = t.clinic_id AND k.external_id = '{PREFIX}' || t.external_id
       AND c.status IN ('draft', 'ongoing'))"""
_TAKES_TIME: Final = """EXISTS (
    SELECT FROM jsonb_array_elements(t.claims) AS claim
     WHERE claim ->> 'day' >= to_char(
           (idexx_sync.clock() - interval '120 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD'))"""
_RECORD_KEY: Final = (("clinic_id", "uuid"), ("kind", "text"), ("external_id", "text"))
_BREAKER_ASKS: Final = """t.id IN (
    SELECT l.id FROM idexx_sync.logins l
     WHERE l.clinic_id = t.clinic_id AND l.credential_version = t.credential_version
       AND l.submitted IS NOT FALSE
       AND l.credential_version = (SELECT max(v.version) FROM idexx_sync.credentials v
                                    WHERE v.clinic_id = t.clinic_id)
     ORDER BY l.id DESC LIMIT 2)"""

RULES: Final = (
    Rule(
        "jobs_unchanged",
        "idexx_sync.jobs",
        "one that wrote nothing, failed in nothing and told nothing is of use for two weeks",
        Goes(
            days=14,
            by="finished_at",
            stays=f"{_JOB_SAYS_MORE} OR {_JOB_IS_NEEDED}",
            looks_once=True,
        ),
    ),
    Rule(
        "jobs",
        "idexx_sync.jobs",
        "what a quarter's failures and changes came of",
        Goes(days=90, by="finished_at", stays=_JOB_IS_NEEDED),
    ),
    Rule(
        "changes",
        "idexx_sync.changes",
        "our log of what was written, for half a year; jobs go before it",
        Goes(
            days=180,
            by="at",
            key=(("job_id", "uuid"), ("kind", "text"), ("external_id", "text")),
        ),
    ),
    Rule(
        "records",
        "idexx_sync.records",
        "memory of a source record, while runs read its day or somebody may be called about it",
        Goes(
            days=120,
            age=_LAST_DAY,
            type='text COLLATE "C"',
            key=_RECORD_KEY,
            only="t.source ->> 'start' IS NOT NULL",
            stays=f"{_CASE_IS_OPEN} OR {_TAKES_TIME}",
        ),
    ),
    Rule(
        "records_undated",
        "idexx_sync.records",
        "a consultation goes with its visit, and what shows no day by when it was read",
        Goes(
            days=120,
            by="read_at",
            key=_RECORD_KEY,
            only="t.source ->> 'start' IS NULL",
            stays=f"""{_CASE_IS_OPEN} OR {_TAKES_TIME} OR EXISTS (
                SELECT FROM idexx_sync.records v
                 WHERE t.kind = 'consultation' AND v.clinic_id = t.clinic_id AND v.kind = 'visit'
                   AND v.external_id = t.external_id)""",
        ),
    ),
    Rule(
        "logins",
        "idexx_sync.logins",
        "a quarter's attempts; the breaker asks for the last two with the newest credentials",
        Goes(days=90, by="attempted_at", key=(("id", "bigint"),), stays=_BREAKER_ASKS),
    ),
    Rule(
        "holds",
        "idexx_sync.holds",
        "half a year after its end; one in force keeps something out for as long as it is",
        Goes(days=180, by="ended_at", only="t.ended_at IS NOT NULL"),
    ),
    Rule("hold_events", "idexx_sync.hold_events", "with its hold"),
    Rule(
        "pauses",
        "idexx_sync.pauses",
        "half a year after somebody let go on; one that stands stays",
        Goes(days=180, by="resumed_at", only="t.resumed_at IS NOT NULL"),
    ),
    Rule(
        "alerts",
        "idexx_sync.alerts",
        "half a year after it was closed; one that is muted speaks for the next one of its kind",
        Goes(
            days=180,
            by="closed_at",
            only="t.closed_at IS NOT NULL",
            stays="coalesce(t.muted_until > idexx_sync.clock(), false)",
        ),
    ),
    Rule(
        "messages",
        "idexx_sync.messages",
        "with its alert; a morning's for a quarter",
        Goes(days=90, by="made_at", only="t.part = 'digest'"),
    ),
    Rule(
        "discrepancies",
        "idexx_sync.discrepancies",
        "half a year after its end; one that no run judges any more, after it was seen last",
        Goes(days=180, age="coalesce(t.ended_at, t.last_seen_at)"),
    ),
    Rule("sightings", "idexx_sync.sightings", "with its discrepancy"),
    Rule("policies", "idexx_sync.policies", "with its clinic: a person wanted it so"),
    Rule(
        "dead_letters",
        "idexx_sync.dead_letters",
        "a month after its end; one that is parked waits for a person",
        Goes(days=30, by="ended_at", only="t.ended_at IS NOT NULL"),
    ),
    Rule(
        "idempotency_keys",
        "idexx_sync.idempotency_keys",
        "it counts for a day",
        Goes(
            days=2,
            by="created_at",
            key=(("api_key_id", "uuid"), ("route", "text"), ("idempotency_key", "text")),
        ),
    ),
    Rule(
        "credentials",
        "idexx_sync.credentials",
        "superseded ones for as long as the logins that were made with them",
        Goes(
            days=90,
            by="created_at",
            key=(("clinic_id", "uuid"), ("version", "integer")),
            stays="""NOT EXISTS (
                SELECT FROM idexx_sync.credentials n
                 WHERE n.clinic_id = t.clinic_id AND n.version > t.version
                   AND n.created_at < idexx_sync.clock() - interval '90 days')""",
        ),
    ),
    Rule(
        "sessions",
        "idexx_sync.sessions",
        "one a clinic; none lives as long, and the next login makes another one",
        Goes(days=90, by="stored_at", key=(("clinic_id", "uuid"),)),
    ),
    Rule(
        "deaths",
        "idexx_sync.deaths",
        "with its clinic: nobody is ever to be called about an animal that has died",
    ),
    Rule(
        "case_keys",
        "idexx_sync.case_keys",
        "with its clinic: any day may be asked for again, and without its key the same visit would "
        "make a second case",
    ),
    Rule("unknown_words", "idexx_sync.unknown_words", "never: each is reported once"),
    Rule("leases", "idexx_sync.leases", "never, one a clinic: the fence must go on rising (R23)"),
    Rule("clinic_settings", "idexx_sync.clinic_settings", "with its clinic"),
    Rule("imprints", "idexx_sync.imprints", "never, one a secret: by it a wrong one is refused"),
    Rule("key_budgets", "idexx_sync.key_budgets", "with its key, one a key"),
    Rule(
        "timetables",
        "idexx_sync.timetables",
        "while they stand, three a clinic; the watchdog deletes what has ended within a day",
    ),
    Rule(
        "schedule_mirror",
        "idexx_sync.schedule_mirror",
        "with its schedule, or its clinic: the mirror forgets what is there no more",
    ),
    Rule("places", "idexx_sync.places", "never, one a work that is done in parts"),
    Rule("migrations", "idexx_sync.migrations", "never: what the database is made of"),
    Rule("clinic_api_keys", "public.clinic_api_keys", "never by us: who held a key stays known"),
    Rule("case_sync_audits", "public.case_sync_audits", "never by us: ODIS decides"),
)
"""In the order in which a pass goes through them; a table may have several."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one statement of a rule did."""

    seen: int
    gone: int
    behind: list[str] | None
    """Age and key of the last row that was looked at; None: there was none."""


def delete_old(conn: Conn, rule: Rule, behind: list[str] | None, most: int) -> Batch:
    """Delete what is old of the next `most` rows behind a place, in a transaction of its own.

    What somebody has locked is left for the next round.
    """
    goes = rule.goes
    assert goes is not None
    with conn.transaction():
        bound_waits(conn)
        row = conn.execute(
            _statement(rule.table, goes, begins=behind is None),
            {"most": most, **{f"p{n}": part for n, part in enumerate(behind or [])}},
        ).fetchone()
    assert row is not None
    return Batch(*row)


def _statement(table: str, goes: Goes, *, begins: bool) -> str:
    names = [name for name, _ in goes.key]
    listed, own = ", ".join(names), ", ".join(f"t.{name}" for name in names)
    types = [goes.type, *(type_ for _, type_ in goes.key)]
    place = ", ".join(f"%(p{n})s::{type_}" for n, type_ in enumerate(types))
    behind = "" if begins else f"AND ({goes.ordered_by}, {own}) > ({place})"
    texts = ", ".join(f"s.{name}::text" for name in ("age", *names))
    return f"""
        WITH seen AS MATERIALIZED (
            SELECT {goes.ordered_by} AS age, {own} FROM {table} t
             WHERE {goes.is_old} AND {goes.only} {behind}
             ORDER BY {goes.ordered_by}, {own} LIMIT %(most)s
        ), going AS MATERIALIZED (
            SELECT {own} FROM {table} t
             WHERE ({own}) IN (SELECT {listed} FROM seen) AND NOT ({goes.stays})
               FOR UPDATE OF t SKIP LOCKED
        ), gone AS (
            DELETE FROM {table} t USING going g
             WHERE {" AND ".join(f"t.{name} = g.{name}" for name in names)}
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM gone),
               (SELECT ARRAY[{texts}] FROM seen s
                 ORDER BY s.age DESC, {", ".join(f"s.{name} DESC" for name in names)} LIMIT 1)
    """
