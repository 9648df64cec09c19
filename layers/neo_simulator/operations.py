"""Every change that can be made to one company's world, as the admin API offers them."""

from typing import Any

from neo_simulator.diary import Diary
from neo_simulator.errors import NotPossible
from neo_simulator.model import Line, Status
from neo_simulator.world import FRONT_DESK, found


class Operations(Diary):
    """Booking and diary, and what happens to consultations, patients and owners.

    Its public methods are the operations of the admin API, by name and arguments.
    """

    # -- consultations -----------------------------------------------------------------------

    def walk_in(
        self, patient_id: int, reason: str = "WALK-IN", provider: str | int | None = 1000
    ) -> int:
        """A consultation without an appointment: the calendar never shows it."""
        found(self.world.patients, patient_id, "patient")
        return self._new_consultation(patient_id, reason, self._provider(provider)).id

    def edit_notes(self, consultation_id: int, html: str) -> None:
        """Possible at any time, after the invoice was closed as well."""
        consultation = self.world.consultation(consultation_id)
        consultation.notes, consultation.updated_at = html, self.now()

    def add_line(
        self,
        consultation_id: int,
        product: str = "EXAM - OFFICE",
        quantity: float = 1,
        total: float = 60,
        declined: bool = False,
        label: str | None = None,
        provider: str | int | None = None,
        batch: str | None = None,
    ) -> int:
        consultation = self.world.consultation(consultation_id)
        line = Line(
            id=self.world.numbers.take("line"),
            product=product,
            quantity=quantity,
            total=total,
            sold_at=self.now(),
            declined=declined,
            label=label,
            provider_id=self._provider(provider),
            batch=batch,
        )
        consultation.lines.append(line)
        consultation.updated_at = self.now()
        return line.id

    def set_vital_signs(
        self, consultation_id: int, signs: dict[str, Any] | list[Any] | None
    ) -> None:
        """Possible at any time, as for the notes; null takes them away."""
        consultation = self.world.consultation(consultation_id)
        consultation.vital_signs, consultation.updated_at = signs, self.now()

    def delete_consultation(self, consultation_id: int, by: str = FRONT_DESK) -> None:
        """Only a draft can be deleted; its visit goes back to arrived, without a consultation."""
        consultation = self.world.consultation(consultation_id)
        if consultation.status != "draft":
            raise NotPossible(f"consultation {consultation_id} is {consultation.status}: no draft")
        del self.world.consultations[consultation_id]
        if consultation.visit_id is not None:
            visit = self.world.visit(consultation.visit_id)
            visit.consultation_id = None
            if visit.status is Status.IN_PROGRESS:
                visit.status = Status.ARRIVED
            self._touch(visit, by)

    # -- patients and owners -----------------------------------------------------------------

    def rename_patient(self, patient_id: int, name: str) -> None:
        patient = found(self.world.patients, patient_id, "patient")
        patient.name = name
        patient.revision += 1

    def change_color(self, patient_id: int, color: str) -> None:
        """Of its coat, in whatever words."""
        patient = found(self.world.patients, patient_id, "patient")
        patient.color = color
        patient.revision += 1

    def mark_deceased(self, patient_id: int) -> None:
        patient = found(self.world.patients, patient_id, "patient")
        patient.alive = False
        patient.revision += 1

    def set_active(self, patient_id: int, active: bool) -> None:
        """An inactive patient has moved away, or nobody knows."""
        patient = found(self.world.patients, patient_id, "patient")
        patient.active = active
        patient.revision += 1

    def merge_patients(self, patient_id: int, into: int, consultations: bool = False) -> None:
        """The first patient's visits move to the other one, and if wanted its consultations."""
        found(self.world.patients, patient_id, "patient")
        found(self.world.patients, into, "patient")
        for visit in self.world.visits.values():
            if visit.patient_id == patient_id:
                visit.patient_id = into
                self._touch(visit, FRONT_DESK)
        for record in self.world.consultations.values() if consultations else ():
            if record.patient_id == patient_id:
                record.patient_id = into

    def change_patient(
        self, visit_id: int, patient_id: int, consultation: bool = False, by: str = FRONT_DESK
    ) -> None:
        """It was booked for the wrong one; what is written of the visit goes along if wanted."""
        found(self.world.patients, patient_id, "patient")
        visit = self._living(visit_id)
        visit.patient_id = patient_id
        if consultation and visit.consultation_id is not None:
            self.world.consultation(visit.consultation_id).patient_id = patient_id
        self._touch(visit, by)

    def change_client(self, patient_id: int, client_id: int) -> None:
        """The patient belongs to somebody else now, and so do all its visits."""
        found(self.world.clients, client_id, "client")
        patient = found(self.world.patients, patient_id, "patient")
        patient.client_id = client_id
        patient.revision += 1

    def change_phone(
        self,
        client_id: int,
        phone: str | None,
        kind: str = "mobile",
    ) -> None:
        client = found(self.world.clients, client_id, "client")
        if kind not in ("mobile", "home", "work"):
            raise NotPossible(f"kind: {kind!r} is none of mobile, home, work")
        setattr(client, f"{kind}_phone", phone)
        client.revision += 1

    def change_owner(
        self,
        client_id: int,
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        title: str | None = None,
    ) -> None:
        """What is not given stays."""
        client = found(self.world.clients, client_id, "client")
        client.first_name = client.first_name if first_name is None else first_name
        client.last_name = client.last_name if last_name is None else last_name
        client.email = client.email if email is None else email
        client.title = client.title if title is None else title
        client.revision += 1
