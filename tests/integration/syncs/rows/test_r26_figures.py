"""One row is one row's trouble (rule R26): the examples by which the rule was found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from idexx_sync.core.errors import ConfigurationInvalid
from tests.integration.syncs.rows.whole_clinic import START, VISIT, WholeClinic
from tests.kit.records import block, chart, seen, visit

Make = Callable[[], WholeClinic]


def test_r26_a_clinic_that_closes_at_24_hides_no_other_one(
    make: Make, neighbour: WholeClinic
) -> None:
    clinic = make()
    before = neighbour.metric("clinics_by_freshness", sync="inbound", freshness="action_required")
    clinic.put("clinic_schedule_configs", "close_time", "'24:00'")

    job = clinic.sync()

    assert (job.status, job.error_kind) == ("failed", ConfigurationInvalid.kind)
    assert "clinic_schedule_configs.close_time" in (job.error_message or "")
    after = neighbour.metric("clinics_by_freshness", sync="inbound", freshness="action_required")
    assert after == before + 1
    assert neighbour.sync().status == "succeeded"


def test_r26_hours_of_the_columns_do_not_matter_where_others_count(make: Make) -> None:
    clinic = make()
    clinic.put("clinic_schedule_configs", "close_time", "'24:00'")
    clinic.put(
        "clinic_schedule_configs", "daily_hours", """'{"1": {"open": "08:00", "close": "12:00"}}'"""
    )
    assert clinic.sync().status == "succeeded"


def test_r26_a_patient_born_in_the_year_20224_stops_no_other_case(make: Make) -> None:
    clinic = make()
    patient_id = clinic.patient()["id"]
    clinic.put("patients", "date_of_birth", "'20224-03-04'")
    clinic.shows(seen(VISIT, START), visit("600102", "2026-05-04 10:00:00", patient_id="40022"))
    clinic.writes(chart(VISIT, born=date(2024, 3, 4)))
    clinic.later(60 * 25)

    job = clinic.cases()

    assert job.status == "succeeded_with_warnings"
    assert job.result is not None
    assert job.result["faults"] == [
        {
            "table": "patients",
            "column": "date_of_birth",
            "id": str(patient_id),
            "code": "unreadable",
        }
    ]
    assert job.result["warnings"]["values_unreadable"] == 1
    assert clinic.case("600102")["status"] == "draft"
    born = "SELECT date_of_birth::text FROM public.patients WHERE id = %s"
    assert clinic.conn.execute(born, (patient_id,)).fetchone() == ("20224-03-04",)


@pytest.mark.parametrize("start", ["9999-12-31 23:45:00", "9999-12-31 00:10:00"])
def test_r26_a_visit_typed_into_the_year_9999_follows_there(make: Make, start: str) -> None:
    clinic = make()
    moved = replace(seen(VISIT), start=start, end=None)
    clinic.shows(moved, visit("600102", "2026-05-04 10:00:00"))

    assert clinic.sync().error_kind is None

    assert str(clinic.row(VISIT)["date"]) == "9999-12-31"
    assert str(clinic.row("600102")["start_time"]) == "10:00:00"


def test_r26_an_unreadable_time_of_a_row_is_put_right_and_told(make: Make) -> None:
    clinic = make()
    row_id = clinic.row(VISIT)["id"]
    clinic.put("schedule_appointments", "end_time", "'24:00'")

    job = clinic.sync()

    assert str(clinic.row(VISIT)["end_time"]) == "09:30:00"
    assert job.result is not None
    assert [fault["id"] for fault in job.result["faults"]] == [str(row_id)]


def test_r26_a_blocked_period_that_cannot_be_read_takes_all_that_it_may_mean(make: Make) -> None:
    clinic = make()
    clinic.put("clinic_blocked_periods", "end_time", "'24:00'")
    job = clinic.sync()
    assert job.status == "succeeded_with_warnings"
    assert max(clinic.slots()) == "10:30"


def test_r26_a_key_whose_end_cannot_be_read_has_ended(make: Make) -> None:
    clinic = make()
    clinic.put("clinic_api_keys", "expires_at", "'infinity'")
    found = clinic.found_key()
    assert found is not None
    assert found.state == "expired"


def test_r26_a_malformed_document_of_one_clinic_hides_no_other(
    make: Make, neighbour: WholeClinic
) -> None:
    clinic = make()
    malformed = (
        ("jobs", "result", """'{"window": ["soon", 7], "counts": [], "warnings": {"a": "b"}}'"""),
        ("jobs", "params", """'{"dry_run": "maybe", "from": 7}'"""),
        ("clinic_settings", "neo_configuration", """'{"rooms": [{"id": {}}, {"id": null}, 7]}'"""),
        ("clinic_settings", "neo_configuration", "'[[], 7]'"),
    )
    for table, column, value in malformed:
        clinic.conn.execute(
            f"UPDATE idexx_sync.{table} SET {column} = {value} WHERE clinic_id = %s",
            (clinic.clinic_id,),
        )
        assert neighbour.metric("clinics", stage="live") >= 2
        assert clinic.status().clinic_id == clinic.clinic_id
        assert clinic.sync().error_kind is None
    assert neighbour.sync().status == "succeeded"


def test_r26_a_hold_that_cannot_be_read_is_found_anew(make: Make) -> None:
    clinic = make()
    clinic.shows(
        *(
            block(str(700101 + n), f"2026-05-05 {8 + n:02}:00:00", f"2026-05-05 {8 + n:02}:30:00")
            for n in range(8)
        )
    )
    clinic.sync()
    clinic.shows()
    clinic.sync()
    hold = clinic.holds()[-1]
    malformed = """'{"600101": 7, "600102": {"start": 9}, "600103": {"start": []}}'"""
    clinic.conn.execute(
        f"UPDATE idexx_sync.holds SET findings = {malformed} WHERE id = %s", (hold["id"],)
    )

    assert clinic.sync().status == "held"

    assert clinic.holds()[-1]["findings"].keys() == hold["findings"].keys()


def test_r26_an_end_at_24_is_written_anew_although_it_means_the_same(make: Make) -> None:
    clinic = make()
    whole_day = block("700101", "2026-05-05 00:00:00", "2026-05-05 00:00:00")
    clinic.shows(whole_day)
    clinic.sync()
    clinic.conn.execute(
        "UPDATE public.schedule_appointments SET end_time = '24:00' WHERE clinic_id = %s "
        "AND appointment_type = 'block'",
        (clinic.clinic_id,),
    )
    clinic.sync()
    assert str(clinic.row("700101@2026-05-05 00:00:00")["end_time"]) == "23:59:59"
