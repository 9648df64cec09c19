"""Rule R15: after any sequence of patients and owners nothing of a former one is left anywhere."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from idexx_sync.pims.protocol import Consultation, Line, SourceRecord
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.lending import Lending
from tests.kit.records import chart, seen

PEOPLE: Final = range(3)
CONTACT: Final = ("client_name", "client_phone", "client_email")
Kind = Literal["PET", "OWNER"]


def token(kind: Kind, number: int, what: str = "") -> str:
    """An invented value that is this patient's, or this owner's, and nobody else's."""
    return f"{what}{kind}{number}X"


def phone(number: int, place: int) -> str:
    return f"555-5550-{number}0{place}"


@dataclass(frozen=True)
class Step:
    """One run: what the calendar and the record say before it, and what people do after it."""

    patient: int
    owner: int
    lacks: frozenset[str] = frozenset()
    """What the calendar does not say of the owner."""
    said_to_be_empty: bool = False
    unsaid: str | None = None
    """An id that the calendar leaves out."""
    status: str = "Finalized"
    record_of: int | None = None
    """None: there is no record."""
    record_owner: int = 0
    edits: bool = False
    manner: Literal["apply", "observe"] = "apply"

    @property
    def visit(self) -> SourceRecord:
        visit = seen(
            patient_id=token("PET", self.patient, "id"),
            patient_name=token("PET", self.patient, "name"),
            client_id=token("OWNER", self.owner, "id"),
            client_name=token("OWNER", self.owner, "name"),
            client_phone=phone(self.owner, 1),
            client_email=f"{token('OWNER', self.owner)}@example.com",
            reason=token("PET", self.patient, "reason"),
            status=self.status,
            consultation_id=None if self.record_of is None else "9600101",
        )
        nothing: dict[str, Any] = dict.fromkeys(self.lacks)
        visit = replace(visit, **nothing)
        if self.said_to_be_empty:
            visit = replace(visit, emptied=self.lacks)
        unsaid: dict[str, Any] = {self.unsaid: None} if self.unsaid else {}
        return replace(visit, **unsaid)

    @property
    def record(self) -> Consultation | None:
        if self.record_of is None:
            return None
        number = self.record_of
        return chart(
            patient_id=token("PET", number, "id"),
            notes_html=f"<p>{token('PET', number, 'notes')}</p>",
            reason=token("PET", number, "described"),
            lines=[
                Line(token("PET", number, "drug")),
                Line(token("PET", number, "refused"), declined=True),
            ],
            breed=token("PET", number, "breed"),
            sex=token("PET", number, "sex"),
            vital_signs={"remark": token("PET", number, "vital")},
            client_id=token("OWNER", self.record_owner, "id"),
            client_phone=phone(self.record_owner, 2),
            client_email=f"record{token('OWNER', self.record_owner)}@example.com",
        )


people = st.sampled_from(PEOPLE)
steps = st.builds(
    Step,
    patient=people,
    owner=people,
    lacks=st.frozensets(st.sampled_from(CONTACT[1:])),
    said_to_be_empty=st.booleans(),
    unsaid=st.sampled_from([None, None, None, "patient_id", "client_id"]),
    status=st.sampled_from(["Finalized", "Finalized", "In Progress", "Cancelled", "Zorp"]),
    record_of=st.none() | people,
    record_owner=people,
    edits=st.booleans(),
    manner=st.sampled_from(["apply", "apply", "apply", "observe"]),
)


def foreign_values(case: dict[str, Any], patient: str, owner: str) -> list[str]:
    """What a case says of patients and owners that are not its own."""
    text = json.dumps(case, default=str)
    found = [
        token("PET", n) for n in PEOPLE if token("PET", n, "id") != patient and f"PET{n}X" in text
    ]
    for n in PEOPLE:
        if token("OWNER", n, "id") != owner:
            phones = (phone(n, place).replace("-", "") for place in (1, 2))
            digits = text.replace("-", "")
            found += [f"OWNER{n}X"] if f"OWNER{n}X" in text else []
            found += [one for one in phones if one in digits]
    return found


