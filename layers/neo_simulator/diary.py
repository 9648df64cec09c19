"""What staff do to a visit or block after it was booked, with the effects it has in Neo."""

from dataclasses import replace
from datetime import date, datetime
from html import escape

from neo_simulator.booking import Booking, naive
from neo_simulator.errors import NotPossible
from neo_simulator.model import Block, Consultation, Status, Visit
from neo_simulator.world import FRONT_DESK, found

WAITING = (Status.NOT_ARRIVED, Status.ARRIVED)


class Diary(Booking):
    """Changes to the calendar and the day of the visit; each stamps what it touched.

    A record's id never changes. Cancelling keeps a visit, deleting takes it out of the calendar;
    both stay readable by id.
    """

    # -- the calendar ------------------------------------------------------------------------

    def move(
        self,
        visit_id: int,
        start: datetime | None = None,
        room: int | None = None,
        minutes: int | None = None,
        by: str = FRONT_DESK,
    ) -> None:
        """Another time, room or length; what is not given stays."""
        visit = self._living(visit_id)
        new_minutes = visit.minutes if minutes is None else minutes
        self._check_slot(new_minutes, room)
        visit.start = visit.start if start is None else naive(start)
        visit.room_id = visit.room_id if room is None else room
        visit.minutes = new_minutes
        self._touch(visit, by)
        self.world.changed()

    def cancel(self, visit_id: int, reason: str = "OWNER CALLED", by: str = FRONT_DESK) -> None:
        visit = self._living(visit_id)
        if visit.status is Status.CANCELLED:
            raise NotPossible(f"visit {visit_id} is cancelled already")
        visit.status_before, visit.status = visit.status, Status.CANCELLED
        visit.cancelled_reason = reason
        self._touch(visit, by)

    def uncancel(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._living(visit_id)
        if visit.status is not Status.CANCELLED:
            raise NotPossible(f"visit {visit_id} is {visit.status}, not cancelled")
        visit.status, visit.cancelled_reason = visit.status_before, None
        self._touch(visit, by)

    def delete(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._living(visit_id)
        visit.deleted = True
        self._touch(visit, by)
        self.world.changed()

    def undelete(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self.world.visit(visit_id)
        if not visit.deleted:
            raise NotPossible(f"visit {visit_id} is not deleted")
        visit.deleted = False
        self._touch(visit, by)
        self.world.changed()

    def rebook(self, visit_id: int, by: str = FRONT_DESK) -> int:
        """Deletes a visit and books it anew as it was; its consultation goes along."""
        old = self._living(visit_id)
        new = replace(old, id=self.world.numbers.take("appointment"), booked_at=self.now())
        self.world.visits[new.id] = new
        if old.consultation_id is not None:
            self.world.consultation(old.consultation_id).visit_id = new.id
            old.consultation_id = None
        self._touch(new, by)
        self.delete(visit_id, by)
        return new.id

    def delete_block(self, block_id: int, day: date | None = None, by: str = FRONT_DESK) -> None:
        """The whole block, or only its occurrence on a day."""
        block = self._living_block(block_id)
        if day is None or block.days == [day]:
            block.deleted = True
        elif day in block.days:
            block.days.remove(day)
        else:
            raise NotPossible(f"block {block_id} has no occurrence on {day}")
        self._touch(block, by)
        self.world.changed()

    def undelete_block(self, block_id: int, by: str = FRONT_DESK) -> None:
        block = found(self.world.blocks, block_id, "block")
        if not block.deleted:
            raise NotPossible(f"block {block_id} is not deleted")
        block.deleted = False
        self._touch(block, by)
        self.world.changed()

    def move_block(
        self,
        block_id: int,
        start: datetime,
        end: datetime,
        room: int | None = None,
        by: str = FRONT_DESK,
    ) -> None:
        """Another time of a block that happens once; its id stays."""
        block = self._living_block(block_id)
        start, end = naive(start), naive(end)
        if block.recurring or end <= start or end.date() != start.date():
            raise NotPossible("only a block that happens once moves, and within one day")
        self._check_slot(0, room)
        block.days, block.starts, block.ends = [start.date()], start.time(), end.time()
        block.more_days = 0
        block.room_id = block.room_id if room is None else room
        self._touch(block, by)
        self.world.changed()

    def edit_reason(self, visit_id: int, reason: str, by: str = FRONT_DESK) -> None:
        visit = self._living(visit_id)
        visit.reason = reason
        self._touch(visit, by)

    def change_type(self, visit_id: int, appointment_type: str | int, by: str = FRONT_DESK) -> None:
        visit = self._living(visit_id)
        visit.type_id = self._type(appointment_type)
        self._touch(visit, by)

    def change_provider(
        self,
        visit_id: int,
        provider: str | int | None,
        by: str = FRONT_DESK,
    ) -> None:
        visit = self._living(visit_id)
        visit.provider_id = self._provider(provider)
        self._touch(visit, by)

    # -- the day of the visit ----------------------------------------------------------------

    def confirm(self, visit_id: int, by: str = FRONT_DESK) -> None:
        """The client said that they will come."""
        visit = self._living(visit_id)
        visit.confirmed = True
        self._touch(visit, by)

    def confirm_arrival(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._in_state(visit_id, Status.NOT_ARRIVED)
        visit.status, visit.arrived_at = Status.ARRIVED, self.now()
        self._touch(visit, by)

    def no_show(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._in_state(visit_id, *WAITING)
        visit.status = Status.NO_SHOW
        self._touch(visit, by)

    def undo_no_show(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._in_state(visit_id, Status.NO_SHOW)
        visit.status = Status.ARRIVED if visit.arrived_at else Status.NOT_ARRIVED
        self._touch(visit, by)

    def start_consultation(self, visit_id: int, by: str = FRONT_DESK) -> int:
        """Opens the visit's consultation as a draft; ids ascend in order of creation."""
        visit = self._in_state(visit_id, *WAITING)
        if visit.consultation_id is not None:
            raise NotPossible(f"visit {visit_id} has consultation {visit.consultation_id} already")
        consultation = self._new_consultation(visit.patient_id, visit.reason, visit.provider_id)
        consultation.visit_id, visit.consultation_id = visit.id, consultation.id
        visit.status = Status.IN_PROGRESS
        self._touch(visit, by)
        return consultation.id

    def ready_to_pay(self, visit_id: int, by: str = FRONT_DESK) -> None:
        visit = self._in_state(visit_id, Status.IN_PROGRESS)
        visit.status = Status.READY_TO_PAY
        self._consultation_of(visit).status = "unpaid"
        self._touch(visit, by)

    def finalise(self, visit_id: int, by: str = FRONT_DESK) -> None:
        """Paid, or completed when there was nothing to pay."""
        visit = self._in_state(visit_id, Status.IN_PROGRESS, Status.READY_TO_PAY)
        consultation = self._consultation_of(visit)
        owed = sum(line.total for line in consultation.lines if not line.declined)
        consultation.status = "paid" if owed else "completed"
        visit.status, visit.finished_at = Status.FINALIZED, self.now()
        self._touch(visit, by)

    def check_out(self, visit_id: int, by: str = FRONT_DESK) -> None:
        """Over without a clinical record, as a walk to the scales that nobody writes up."""
        visit = self._in_state(visit_id, *WAITING)
        if visit.consultation_id is not None:
            raise NotPossible(f"visit {visit_id} has consultation {visit.consultation_id}")
        visit.status, visit.finished_at = Status.FINALIZED, self.now()
        self._touch(visit, by)

    def replace_consultation(self, visit_id: int, by: str = FRONT_DESK) -> int:
        """A new record of a visit that is over, written up late or anew; an old one stays behind as
        nobody's."""
        visit = self._in_state(visit_id, Status.FINALIZED)
        if visit.consultation_id is not None:
            self.world.consultation(visit.consultation_id).visit_id = None
        consultation = self._new_consultation(visit.patient_id, visit.reason, visit.provider_id)
        consultation.visit_id, visit.consultation_id = visit.id, consultation.id
        consultation.status = "completed"
        self._touch(visit, by)
        return consultation.id

    # -- helpers -----------------------------------------------------------------------------

    def _living(self, visit_id: int) -> Visit:
        visit = self.world.visit(visit_id)
        if visit.deleted:
            raise NotPossible(f"visit {visit_id} is deleted")
        return visit

    def _living_block(self, block_id: int) -> Block:
        block = found(self.world.blocks, block_id, "block")
        if block.deleted:
            raise NotPossible(f"block {block_id} is deleted")
        return block

    def _in_state(self, visit_id: int, *allowed: Status) -> Visit:
        visit = self._living(visit_id)
        if visit.status not in allowed:
            raise NotPossible(
                f"visit {visit_id} is {visit.status}; this needs {' or '.join(allowed)}"
            )
        return visit

    def _consultation_of(self, visit: Visit) -> Consultation:
        if visit.consultation_id is None:
            raise NotPossible(f"visit {visit.id} has no consultation: start one first")
        return self.world.consultation(visit.consultation_id)

    def _touch(self, record: Visit | Block, by: str) -> None:
        record.last_updated_at, record.last_updated_by = self.now(), by
        record.revision += 1
        self.world.remember(record, record.last_updated_at)

    def _new_consultation(
        self, patient_id: int, reason: str, provider_id: int | None
    ) -> Consultation:
        consultation = Consultation(
            id=self.world.numbers.take("consultation"),
            patient_id=patient_id,
            visit_id=None,
            reason=reason,
            started_at=self.now(),
            provider_id=provider_id,
            notes=f"<p>Appointment reason: {escape(reason, quote=False)}</p><p><br></p>",
        )
        self.world.consultations[consultation.id] = consultation
        return consultation
