"""`idexx-sync explain appointment`: every section, and no personal value unless asked for."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from idexx_sync.core.errors import ConfigurationInvalid, PimsUnavailable
from idexx_sync.core.settings import Settings
from idexx_sync.database.connection import Database
from idexx_sync.pims.protocol import Found, Gone, Unknown
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.command_line import Answer, CommandLine
from tests.kit.database import query
from tests.kit.lending import Lending
from tests.kit.records import block, chart, patient_visit, seen, visits
from tests.kit.rows import add_credentials, pause

CANARIES = {
    "patient_name": "CANARYPET",
    "client_name": "Canary Owner",
    "client_phone": "555-555-0177",
    "client_email": "canary@example.com",
    "provider_name": "DR. CANARY",
    "reason": "CANARYREASON",
}
NOTES = "CANARYNOTES"
SPOKEN = [*CANARIES.values(), NOTES, "+15555550177"]


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> CasesBench:
    user_id = add_user(conn)
    clinic_id = add_clinic(conn, acting_user_id=user_id, live_from=date(2026, 1, 1))
    made = CasesBench(conn, database, clinic_id, lent=lent)
    made.shows(seen(**CANARIES))
    made.writes(chart(notes_html=f"<p>{NOTES}</p>"))
    return made


@pytest.fixture
def idexx_sync(bench: CasesBench, lending: Lending) -> CommandLine:
    return CommandLine(bench, lending=lending)


def explain(idexx_sync: CommandLine, id_: str = "600101", *words: object) -> Answer:
    clinic = idexx_sync.bench.clinic_id
    return idexx_sync("explain", "appointment", id_, "--clinic", clinic, *words)


def told(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = answer.json["appointment"]
    return found


def whys(answer: Answer) -> list[str]:
    return [f"{one['rule']} {one['text']}" for one in told(answer)["rules"]]


def everything(bench: CasesBench) -> list[Any]:
    """All rows of all tables that a run may write."""
    tables = bench.conn.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('public', 'idexx_sync') ORDER BY 1"
    ).fetchall()
    return [
        bench.conn.execute(f"SELECT * FROM {name} t ORDER BY t::text").fetchall()
        for (name,) in tables
    ]


def test_a_finished_visit_is_explained_from_neo_to_the_case(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    inbound, cases = bench.sync(), bench.cases()
    before = everything(bench)

    answer = explain(idexx_sync, "600101", "--json")
    found = told(answer)

    assert answer.code == 0
    assert found["neo"]["by_id"]["status"] == "Finalized"
    (shown,) = found["neo"]["calendar"]
    assert (shown["start"], shown["consultation_id"]) == ("2026-05-04 06:00:00", "9600101")
    assert (shown["patient_name"], shown["client_email"]) == ("set", "set")
    consultation = found["neo"]["consultation"]
    assert (consultation["status"], consultation["has_notes"]) == ("paid", True)
    assert consultation["same_patient"] is True
    (row,) = found["stored"]["rows"]
    assert (row["key"], row["status"], row["client_phone"]) == ("600101", "finalized", "set")
    assert {record["kind"] for record in found["stored"]["records"]} == {
        "appointment",
        "visit",
        "consultation",
    }
    (case,) = found["stored"]["cases"]
    assert (case["is_ours"], case["status"]) == (True, "completed")
    assert case["id"] == str(bench.case()["id"])
    assert case["consultation_read_at"] == "2026-05-04T14:00:00.000+00:00"
    assert "set" in case["values"].values()
    assert {(job["job_id"], job["sync"]) for job in found["jobs"]} == {
        (str(cases.id), "cases"),
        (str(inbound.id), "inbound"),
    }
    assert found["holds"] == []
    assert "R5 Neo's word 'Finalized' is read as finalized" in whys(answer)
    assert "R18 finalised, and its record is read: completed" in whys(answer)
    assert everything(bench) == before
    assert bench.pims.logged_in is False


def test_r18_a_record_that_went_before_anybody_read_it_leaves_the_case_ongoing(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.shows(seen(), seen("600102"))
    bench.writes(chart("600102"))
    bench.pims.charts["9600101"] = Unknown("status_500")
    bench.cases()
    bench.pims.replace("600101", consultation_id=None)
    bench.later()
    bench.cases()

    answer = explain(idexx_sync, "600101", "--json")

    assert bench.case()["status"] == "ongoing"
    why = "R18 finalised, and its record was taken away before anybody read it: ongoing"
    assert why in whys(answer)
    assert not [text for text in whys(answer) if text.endswith(": completed")]


def test_r18_a_record_that_neo_does_not_have_is_not_told_as_unread(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.pims.charts["9600101"] = Gone()
    bench.cases()

    answer = explain(idexx_sync, "600101", "--json")

    assert bench.case()["status"] == "ongoing"
    assert "R18 finalised, and Neo no longer has its record: ongoing" in whys(answer)
    assert not [text for text in whys(answer) if "not read yet" in text]


def test_no_personal_value_is_shown_unless_values_are_asked_for(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.sync()
    bench.cases()
    bench.edit("cases", bench.case()["id"], extreme_case_check={"why": "CANARYREASON"})
    bench.edit("patients", bench.patient()["id"], owner_name="Canary Owner Edited")

    veiled = [explain(idexx_sync), explain(idexx_sync, "600101", "--json")]
    veiled.append(explain(idexx_sync, "600101", "--offline"))
    open_ = explain(idexx_sync, "600101", "--values")

    for answer in veiled:
        said = answer.out + answer.err
        assert not [canary for canary in SPOKEN if canary in said]
    for canary in [*CANARIES.values(), NOTES, "Canary Owner Edited"]:
        assert canary in " ".join(open_.out.split())
    (case,) = told(veiled[1])["stored"]["cases"]
    assert case["values"]["patient.owner_name"] == "differs"
    assert case["values"]["patient.owner_phone"] == "set"
    assert case["values"]["metadata.pimsAppointment.provider.name"] == "set"


def test_a_person_reads_every_section(bench: CasesBench, idexx_sync: CommandLine) -> None:
    job = bench.sync()
    bench.cases()

    shown = explain(idexx_sync).out

    for heading in ("What Neo says now", "What is stored", "Why", "Jobs that touched it"):
        assert heading in shown
    assert str(job.id) in shown
    assert "case, ours" in shown
    assert "scheduled at 2026-05-04 06:00 PDT" in " ".join(shown.split())
    assert "patient.name set, patient.owner name set" in " ".join(shown.split())
    assert "create, new: 10 fields" in shown
    assert "Holds that name it" not in shown


def test_an_edit_and_a_second_case_are_told(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="EDITED")
    other = bench.add_case(
        "idexx-appt-600101", extreme_case_check={"isExtremeCase": True, "category": "death"}
    )
    bench.pims.replace("600101", type="Recheck")
    bench.later()
    bench.cases()

    answer = explain(idexx_sync, "600101", "--json")
    cases = {case["id"]: case for case in told(answer)["stored"]["cases"]}

    assert cases[str(other)]["extreme_case"] == "death"
    assert cases[str(other)]["is_ours"] is False
    ours = cases[str(bench.case()["id"])]
    assert ours["edited_in_odis"] == ["patient.name"]
    assert "R15 a person's edits that stay: patient.name" in whys(answer)
    assert any(why.startswith("R14 2 cases of one visit") for why in whys(answer))
    newest = told(answer)["jobs"][0]
    assert "case.type" in newest["fields"]
    assert newest["changes"]["case.type"] == {"before": "checkup", "after": "follow_up"}
    assert not [name for name in newest["changes"] if name.startswith("patient.")]


def test_jobs_are_listed_newest_first_with_their_fields(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    first = bench.sync()
    bench.later()
    bench.pims.replace("600101", room_id="5")
    second = bench.sync()
    bench.conn.execute(
        "UPDATE idexx_sync.changes SET at = '2026-05-04' WHERE job_id = %s", (first.id,)
    )

    jobs = told(explain(idexx_sync, "600101", "--json"))["jobs"]

    assert [job["job_id"] for job in jobs] == [str(second.id), str(first.id)]
    assert jobs[0]["fields"] == ["room_id"]
    assert jobs[0]["changes"]["room_id"] == {"before": "3", "after": "5"}
    assert "room_id 3 -> 5" in explain(idexx_sync, "600101").out


def test_an_open_hold_is_told_with_the_command_to_decide(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.shows(*visits(20))
    bench.sync()
    bench.shows()
    bench.later()
    bench.sync()
    hold = str(bench.hold("empty_calendar")["id"])

    answer, shown = explain(idexx_sync, "600101", "--json"), explain(idexx_sync).out

    assert [one["id"] for one in told(answer)["holds"]] == [hold]
    assert list(told(answer)["holds"][0]["findings"]) == ["600101"]
    assert f"idexx-sync holds approve {hold}" in shown
    assert any(
        why.startswith("R8 held (inbound): the calendar came back empty") for why in whys(answer)
    )
    bench.decide("empty_calendar", "rejected")
    rejected = explain(idexx_sync, "600101", "--json")
    assert (
        "R9 held (inbound): the calendar came back empty; rejected by a tester on "
        "2026-05-04 07:15 PDT: it stays as it is" in whys(rejected)
    )
    assert told(rejected)["holds"][0]["decided_by"] == "a tester"
    assert "holds approve" not in explain(idexx_sync).out


def test_a_removed_row_says_what_proved_it_gone(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.shows(patient_visit("600101", "2026-05-04 09:00:00"))
    bench.sync()
    bench.pims.delete("600101")
    bench.later()
    bench.sync()

    answer = explain(idexx_sync, "600101", "--json")

    (row,) = told(answer)["stored"]["rows"]
    assert row["removed_at"] is not None
    assert told(answer)["neo"]["by_id"]["deleted"] is True
    assert told(answer)["neo"]["calendar"] == []
    assert told(answer)["stored"]["slots"] == []
    assert "R7 removed: Neo said that it is deleted" in whys(answer)


def test_slots_are_those_in_which_it_lies(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.shows(patient_visit("600101", "2026-05-04 09:00:00"))
    bench.sync()

    (slot,) = told(explain(idexx_sync, "600101", "--json"))["stored"]["slots"]

    assert slot == {
        "date": "2026-05-04",
        "start": "09:00",
        "end": "09:30",
        "capacity": 2,
        "booked_count": 1,
    }


def test_a_block_is_found_by_its_bare_id_and_by_its_key(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.shows(block(), block(start="2026-05-05 12:00:00", end="2026-05-05 13:00:00"))
    bench.sync()

    for id_ in ("700101", "700101@2026-05-04 12:00:00"):
        answer = explain(idexx_sync, id_, "--json")
        assert told(answer)["id"] == "700101"
        assert [row["key"] for row in told(answer)["stored"]["rows"]] == [
            "700101@2026-05-04 12:00:00",
            "700101@2026-05-05 12:00:00",
        ]
        assert len(told(answer)["jobs"]) == 2
        assert "R10 a block: it takes time and never becomes a case" in whys(answer)


def test_the_key_of_a_case_will_do(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.cases()

    for key in ("pims-appt-idexx-neo-600101", "idexx-appt-600101", " 600101 "):
        assert told(explain(idexx_sync, key, "--json"))["id"] == "600101"


def test_offline_neo_is_left_alone(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.cases()
    reads = bench.pims.reads

    answer = explain(idexx_sync, "600101", "--offline", "--json")

    assert (answer.code, bench.pims.reads, bench.pims.looked_up) == (0, reads, [])
    assert told(answer)["neo"]["not_asked"] == "not asked (--offline)"
    assert "R18 finalised, and its record is read: completed" in whys(answer)


@pytest.mark.parametrize("of_all", [False, True])
def test_a_paused_clinics_neo_is_left_alone(
    bench: CasesBench, idexx_sync: CommandLine, of_all: bool
) -> None:
    bench.cases()
    reads = bench.pims.reads
    pause(bench.conn, None if of_all else bench.clinic_id, "new rooms")

    answer = explain(idexx_sync, "600101", "--json")
    found = idexx_sync("find", "--clinic", bench.clinic_id, "--json")
    rooms = idexx_sync("clinics", "rooms", bench.clinic_id, "--json")

    assert {answer.code, found.code, rooms.code} == {4}
    assert (bench.pims.reads, bench.pims.looked_up) == (reads, [])
    for not_asked in (
        told(answer)["neo"]["not_asked"],
        found.json["not_asked"],
        rooms.json["not_asked"],
    ):
        assert not_asked.endswith(" by Kim: new rooms; Neo is left alone")


def test_what_neo_answered_before_it_failed_is_told(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.cases()
    bench.pims.error = PimsUnavailable("Neo answered with a server error (503)")

    answer = explain(idexx_sync, "600101", "--json")

    assert answer.code == 4
    assert told(answer)["neo"]["by_id"]["found"] is True
    assert told(answer)["neo"]["not_asked"] == "Neo answered with a server error (503)"
    assert "not asked  Neo answered with a server error (503)" in explain(idexx_sync).out


def test_an_id_that_nobody_knows_is_an_error(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.sync()

    answer = explain(idexx_sync, "1")
    assert (answer.code, answer.out) == (1, "")
    assert "nothing is stored of an appointment 1 of clinic" in answer.err
    assert "Neo does not find it" in answer.err
    assert "leave --offline out" in explain(idexx_sync, "1", "--offline").err
    assert explain(idexx_sync, "1", "--json").json["error"]["kind"] == "not_found"

    bench.pims.answers["1"] = Unknown("status_500")
    assert explain(idexx_sync, "1").code == 1


def test_a_visit_booked_since_the_last_run_names_that_run_and_the_next_one(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb({"inbound": "0 * * * *"}))
    add_credentials(bench.conn, bench.clinic_id)
    bench.shows()
    read = bench.sync()
    bench.shows(patient_visit("600101", "2026-05-04 09:00:00"))
    bench.later()

    answer, shown = explain(idexx_sync, "600101", "--json"), explain(idexx_sync).out

    since = "booked or moved here after our last read of its day at 2026-05-04 07:00 PDT"
    (why,) = [one for one in told(answer)["rules"] if since in one["text"]]
    assert why["text"] == f"Neo shows it, {since}"
    assert why["explained_in"] == "docs/rules.md#r2-window"
    assert why["next"].startswith("the next inbound run at 2026-05-04 08:00 PDT takes it")
    assert why["next"] in told(answer)["next"]
    assert [run["job_id"] for run in told(answer)["read_last"]] == [str(read.id)]
    assert f" {why['next']}\n" in shown
    assert "R2   docs/rules.md#r2-window" in shown
    assert "create, new: 10 fields" in shown


def test_what_a_run_would_write_is_told_before_and_after(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.shows(patient_visit("600101", "2026-05-04 09:00:00"))
    bench.sync()
    bench.pims.replace(
        "600101",
        start="2026-05-04 14:00:00",
        end="2026-05-04 14:30:00",
        client_name="Canary Owner Edited",
    )

    answer, shown = explain(idexx_sync, "600101", "--json"), explain(idexx_sync).out

    would = told(answer)["would_change"][0]["changes"]
    assert would["start_time"] == {"before": "09:00:00", "after": "14:00:00"}
    assert would["client_name"] == {"changed": True}
    assert "client_name, end_time 09:30:00 -> 14:30:00, start_time 09:00:00 -> 14:00:00" in shown
    assert "Canary Owner Edited" in explain(idexx_sync, "600101", "--values").out


def test_without_what_neo_needs_the_rest_is_told(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.cases()

    def missing() -> Settings:
        raise ConfigurationInvalid("IDEXX_SYNC_LOCAL_KEY: missing", code="settings")

    idexx_sync.load_settings = missing
    answer = explain(idexx_sync, "600101", "--json")

    assert answer.code == 4
    assert "IDEXX_SYNC_LOCAL_KEY" in told(answer)["neo"]["not_asked"]
    assert len(told(answer)["stored"]["rows"]) == 0
    assert len(told(answer)["stored"]["cases"]) == 1


def test_what_only_neo_knows_is_explained(bench: CasesBench, idexx_sync: CommandLine) -> None:
    answer = explain(idexx_sync, "600101", "--json")

    assert answer.code == 0
    assert "R14 no case yet: the next case run makes it" in whys(answer)
    assert told(answer)["stored"] == {
        "rows": [],
        "slots": [],
        "records": [],
        "cases": [],
        "case_deleted_in_odis": False,
    }


def test_nothing_of_another_clinic_is_told(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.sync()
    bench.cases()
    bench.shows()
    other = add_clinic(bench.conn)

    answer = idexx_sync("explain", "appointment", "600101", "--clinic", other)

    assert (answer.code, answer.out) == (1, "")
    assert idexx_sync("explain", "appointment", "600101", "--clinic", uuid4()).code == 1


@pytest.mark.parametrize("id_", ["", " ", "@2026", "x" * 65, "a\nb"])
def test_what_can_be_no_id_is_a_usage_error(idexx_sync: CommandLine, id_: str) -> None:
    answer = explain(idexx_sync, id_)

    assert (answer.code, answer.out) == (2, "")
    assert "the id of an appointment in Neo is expected" in answer.err


def test_a_merged_patient_is_the_visits_own(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.cases()
    bench.pims.replace("600101", patient_id="1")
    assert (
        told(explain(idexx_sync, "600101", "--json"))["neo"]["consultation"]["same_patient"]
        is False
    )
    bench.pims.answers["600101"] = Found(
        id="600101",
        kind="visit",
        start="2026-05-04 06:00:00",
        end=None,
        room_id="3",
        status="Finalized",
        deleted=False,
        cancelled=False,
        patient_id="40021",
    )
    assert (
        told(explain(idexx_sync, "600101", "--json"))["neo"]["consultation"]["same_patient"] is True
    )


def test_a_case_that_somebody_deleted_is_told(bench: CasesBench, idexx_sync: CommandLine) -> None:
    bench.cases()
    bench.conn.execute("DELETE FROM public.cases")

    answer = explain(idexx_sync, "600101", "--json")

    assert told(answer)["stored"]["case_deleted_in_odis"] is True
    assert "R14 somebody deleted its case in ODIS: it is not made again" in whys(answer)
    assert len(told(answer)["jobs"]) == 1
    assert query(bench.conn, "SELECT 1 FROM public.cases") == []


def at_six(idexx_sync: CommandLine, *words: object) -> Answer:
    clinic = idexx_sync.bench.clinic_id
    asked = ("--day", "2026-05-04", "--at", "06:00")
    return idexx_sync("explain", "time", "--clinic", clinic, *asked, *words)


def test_a_time_is_told_as_one_object_without_any_personal_value(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.configure("clinic_schedule_configs", open_time="05:00")
    job = bench.sync()
    before = everything(bench)

    answer = at_six(idexx_sync, "--json")
    found = answer.json["time"]
    veiled = [answer, at_six(idexx_sync), at_six(idexx_sync, "--offline")]

    assert answer.code == 0
    assert (found["offered"], found["instant"]) == (True, "2026-05-04T13:00:00.000+00:00")
    assert found["stored"]["slots"][0]["booked_count"] == 1
    assert [row["key"] for row in found["stored"]["rows"]] == ["600101"]
    assert [one["patient_name"] for one in found["neo"]["calendar"]] == ["set"]
    assert [run["job_id"] for run in found["read_last"]] == [str(job.id)]
    assert not [canary for canary in SPOKEN for one in veiled if canary in one.out + one.err]
    assert CANARIES["client_name"] in " ".join(at_six(idexx_sync, "--values").out.split())
    assert everything(bench) == before
    assert bench.pims.logged_in is False


def test_what_is_to_be_copied_is_never_wrapped(idexx_sync: CommandLine) -> None:
    clinic = idexx_sync.bench.clinic_id
    asked = ("--clinic", clinic, "--day", "2026-05-04", "--at", "06:00")

    lines = idexx_sync("explain", "time", *asked, width=40).out.splitlines()

    (step,) = [line for line in lines if line.startswith(" next: ")]
    assert len(step) > 100


def test_appointments_are_found_by_day_room_and_patient(
    bench: CasesBench, idexx_sync: CommandLine
) -> None:
    bench.sync()
    bench.shows(seen(**CANARIES), patient_visit("600102", "2026-05-05 10:00:00", room_id="4"))

    def find(*words: object) -> Answer:
        return idexx_sync("find", "--clinic", bench.clinic_id, *words)

    def ids(*words: object) -> list[str]:
        return [one["id"] for one in find(*words, "--json").json["appointments"]]

    assert ids() == ["600101", "600102"]
    assert ids("--day", "2026-05-05") == ids("--room", "4") == ["600102"]
    assert ids("--patient", "canary") == ids("--offline") == ["600101"]
    shown = find()
    assert "Neo, not in ODIS" in shown.out
    assert f"idexx-sync explain appointment 600101 --clinic {bench.clinic_id}" in shown.out
    assert not [canary for canary in SPOKEN if canary in shown.out]
    assert CANARIES["patient_name"] in find("--values").out
    asked = bench.pims.configurations_read
    assert (find("--room", "3").code, bench.pims.configurations_read) == (0, asked)
    clinic = ("--clinic", bench.clinic_id)
    time = ("explain", "time", *clinic, "--day", "2026-05-05", "--at", "09:00")
    for unknown in (find("--room", "99"), idexx_sync(*time, "--room", "99")):
        assert (unknown.code, unknown.out) == (1, "")
        assert "the clinic has no room '99'; its rooms are 3 (ROOM 3), " in unknown.err
        assert f"idexx-sync clinics rooms {bench.clinic_id}" in unknown.err
    assert idexx_sync(*time, "--room", "5").code == 0
    bench.pims.error = PimsUnavailable("Neo answered with a server error (503)")
    assert (find().code, find("--patient", "nobody").out.count("No appointment fits.")) == (4, 1)
