"""Two clinics live the same random history, and one of them gets new fingerprint keys meanwhile.

Whatever ODIS can see of the two must be the same after every run.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from idexx_sync.database.connection import Database
from idexx_sync.pims.protocol import Consultation, Line, SourceRecord
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import query
from tests.kit.module_database import conn, database
from tests.kit.records import chart, seen

__all__ = ["conn", "database"]

VISITS = [str(600101 + n) for n in range(6)]
ROUNDS = 8
FINGERPRINT = re.compile(r"[0-9a-f]{8}:[\w-]{22}")
SHOWN = {
    "schedule_appointments": "SELECT * FROM public.schedule_appointments WHERE clinic_id = %s",
    "cases": "SELECT * FROM public.cases WHERE clinic_id = %s",
    "patients": """SELECT p.*, c.external_id AS of FROM public.patients p
                     JOIN public.cases c ON c.id = p.case_id WHERE c.clinic_id = %s""",
    "audits": """SELECT a.external_id, a.sync_type, a.status, a.error_message,
                        a.metadata ->> 'reason' AS reason, a.metadata -> 'changes' AS changes
                   FROM public.case_sync_audits a
                   JOIN idexx_sync.jobs j ON j.id = a.job_id WHERE j.clinic_id = %s""",
    "holds": "SELECT sync, cause, status, findings FROM idexx_sync.holds WHERE clinic_id = %s",
    "records": """SELECT kind, external_id, source, strikes, quarantine_code
                    FROM idexx_sync.records WHERE clinic_id = %s""",
}


@dataclass
class Twins:
    """A clinic, and one that is the same but for its keys."""

    steady: CasesBench
    rotated: CasesBench
    dice: random.Random
    visits: dict[str, SourceRecord] = field(default_factory=dict)
    charts: dict[str, Consultation] = field(default_factory=dict)

    @property
    def both(self) -> tuple[CasesBench, CasesBench]:
        return self.steady, self.rotated

    def in_both(self, happens: Callable[[CasesBench], object]) -> None:
        for bench in self.both:
            happens(bench)

    def run(self) -> None:
        for bench in self.both:
            bench.later(DAY if len(self.charts) % 2 else 20)
            bench.pims.records = list(self.visits.values())
            bench.pims.charts = {made.id: made for made in self.charts.values()}
            bench.sync(first=date(2026, 5, 4), last=date(2026, 5, 10))
            bench.cases()

    # -- what happens -------------------------------------------------------------------------

    def neo_changes_the_calendar(self) -> None:
        visit = self.dice.choice(VISITS)
        words: dict[str, tuple[Any, ...]] = {
            "patient_name": ("TANGO", "TANGO II", "BRUNO"),
            "client_name": ("Robin Sample", "Sam Sample"),
            "client_phone": ("555-555-0100", "(555) 555-0199", "555-555-0142"),
            "client_email": (None, "sam@example.com", "robin@example.com"),
            "provider_name": ("DR. A. EXAMPLE", "DR. B. EXAMPLE"),
            "reason": ("LIMPING", "LUMP", "EUTHANASIA?"),
            "type": ("Exam", "Surgery", "Euthanasia"),
            "status": ("Finalized", "In Progress", "Ready to Pay", "Cancelled"),
        }
        name = self.dice.choice(list(words))
        self.visits[visit] = replace(self.visits[visit], **{name: self.dice.choice(words[name])})

    def neo_changes_a_record(self) -> None:
        visit = self.dice.choice(VISITS)
        words: dict[str, tuple[Any, ...]] = {
            "notes_html": ("<p>Well.</p>", "<p>Lame.</p><p>No pain.</p>", "<p>euthanized</p>"),
            "discharge_html": ("<p>Feed well.</p>", "<p>Rest.</p>", "<p>Sorry for your loss.</p>"),
            "reason": ("limping", "quality of life"),
            "breed": ("Mixed", "Beagle"),
            "species": ("Canine", "Feline"),
            "lines": (
                [Line("EXAM - OFFICE", id="1")],
                [Line("RECHECK", id="1"), Line("EUTHANASIA, DOG", 1, declined=True)],
                [Line("EUTHANASIA, DOG", 1, label="euthanasia solution")],
            ),
        }
        name = self.dice.choice(list(words))
        self.charts[visit] = replace(self.charts[visit], **{name: self.dice.choice(words[name])})

    def neo_takes_words_away(self) -> None:
        visit = self.dice.choice(VISITS)
        self.visits[visit] = replace(self.visits[visit], reason=None)
        self.charts[visit] = replace(self.charts[visit], discharge_html=None)

    def neo_weighs_the_patient(self) -> None:
        visit = self.dice.choice(VISITS)
        self.charts[visit] = replace(self.charts[visit], weight_kg=self.dice.randrange(200) / 10)

    def a_person_edits(self) -> None:
        visit, number = self.dice.choice(VISITS), self.dice.randrange(1_000)
        column = self.dice.choice(["name", "owner_name", "owner_phone", "breed"])
        statement = f"""
            UPDATE public.patients p SET {column} = %s FROM public.cases c
             WHERE c.id = p.case_id AND c.clinic_id = %s AND c.external_id LIKE %s"""
        text = f"BY HAND {number}"
        self.in_both(lambda b: b.conn.execute(statement, (text, b.clinic_id, f"%{visit}")))

    def a_person_takes_marks_back(self) -> None:
        statement = "UPDATE public.cases SET extreme_case_check = NULL WHERE clinic_id = %s"
        self.in_both(lambda b: b.conn.execute(statement, (b.clinic_id,)))

    def a_person_deletes_a_case(self) -> None:
        visit = self.dice.choice(VISITS)
        statement = "DELETE FROM public.cases WHERE clinic_id = %s AND external_id LIKE %s"
        self.in_both(lambda b: b.conn.execute(statement, (b.clinic_id, f"%{visit}")))

    def a_person_takes_an_edit_back(self) -> None:
        """By writing what the calendar says now."""
        visit = self.visits[self.dice.choice(VISITS)]
        statement = """
            UPDATE public.patients p SET name = %s, owner_name = %s FROM public.cases c
             WHERE c.id = p.case_id AND c.clinic_id = %s AND c.external_id LIKE %s"""
        said = (visit.patient_name, visit.client_name)
        self.in_both(lambda b: b.conn.execute(statement, (*said, b.clinic_id, f"%{visit.id}")))


DAY = 60 * 24
ALWAYS = (
    *[Twins.neo_changes_the_calendar] * 4,
    *[Twins.neo_changes_a_record] * 3,
    Twins.a_person_edits,
    Twins.a_person_takes_marks_back,
)
WHERE_THE_OLD_KEY_IS_KNOWN = (
    *[Twins.neo_weighs_the_patient] * 2,
    Twins.neo_takes_words_away,
    Twins.a_person_deletes_a_case,
    Twins.a_person_takes_an_edit_back,
)
"""What only a fingerprint tells for certain: without the old key some of it is left and told (rule
R15), a visit without a case has new words, and one with fewer words than before has none (R19)."""


@pytest.fixture
def twins(
    conn: Connection[tuple[Any, ...]],
    database: str,
    lent: Database,
    request: pytest.FixtureRequest,
) -> Twins:
    def bench(user_id: UUID) -> CasesBench:
        clinic_id = add_clinic(conn, acting_user_id=user_id, live_from=date(2026, 1, 1))
        return CasesBench(conn, database, clinic_id, lent=lent)

    user_id = add_user(conn)
    made = Twins(bench(user_id), bench(user_id), random.Random(request.param))
    for number, visit in enumerate(VISITS):
        patient = str(40021 + number // 2)
        start = f"2026-05-0{4 + number // 3} {8 + number:02}:00:00"
        made.visits[visit] = seen(visit, start, patient_id=patient)
        made.charts[visit] = chart(visit, patient_id=patient)
    return made


@pytest.mark.parametrize("keep_old", [True, False], ids=["the old one is known", "it is lost"])
@pytest.mark.parametrize("twins", [1, 2, 3], indirect=True)
def test_a_new_fingerprint_key_changes_nothing_that_odis_sees(twins: Twins, keep_old: bool) -> None:
    menu = [*ALWAYS, *(WHERE_THE_OLD_KEY_IS_KNOWN if keep_old else ())]
    only_in = twins.dice.randrange(ROUNDS) if keep_old else None
    twins.run()
    for number in range(ROUNDS):
        for happens in twins.dice.choices(menu, k=twins.dice.randrange(6)):
            happens(twins)
        if only_in in (None, number):
            twins.rotated.replace_fingerprint_key(keep_old=keep_old)
        for happens in twins.dice.choices(menu, k=twins.dice.randrange(3)):
            happens(twins)
        twins.run()

        for table, statement in SHOWN.items():
            steady, rotated = (shown(bench, statement) for bench in twins.both)
            assert set(rotated) ^ set(steady) == set(), table
            assert rotated == steady, table


def shown(bench: CasesBench, statement: str) -> list[str]:
    """The rows without what differs between any two clinics, and between two keys."""
    rows = query(bench.conn, statement, (bench.clinic_id,))
    return sorted(FINGERPRINT.sub("a fingerprint", str(_bare(row))) for row in rows)


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    stamps = ("created_at", "updated_at")  # the machine's own, in the calendar's rows
    return {n: v for n, v in row.items() if not isinstance(v, UUID) and n not in stamps}
