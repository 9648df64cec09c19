"""What people do to cases in ODIS, remembered: it has to stay (rules R14 to R16)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn
from oracle.cases import KEY
from tests.faults.results import Violation
from tests.kit.database import query


@dataclass(frozen=True, slots=True)
class Edit:
    """A place where something may be written by hand."""

    table: str
    place: str
    """SQL of the value as text."""
    change: str
    """SQL that sets it to a text."""
    names: tuple[str, ...] = ()
    """What the oracle calls it."""

    @property
    def of_owner(self) -> bool:
        """It is about the owner, and not only about the patient."""
        return any(name.startswith("owner_") for name in self.names)


class Whose(NamedTuple):
    """Whom a case is about, by its own word."""

    patient: str | None
    client: str | None

    def is_former(self, now: "Whose", *, of_owner: bool) -> bool:
        """Whether it is about another patient now, or, if that matters, another owner's."""
        pairs = [(self.patient, now.patient)] + [(self.client, now.client)] * of_owner
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _leaf(column: str, path: str) -> tuple[str, str]:
    held = f"coalesce(nullif({column}, 'null'), '{{}}')"
    return (
        f"{column} #>> '{{{path}}}'",
        f"{column} = jsonb_set({held}, '{{{path}}}', to_jsonb(%s::text))",
    )


EDITS = (
    Edit("patients", "name", "name = %s", ("name",)),
    Edit("patients", "owner_name", "owner_name = %s", ("owner_name",)),
    Edit("patients", "owner_phone", "owner_phone = %s", ("owner_phone",)),
    Edit("patients", "breed", "breed = %s"),
    Edit("cases", *_leaf("metadata", "followUp")),
    Edit("cases", *_leaf("entity_extraction", "toldByHand")),
)


NO_VERDICTS: tuple[Any, ...] = (
    *(None, {}, {"isExtremeCase": None}, "pending", {"category": "none"}, []),
    *({"isExtremeCase": "false"}, {"isExtremeCase": 0}),
)


