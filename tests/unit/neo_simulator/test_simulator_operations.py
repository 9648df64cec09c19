"""What staff can do, and what it leaves behind."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from neo_simulator.clock import Clock
from neo_simulator.errors import NotPossible, UnknownRecord
from neo_simulator.model import Status
from neo_simulator.operations import Operations
from neo_simulator.world import World, empty_world

wall = datetime.fromisoformat

NINE = wall("2026-05-04 09:00")


@pytest.fixture
def clock() -> Clock:
    clock = Clock(ZoneInfo("America/Los_Angeles"))
    clock.set_local(wall("2026-05-04 08:00"))
    return clock


@pytest.fixture
def world() -> World:
    return empty_world()


@pytest.fixture
def staff(world: World, clock: Clock) -> Operations:
    return Operations(world, clock.local)


def test_ids_ascend_and_an_owner_known_by_name_and_phone_is_used_again(staff: Operations) -> None:
    first = staff.book(NINE)
    second = staff.book(NINE + timedelta(hours=1))
    third = staff.book(NINE, patient="BISCUIT")

    visits = staff.world.visits
    assert (first, second, third) == (600101, 600102, 600103)
    assert visits[first].patient_id == visits[second].patient_id != visits[third].patient_id
    assert len(staff.world.clients) == 1


def test_a_move_keeps_the_id_and_stamps_the_change(staff: Operations, clock: Clock) -> None:
    visit = staff.book(NINE)
    clock.advance(timedelta(minutes=5))

    staff.move(visit, start=wall("2026-05-09 10:00"), room=5, minutes=45)

    moved = staff.world.visits[visit]
    assert (moved.start, moved.end) == (wall("2026-05-09 10:00"), wall("2026-05-09 10:45"))
    assert moved.room_id == 5
    assert moved.booked_at == wall("2026-05-04 08:00")
    assert moved.last_updated_at == wall("2026-05-04 08:05")


def test_a_cancelled_visit_stays_and_can_come_back(staff: Operations) -> None:
    visit = staff.book(NINE)
    staff.confirm_arrival(visit)

    staff.cancel(visit, "SICK OWNER")
    record = staff.world.visits[visit]
    assert (record.status, record.cancelled_reason) == (Status.CANCELLED, "SICK OWNER")
    with pytest.raises(NotPossible, match="cancelled already"):
        staff.cancel(visit)

    staff.uncancel(visit)
    assert (record.status, record.cancelled_reason) == (Status.ARRIVED, None)


def test_a_deleted_visit_leaves_the_calendar_and_can_come_back(staff: Operations) -> None:
    visit = staff.book(NINE)

    staff.delete(visit)
    assert staff.world.calendar() == []
    with pytest.raises(NotPossible, match="deleted"):
        staff.move(visit, minutes=15)

    staff.undelete(visit)
    assert [entry.record.id for entry in staff.world.calendar()] == [visit]


def test_the_day_of_a_visit(staff: Operations, clock: Clock) -> None:
    visit = staff.book(NINE)
    record = staff.world.visits[visit]

    staff.confirm(visit)
    staff.confirm_arrival(visit)
    assert (record.confirmed, record.status, record.arrived_at) == (
        True,
        Status.ARRIVED,
        clock.local(),
    )
    consultation = staff.start_consultation(visit)
    assert (record.consultation_id, record.status) == (consultation, Status.IN_PROGRESS)
    staff.add_line(consultation, total=60)
    staff.add_line(consultation, "RADIOGRAPHS", total=180, declined=True)
    staff.ready_to_pay(visit)
    assert staff.world.consultations[consultation].status == "unpaid"
    staff.finalise(visit)
    assert record.status is Status.FINALIZED
    assert staff.world.consultations[consultation].status == "paid"


def test_consultation_ids_ascend_in_order_of_creation_not_of_booking(staff: Operations) -> None:
    first, second = staff.book(NINE), staff.book(NINE)

    assert staff.start_consultation(second) < staff.start_consultation(first)


def test_a_consultation_begins_with_the_reason_escaped(staff: Operations) -> None:
    consultation = staff.start_consultation(staff.book(NINE, reason="temp < 38 & limping"))

    notes = staff.world.consultations[consultation].notes
    assert notes == "<p>Appointment reason: temp &lt; 38 &amp; limping</p><p><br></p>"


def test_without_anything_to_pay_a_visit_ends_as_completed(staff: Operations) -> None:
    visit = staff.book(NINE)
    consultation = staff.start_consultation(visit)
    staff.finalise(visit)
    staff.edit_notes(consultation, "<p>late edit</p>")

    record = staff.world.consultations[consultation]
    assert (record.status, record.notes) == ("completed", "<p>late edit</p>")


def test_a_draft_can_be_deleted_and_a_paid_one_not(staff: Operations) -> None:
    visit = staff.book(NINE)
    staff.delete_consultation(staff.start_consultation(visit))
    record = staff.world.visits[visit]
    assert (record.consultation_id, record.status) == (None, Status.ARRIVED)

    again = staff.start_consultation(visit)
    staff.finalise(visit)
    with pytest.raises(NotPossible, match="no draft"):
        staff.delete_consultation(again)


def test_a_visit_may_end_without_a_record_and_get_one_later(staff: Operations) -> None:
    visit = staff.book(NINE)
    staff.check_out(visit)
    record = staff.world.visits[visit]
    assert (record.status, record.consultation_id) == (Status.FINALIZED, None)
    assert record.finished_at == staff.now()

    late = staff.replace_consultation(visit)
    anew = staff.replace_consultation(visit)
    assert record.consultation_id == anew
    assert staff.world.consultations[late].visit_id is None
    with pytest.raises(NotPossible, match="finalized"):
        staff.check_out(visit)
    with pytest.raises(NotPossible, match="needs finalized"):
        staff.replace_consultation(staff.book(NINE))


def test_a_no_show_can_turn_up_after_all(staff: Operations) -> None:
    visit = staff.book(NINE)
    staff.no_show(visit)
    assert staff.world.visits[visit].status is Status.NO_SHOW
    with pytest.raises(NotPossible, match="no show"):
        staff.start_consultation(visit)

    staff.undo_no_show(visit)
    assert staff.world.visits[visit].status is Status.NOT_ARRIVED


def test_a_recurring_block_has_one_id_on_several_days(staff: Operations) -> None:
    days = [date(2026, 5, 5), date(2026, 5, 6)]
    block = staff.book_block(NINE, NINE + timedelta(hours=1), room=3, repeat_days=days)

    assert [entry.start.day for entry in staff.world.calendar()] == [4, 5, 6]
    staff.delete_block(block, date(2026, 5, 5))
    assert [entry.start.day for entry in staff.world.calendar()] == [4, 6]
    staff.delete_block(block)
    assert staff.world.calendar() == []
    staff.undelete_block(block)
    assert [entry.start.day for entry in staff.world.calendar()] == [4, 6]


@pytest.mark.parametrize("end", [wall("2026-05-04 00:00"), wall("2026-05-05 00:00")])
def test_a_block_from_midnight_to_midnight_is_one_whole_day(
    staff: Operations, end: datetime
) -> None:
    block = staff.book_block(wall("2026-05-04 00:00"), end, "CLOSED")

    assert staff.world.blocks[block].occurrences() == [
        (wall("2026-05-04 00:00"), wall("2026-05-04 00:00"))
    ]


def test_a_block_may_last_several_days(staff: Operations) -> None:
    block = staff.book_block(NINE, NINE + timedelta(days=2, hours=1), "CLOSED")

    assert staff.world.blocks[block].occurrences() == [(NINE, NINE + timedelta(days=2, hours=1))]
    staff.move_block(block, NINE, NINE + timedelta(hours=1))
    assert staff.world.blocks[block].occurrences() == [(NINE, NINE + timedelta(hours=1))]
    with pytest.raises(NotPossible, match="within 31 days"):
        staff.book_block(NINE, NINE + timedelta(days=32))
    with pytest.raises(NotPossible, match="on the day on which it starts"):
        staff.book_block(NINE, NINE + timedelta(days=2), repeat_days=[date(2026, 5, 11)])


def test_the_past_of_visits_and_blocks_is_kept(staff: Operations, clock: Clock) -> None:
    visit = staff.book(NINE)
    clock.advance(timedelta(minutes=10))
    staff.move(visit, NINE + timedelta(hours=1))
    clock.advance(timedelta(minutes=10))
    staff.cancel(visit)

    def then(minute: int) -> list[tuple[int, Status]]:
        past = staff.world.as_of(wall("2026-05-04 08:00") + timedelta(minutes=minute))
        return [(entry.start.hour, past.visits[visit].status) for entry in past.calendar()]

    assert then(-1) == []
    assert then(9) == [(9, Status.NOT_ARRIVED)]
    assert then(10) == [(10, Status.NOT_ARRIVED)]
    assert then(20) == then(99) == [(10, Status.CANCELLED)]
    assert [entry.start.hour for entry in staff.world.calendar()] == [10]


def test_a_block_that_happens_once_moves(staff: Operations) -> None:
    block = staff.book_block(NINE, NINE + timedelta(hours=1), room=3)
    staff.move_block(block, NINE + timedelta(days=1), NINE + timedelta(days=1, hours=2), room=4)

    (entry,) = staff.world.calendar()
    assert (entry.record.id, entry.start.day, entry.end.hour) == (block, 5, 11)


def test_merging_patients_moves_visits_and_leaves_consultations(staff: Operations) -> None:
    visit, other = staff.book(NINE, patient="TANGO"), staff.book(NINE, patient="TANGO 2")
    consultation = staff.start_consultation(visit)
    old, kept = (staff.world.visits[v].patient_id for v in (visit, other))

    staff.merge_patients(old, into=kept)

    assert staff.world.visits[visit].patient_id == kept
    assert staff.world.consultations[consultation].patient_id == old


def test_merging_patients_moves_consultations_as_well_if_wanted(staff: Operations) -> None:
    visit, other = staff.book(NINE, patient="TANGO"), staff.book(NINE, patient="TANGO 2")
    consultation, others = staff.start_consultation(visit), staff.start_consultation(other)
    old, kept = (staff.world.visits[v].patient_id for v in (visit, other))

    staff.merge_patients(old, into=kept, consultations=True)

    assert [staff.world.consultations[c].patient_id for c in (consultation, others)] == [kept] * 2


@pytest.mark.parametrize("goes_along", [False, True])
def test_a_visit_is_given_to_another_patient(staff: Operations, goes_along: bool) -> None:
    visit, other = staff.book(NINE, patient="TANGO"), staff.book(NINE, patient="TANGO 2")
    consultation = staff.start_consultation(visit)
    former, now = (staff.world.visits[v].patient_id for v in (visit, other))

    staff.change_patient(visit, now, consultation=goes_along)

    assert staff.world.visits[visit].patient_id == now
    assert staff.world.consultations[consultation].patient_id == (now if goes_along else former)
    with pytest.raises(UnknownRecord):
        staff.change_patient(visit, 1)


def test_a_patient_is_given_to_another_owner(staff: Operations) -> None:
    visit = staff.world.visits[staff.book(NINE)]
    client = staff.add_client(last_name="Specimen", email=None)

    staff.change_client(visit.patient_id, client)

    patient, owner = staff.world.patient_of(visit)
    assert (owner.last_name, patient.revision) == ("Specimen", 1)


def test_vital_signs_are_kept_in_any_shape_and_can_be_taken_away(
    staff: Operations, clock: Clock
) -> None:
    consultation = staff.start_consultation(staff.book(NINE))
    record = staff.world.consultations[consultation]
    clock.advance(timedelta(minutes=5))

    kept = []
    for signs in ([{"pulse": 90}], {"pulse": 91}, None):
        staff.set_vital_signs(consultation, signs)
        kept.append(record.vital_signs)
    assert kept == [[{"pulse": 90}], {"pulse": 91}, None]
    assert record.updated_at == clock.local()


def test_patients_and_owners_change(staff: Operations) -> None:
    visit = staff.book(NINE)
    patient, client = staff.world.patient_of(staff.world.visits[visit])

    staff.rename_patient(patient.id, "TANGO II")
    staff.change_phone(client.id, None)
    staff.change_phone(client.id, "555-555-0199", "work")
    staff.change_owner(client.id, last_name="Specimen")
    staff.mark_deceased(patient.id)

    assert (patient.name, patient.alive) == ("TANGO II", False)
    assert client.phone == ("555-555-0199", "Work")
    assert (client.first_name, client.last_name) == ("Robin", "Specimen")


def test_reason_type_and_provider_change(staff: Operations) -> None:
    visit = staff.book(NINE)
    staff.edit_reason(visit, "recheck")
    staff.change_type(visit, "Surgery")
    staff.change_provider(visit, None)

    record = staff.world.visits[visit]
    assert (record.reason, record.type_id, record.provider_id) == ("recheck", 1004, None)


def test_unknown_records_and_impossible_values_are_named(staff: Operations) -> None:
    with pytest.raises(UnknownRecord, match="no visit has the id 7"):
        staff.cancel(7)
    with pytest.raises(UnknownRecord, match="no block has the id 7"):
        staff.delete_block(7)
    with pytest.raises(UnknownRecord, match="no consultation has the id 7"):
        staff.edit_notes(7, "")
    with pytest.raises(UnknownRecord, match="no consultation has the id 7"):
        staff.set_vital_signs(7, {})
    with pytest.raises(NotPossible, match="room: 77 is none"):
        staff.book(NINE, room=77)
    with pytest.raises(NotPossible, match="minutes: -1"):
        staff.book(NINE, minutes=-1)
    with pytest.raises(NotPossible, match="'Grooming' is none of"):
        staff.book(NINE, appointment_type="Grooming")
    with pytest.raises(NotPossible, match=r"'Dr\. No' is none of"):
        staff.book(NINE, provider="Dr. No")
    with pytest.raises(NotPossible, match="'Dragon' is none of"):
        staff.book(NINE, patient="SMAUG", species="Dragon")
    with pytest.raises(NotPossible, match="ends after its start"):
        staff.book_block(NINE, NINE - timedelta(hours=1))
    with pytest.raises(NotPossible, match="start one first"):
        visit = staff.book(NINE)
        staff.world.visits[visit].status = Status.IN_PROGRESS
        staff.finalise(visit)


def test_a_visit_booked_anew_has_another_id_and_the_same_record(staff: Operations) -> None:
    visit = staff.book(NINE)
    consultation = staff.start_consultation(visit)

    again = staff.rebook(visit)

    old, new = staff.world.visits[visit], staff.world.visits[again]
    assert (old.deleted, old.consultation_id) == (True, None)
    assert (new.deleted, new.start, new.patient_id) == (False, old.start, old.patient_id)
    assert new.consultation_id == consultation
    assert staff.world.consultations[consultation].visit_id == again
