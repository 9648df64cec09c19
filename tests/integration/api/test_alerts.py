"""Alerts over the API: a clinic's own, in pages; acknowledged once, muted for a while."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from idexx_sync.operations.pagination import cursor_at, cursor_behind
from tests.kit.api import Api
from tests.kit.database import query, update
from tests.kit.gateway import Gateway
from tests.kit.records import MORNING
from tests.kit.rows import add_alert


def listed(caller: Gateway, words: str = "") -> list[str]:
    answer = caller.get(f"/api/alerts?{words}")
    assert answer.status == 200, answer.text
    return [one["id"] for one in answer.json["alerts"]]


def added(api: Api, minutes: float, kind: str = "shape_changed", **columns: Any) -> str:
    """An alert of the clinic that was opened so long ago."""
    opened_at = api.bench.now - timedelta(minutes=minutes)
    return str(add_alert(api.bench.conn, api.bench.clinic_id, kind, opened_at=opened_at, **columns))


def closed(api: Api, minutes: float, kind: str = "held", **columns: Any) -> str:
    return added(api, minutes, kind, closed_at=api.bench.now, **columns)


def stored(api: Api, alert_id: str) -> dict[str, Any]:
    (row,) = query(api.bench.conn, "SELECT * FROM idexx_sync.alerts WHERE id = %s", (alert_id,))
    return row


def test_open_ones_come_first_and_each_the_newest_first(api: Api) -> None:
    old, new = added(api, 90), added(api, 5, "internal")
    was, long_ago = closed(api, 1), closed(api, 99)

    assert listed(api.as_clinic()) == [new, old, was, long_ago]


def test_pages_hold_each_alert_once(api: Api) -> None:
    for minutes in (3, 3, 3, 7):  # moments that are equal, too
        added(api, minutes, f"kind_{uuid4().hex[:8]}")
        closed(api, minutes)
    caller, found, cursor = api.as_clinic(), list[str](), ""
    for _ in range(8):
        answer = caller.get(f"/api/alerts?limit=1{cursor}").json
        found += [one["id"] for one in answer["alerts"]]
        cursor = f"&cursor={answer['next_cursor']}"

    assert answer["next_cursor"] is None
    assert found == listed(caller)
    assert len(set(found)) == 8


BEGINS = cursor_at(MORNING, UUID(int=7))
NO_CURSORS = [
    *("x", "W10=", BEGINS, cursor_behind("open", "x"), cursor_behind("ajar", BEGINS)),
    *(cursor_behind("open"), cursor_behind("open", BEGINS, "x"), cursor_behind("open", "9" * 400)),
]


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_what_is_no_cursor_of_the_list_is_refused_by_name(api: Api, cursor: str) -> None:
    answer = api.as_clinic().get(f"/api/alerts?cursor={cursor}")

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.json["errors"][0]["parameter"] == "cursor"


def test_filters_choose(api: Api) -> None:
    new = added(api, 5, "internal", syncs=["cases"])
    old, was = added(api, 90), closed(api, 1)
    caller = api.as_clinic()
    since = (api.bench.now - timedelta(minutes=10)).isoformat().replace("+", "%2B")

    assert listed(caller, "status=open") == [new, old]
    assert listed(caller, "status=closed") == [was]
    assert listed(caller, "kind=shape_changed") == [old]
    assert listed(caller, "sync=cases") == [new]
    assert listed(caller, f"since={since}") == [new, was]
    assert listed(caller, f"id={old[:8]}") == [old]
    assert listed(caller, "of_many=true") == []
    assert listed(caller, "of_many=false&status=open") == [new, old]
    for wrong in ("kind=sorrow", "status=ajar", "of_many=some", "id=zz", "since=2026-05-04"):
        assert caller.get(f"/api/alerts?{wrong}").status == 422


def test_a_clinic_sees_its_own_and_nothing_that_stands_for_many(api: Api) -> None:
    conn, other = api.bench.conn, api.other_clinic
    many = str(add_alert(conn, None, "internal"))
    own = added(api, 5, "internal", incident_id=many)
    theirs = str(add_alert(conn, other, "internal", incident_id=many))
    caller = api.as_clinic()

    assert listed(caller) == [own]
    assert sorted(listed(api.as_operator())) == sorted([own, theirs, many])
    assert listed(api.as_operator(), f"clinic_id={other}") == [theirs]
    shown = caller.get(f"/api/alerts/{own}")
    assert many not in shown.text
    assert many not in caller.get("/api/alerts").text
    assert many not in caller.get(f"/api/clinics/{api.bench.clinic_id}/status").text
    assert many not in caller.get("/api/clinics").text
    whole = api.as_operator().get(f"/api/alerts/{own}").json
    assert whole["incident_id"] == many
    assert whole["next"].endswith(f"idexx-sync alerts show {many}")
    told = api.as_operator().get(f"/api/clinics/{api.bench.clinic_id}/status").json
    assert [one["incident_id"] for one in told["alerts"]] == [many]


def test_what_is_not_the_clinics_does_not_exist(api: Api) -> None:
    conn, caller = api.bench.conn, api.as_clinic()

    def asked(alert_id: object) -> dict[str, Any]:
        answer = caller.get(f"/api/alerts/{alert_id}")
        assert answer.status == 404
        return {**answer.json, "request_id": ""}

    others, many = add_alert(conn, api.other_clinic), add_alert(conn, None)
    unknown = asked(uuid4())
    assert unknown["detail"] == "There is no such alert."
    assert asked(others) == asked(many) == asked("no-id") == unknown


@pytest.mark.parametrize("do", ["ack", "mute", "unmute"])
def test_no_clinics_key_keeps_odis_from_being_told(api: Api, do: str) -> None:
    """Not even one that may do all that a clinic's key may, and of its own clinic."""
    id_ = added(api, 5, muted_by="Kim", muted_until=api.bench.now + timedelta(hours=1))
    until = {"until": (api.bench.now + timedelta(hours=2)).isoformat()} if do == "mute" else None
    before = stored(api, id_)

    answer = api.as_clinic().post(f"/api/alerts/{id_}/{do}", until)

    assert (answer.status, answer.code) == (403, "scope_missing")
    assert stored(api, id_) == before