@dataclass(slots=True)
class OdisUsers:
    """Those of one clinic, and what they have done so far."""

    conn: Conn
    clinic_id: UUID
    edits: dict[tuple[UUID, int], str] = field(default_factory=dict)
    """Case and number of the edit -> the text that they wrote."""
    reviewed: set[UUID] = field(default_factory=set)
    """Completed cases that they reviewed."""
    refused_marks: set[UUID] = field(default_factory=set)
    """Cases that they looked at: their patient has not died."""
    refused_early: set[UUID] = field(default_factory=set)
    """Those of them whose visit was still to come when somebody looked: that may not last."""
    deleted: set[str] = field(default_factory=set)
    """Visits whose case they deleted."""
    edited_for: dict[tuple[UUID, int], "Whose"] = field(default_factory=dict)
    """Edit -> whom the case was about: an edit for a former patient or owner does not stay."""
    reviewed_for: dict[UUID, "Whose"] = field(default_factory=dict)
    """The same of reviews."""

    def cases(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT c.id, c.status::text, c.extreme_case_check, k.external_id AS key, "
            "c.scheduled_at > idexx_sync.clock() AS is_to_come, "
            "c.metadata #>> '{pimsAppointment,patient,id}' AS patient, "
            "c.metadata #>> '{pimsAppointment,client,id}' AS client "
            "FROM public.cases c JOIN idexx_sync.case_keys k ON k.case_id = c.id "
            "WHERE k.clinic_id = %s ORDER BY k.external_id",
            (self.clinic_id,),
        )

    def write(self, case_id: UUID, number: int, text: str) -> None:
        edit = EDITS[number % len(EDITS)]
        where = "case_id" if edit.table == "patients" else "id"
        self.conn.execute(
            f"UPDATE public.{edit.table} SET {edit.change} WHERE {where} = %s", (text, case_id)
        )
        self.edits[case_id, number % len(EDITS)] = text
        self.edited_for[case_id, number % len(EDITS)] = self._whose()[case_id]

    def review(self, case: Mapping[str, Any]) -> None:
        """What ODIS's page does with a case that is done."""
        if case["status"] == "completed":
            self.conn.execute(
                "UPDATE public.cases SET status = 'reviewed' WHERE id = %s", (case["id"],)
            )
            self.reviewed.add(case["id"])
            self.reviewed_for[case["id"]] = self._whose()[case["id"]]

    def refuse_mark(self, case: Mapping[str, Any]) -> None:
        if case["extreme_case_check"] is None:
            self.conn.execute(
                "UPDATE public.cases SET extreme_case_check = %s WHERE id = %s",
                (Jsonb({"isExtremeCase": False}), case["id"]),
            )
            self.refused_marks.add(case["id"])

    def leave_no_verdict(self, case: Mapping[str, Any], number: int) -> None:
        """What a service writes that did not come to a verdict, where nobody else has."""
        if case["extreme_case_check"] is None:
            self.conn.execute(
                "UPDATE public.cases SET extreme_case_check = %s WHERE id = %s",
                (Jsonb(NO_VERDICTS[number % len(NO_VERDICTS)]), case["id"]),
            )

    def delete(self, case: Mapping[str, Any]) -> None:
        self.conn.execute("DELETE FROM public.cases WHERE id = %s", (case["id"],))
        self.deleted.add(case["key"].removeprefix(KEY))
        self.edits = {k: v for k, v in self.edits.items() if k[0] != case["id"]}
        self.reviewed.discard(case["id"])
        self.refused_marks.discard(case["id"])
        self.refused_early.discard(case["id"])

    def fields_edited(self, state: Mapping[str, Any]) -> dict[str, set[str]]:
        """Visit -> fields that the oracle must leave alone."""
        self._forget_reopened(state)
        self._note_early(state)
        self._forget_former()
        visits = {case["id"]: case["key"].removeprefix(KEY) for case in self.cases()}
        edited: dict[str, set[str]] = {}
        for case_id, number in self.edits:
            edited.setdefault(visits[case_id], set()).update(EDITS[number].names)
        for case_id in self.reviewed:
            edited.setdefault(visits[case_id], set()).add("status")
        for case_id in self.refused_marks:
            edited.setdefault(visits[case_id], set()).add("extreme_case_check")
        return edited

    def undone(self, state: Mapping[str, Any]) -> list[Violation]:
        """R15: what people did that is not there any more."""
        self._forget_reopened(state)
        self._note_early(state)
        self._forget_former()
        found = []
        for (case_id, number), text in self.edits.items():
            edit = EDITS[number]
            where = "case_id" if edit.table == "patients" else "id"
            rows = query(
                self.conn,
                f"SELECT {edit.place} AS held FROM public.{edit.table} WHERE {where} = %s",
                (case_id,),
            )
            if [row["held"] for row in rows] != [text]:
                found.append(f"somebody's edit of {edit.table}: {edit.place} is gone")
        held = {case["id"]: case for case in self.cases()}
        found += [
            "somebody's review is gone"
            for case_id in self.reviewed
            if held[case_id]["status"] != "reviewed"
        ]
        found += [
            "somebody's word that the patient lives is gone"
            for case_id in self.refused_marks
            if held[case_id]["extreme_case_check"] != {"isExtremeCase": False}
            and not (case_id in self.refused_early and _is_mark(held[case_id]))
        ]
        found += [
            f"{case['key']} was deleted by somebody and is there again"
            for case in held.values()
            if case["key"].removeprefix(KEY) in self.deleted
        ]
        return [Violation("R15", text) for text in found]

    def _note_early(self, state: Mapping[str, Any]) -> None:
        """A no that was there before the visit took place, as booked now, gives way to words."""
        now = state["company"]["now"]
        waiting = {KEY + v["id"] for v in state["visits"] if v["start"] > now}
        self.refused_early |= {
            case["id"]
            for case in self.cases()
            if case["id"] in self.refused_marks and (case["key"] in waiting or case["is_to_come"])
        }

    def _whose(self) -> dict[UUID, "Whose"]:
        return {case["id"]: Whose(case["patient"], case["client"]) for case in self.cases()}

    def _forget_former(self) -> None:
        """What was done for a patient, or an owner, that the case is not about any more."""
        now = self._whose()
        for (case_id, number), was in self.edited_for.items():
            if case_id in now and was.is_former(now[case_id], of_owner=EDITS[number].of_owner):
                self.edits.pop((case_id, number), None)
        for case_id, was in self.reviewed_for.items():
            if case_id in now and was.is_former(now[case_id], of_owner=False):
                self.reviewed.discard(case_id)

    def _forget_reopened(self, state: Mapping[str, Any]) -> None:
        """A review is of a visit that is over: once it is not, or is called off, nobody's word."""
        over = {v["id"] for v in state["visits"] if v["status_now"] == "finalized"}
        for case in self.cases():
            if case["id"] in self.reviewed and case["key"].removeprefix(KEY) not in over:
                self.reviewed.discard(case["id"])


def _is_mark(case: Mapping[str, Any]) -> bool:
    check = case["extreme_case_check"]
    return isinstance(check, dict) and check.get("isExtremeCase") is True