def case_of(bench: CasesBench) -> dict[str, Any] | None:
    """The visit's case and its patient's row in one."""
    found = query(
        bench.conn,
        "SELECT c.*, to_jsonb(p) AS patient FROM public.cases c LEFT JOIN public.patients p "
        "ON p.case_id = c.id WHERE c.clinic_id = %s",
        (bench.clinic_id,),
    )
    return found[0] if found else None


def edit(bench: CasesBench, case: dict[str, Any], step: Step) -> None:
    """People and other services write about whom the case is of at that moment."""
    whose = (case["metadata"].get("pimsAppointment") or {}).get("patient") or {}
    mark = f"{whose.get('id', '')} BY HAND"
    document = {**case["metadata"], "followUp": mark, "callIntelligence": {"opening": mark}}
    document.setdefault("entities", {}).setdefault("clinical", {})["diagnosis"] = mark
    bench.edit("cases", case["id"], metadata=document, status="reviewed")
    bench.edit("patients", case["patient"]["id"], name=mark, metadata={"remark": mark})


@contextmanager
def clinic_of(
    conn: Connection[tuple[Any, ...]], database: str, lending: Lending
) -> Iterator[CasesBench]:
    clinic_id = add_clinic(conn, live_from=date(2026, 1, 1))
    with lending.database(as_role(database, "worker")) as lent:
        yield CasesBench(conn, database, clinic_id, lent=lent)


A, B = Step(0, 0, record_of=0), Step(1, 1, record_of=1, record_owner=1)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # a shorter story would cost minutes
)
@example(story=[A, B, A, B])
@example(story=[A, replace(B, lacks=frozenset(CONTACT[1:]), record_of=0), B])
@example(story=[replace(A, edits=True), replace(B, manner="observe"), B])
@example(
    story=[
        A,
        replace(B, unsaid="client_id", record_of=None),
        replace(B, unsaid="client_id", owner=0, record_of=None),
        replace(B, owner=2, lacks=frozenset(CONTACT[1:]), record_of=None),
    ]
)
@example(
    story=[
        replace(A, unsaid="client_id", lacks=frozenset({"client_email"})),
        replace(A, owner=2, lacks=frozenset({"client_phone"}), record_of=None),
    ]
)
@example(
    story=[
        replace(A, unsaid="client_id", lacks=frozenset(CONTACT[1:]), record_owner=2),
        replace(A, lacks=frozenset({"client_email"}), record_of=None),
    ]
)
@example(story=[A, replace(A, owner=1, lacks=frozenset(CONTACT[1:])), A])
@example(story=[A, replace(B, unsaid="client_id"), replace(B, record_of=None)])
@example(story=[A, replace(B, status="Zorp")])
@example(
    story=[
        replace(A, unsaid="client_id"),
        replace(A, owner=2, lacks=frozenset(CONTACT[1:]), manner="observe"),
        replace(A, owner=1, lacks=frozenset(CONTACT[1:])),
    ]
)
@given(story=st.lists(steps, min_size=2, max_size=6))
def test_r15_nothing_of_a_former_one_is_left_after_any_sequence(
    conn: Connection[tuple[Any, ...]], database: str, lending: Lending, story: list[Step]
) -> None:
    with clinic_of(conn, database, lending) as bench:
        for step in story:
            bench.shows(step.visit)
            bench.pims.charts.clear()
            if step.record is not None:
                bench.writes(step.record)
            job = bench.cases(manner=step.manner)
            assert job.status in ("succeeded", "succeeded_with_warnings")
            case = case_of(bench)
            if step.manner == "apply" and case is not None:
                check(case, step)
            if case is not None and step.edits:
                edit(bench, case, step)
            bench.later(60 * 13)


def check(case: dict[str, Any], step: Step) -> None:
    shown = case["metadata"]["pimsAppointment"]
    patient, owner = shown["patient"]["id"], (shown.get("client") or {}).get("id")
    if step.visit.patient_id is not None and step.visit.client_id is not None:
        assert patient == token("PET", step.patient, "id")
        assert owner == token("OWNER", step.owner, "id")
    if patient is not None and owner is not None:
        assert foreign_values(case, patient, owner) == []
    if case["status"] == "completed" and patient is not None and owner is not None:
        assert (patient, owner) == (step.visit.patient_id, step.visit.client_id)
        read = case["metadata"].get("pimsConsultation", {}).get("notes")
        assert step.record is None or read == token("PET", step.patient, "notes")