@pytest.mark.parametrize("do", ["ack", "mute", "unmute"])
def test_what_is_not_there_can_not_be_handled(api: Api, do: str) -> None:
    until = {"until": (api.bench.now + timedelta(hours=1)).isoformat()} if do == "mute" else None

    assert api.as_operator().post(f"/api/alerts/{uuid4()}/{do}", until).status == 404


def test_it_says_all_that_is_known(api: Api) -> None:
    job_id = uuid4()
    id_ = added(api, 30, code="no_data", job_id=job_id, times=3, last_at=api.bench.now)

    assert api.as_clinic().get(f"/api/alerts/{id_}").json == {
        "id": id_,
        "clinic_id": str(api.bench.clinic_id),
        "clinic_name": f"Clinic {api.bench.clinic_id}",
        "timezone": "America/Los_Angeles",
        "kind": "shape_changed",
        "code": "no_data",
        "records": [],
        "status": "open",
        "what": "An answer of Neo no longer has the shape that is read (no data).",
        "who_acts": "odis",
        "next": "The reader has to be changed; look at what the job found: "
        f"idexx-sync jobs show {job_id}",
        "syncs": ["inbound"],
        "job_id": str(job_id),
        "request_id": None,
        "times": 3,
        "incident_id": None,
        "alike": None,
        "most_alike": None,
        "synced": None,
        "opened_at": "2026-05-04T13:30:00Z",
        "last_at": "2026-05-04T14:00:00Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "muted_until": None,
        "muted_by": None,
        "closed_at": None,
        "closed_because": None,
        "closed_in_words": None,
    }


def test_it_names_the_records_that_it_is_about(api: Api) -> None:
    case_id = str(uuid4())
    id_ = added(api, 5, "closed_case_has_call", syncs=["reconciliation"], records=[case_id])

    told = api.as_clinic().get(f"/api/alerts/{id_}").json

    assert told["records"] == [case_id]
    assert f"queued in ODIS: case {case_id}." in told["what"]


def test_over_the_api_no_command_is_named_that_needs_the_database(api: Api) -> None:
    id_ = added(api, 5, "credentials_rejected", who_acts="clinic")

    told = api.as_clinic().get(f"/api/alerts/{id_}").json["next"]

    assert told.endswith(
        "; ask the clinic for the right ones, and set them: ask whoever has access to the database"
    )


def test_who_has_seen_it_first_stays(api: Api) -> None:
    id_ = added(api, 5)
    first, second = api.as_operator(), api.as_operator()

    told = first.post(f"/api/alerts/{id_}/ack")
    api.bench.later()
    again = second.post(f"/api/alerts/{id_}/ack")

    assert (told.status, again.status) == (200, 200)
    assert told.json["acknowledged_by"].startswith("key ")
    assert again.json == told.json


def test_what_is_closed_is_not_acknowledged_any_more(api: Api) -> None:
    id_ = closed(api, 5)

    told = api.as_operator().post(f"/api/alerts/{id_}/ack")

    assert (told.status, told.json["acknowledged_by"]) == (200, None)
    assert (told.json["closed_in_words"], told.json["next"]) == ("a run went well", None)


def test_a_mute_is_of_the_kind_at_its_clinic_and_unmuting_ends_it(api: Api) -> None:
    now, caller = api.bench.now, api.as_operator()
    was, is_ = closed(api, 90, "shape_changed", muted_until=now + timedelta(days=3)), added(api, 5)
    another = added(api, 5, "internal")
    theirs = str(add_alert(api.bench.conn, api.other_clinic))
    until = now + timedelta(hours=1)

    told = caller.post(f"/api/alerts/{is_}/mute", {"until": until.isoformat()})
    assert (told.status, told.json["muted_until"]) == (200, "2026-05-04T15:00:00Z")
    assert told.json["muted_by"].startswith("key ")
    for id_, muted in ((was, until), (is_, until), (another, None), (theirs, None)):
        assert stored(api, id_)["muted_until"] == muted

    told = caller.post(f"/api/alerts/{was}/unmute")
    assert (told.status, told.json["muted_until"], told.json["muted_by"]) == (200, None, None)
    assert stored(api, is_)["muted_until"] is None


def test_a_mute_that_is_over_is_none(api: Api) -> None:
    id_ = added(api, 5, muted_until=api.bench.now, muted_by="Kim")

    told = api.as_clinic().get(f"/api/alerts/{id_}").json

    assert (told["muted_until"], told["muted_by"]) == (None, None)


@pytest.mark.parametrize(
    "until",
    [
        None, 7, 1e300, "", "soon", "infinity", "NaN", "2026-05-04", "2026-05-04T18:00:00",
        "2026-05-04T14:00:00Z", "2026-05-04T13:59:59Z", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z", "2027-05-06T00:00:00Z", True, [], {},
    ],
)  # fmt: skip
def test_a_moment_that_is_none_is_over_or_too_far_is_refused_by_name(api: Api, until: Any) -> None:
    id_ = added(api, 5)

    answer = api.as_operator().post(f"/api/alerts/{id_}/mute", {"until": until})

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/until"]
    assert stored(api, id_)["muted_until"] is None
    assert api.as_operator().post(f"/api/alerts/{id_}/mute").status == 422


def test_to_look_needs_one_scope_and_to_handle_another(api: Api) -> None:
    id_ = added(api, 5)

    assert api.as_clinic("jobs:read").get(f"/api/alerts/{id_}").status == 200
    assert api.as_operator("jobs:write").post(f"/api/alerts/{id_}/ack").status == 403
    assert api.as_operator("clinics:write").post(f"/api/alerts/{id_}/ack").status == 200
    assert api.as_clinic("holds:read").get("/api/alerts").status == 403


def test_however_many_there_are_a_page_has_an_end(api: Api) -> None:
    long = "long_" * 2000
    for minutes in range(5):
        closed(api, minutes, "held", code=long, acknowledged_by=long, syncs=[long] * 300)

    answer = api.as_clinic().get("/api/alerts?limit=100")

    assert len(answer.text) < 512 * 1024
    assert len(answer.json["alerts"]) == 2
    assert answer.json["next_cursor"] is not None
    assert len(answer.json["alerts"][0]["code"]) == 1000


def test_an_alert_of_a_clinic_whose_zone_is_odd_is_shown(api: Api) -> None:
    odd = {"timezone": "Mars/Base", "name": ""}
    update(api.bench.conn, "public.clinics", odd, id=api.bench.clinic_id)
    id_ = added(api, 5)

    assert api.as_clinic().get(f"/api/alerts/{UUID(id_)}").json["timezone"] == "Mars/Base"
