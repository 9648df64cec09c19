"""What the watchdog writes down for CloudWatch: how much stands open, and what was missed."""

import json
import math
from typing import Any
from uuid import UUID

import pytest

from functions.watchdog import handler as watchdog
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.figures import write_figures
from idexx_sync.upkeep.watchdog import Pass, watch
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role
from tests.kit.records import MORNING
from tests.kit.rows import add_alert, add_hold, add_letter
from tests.kit.upkeep import upkeep_process

OPEN = ("ClinicsOnOldData", "ClinicsLockedOut", "HoldsOpen", "LettersParked")


def measured(output: str) -> dict[str, float]:
    """Each measure's value; that of the last line counts."""
    found: dict[str, float] = {}
    for line in output.splitlines():
        written: dict[str, Any] = json.loads(line)
        if "_aws" in written:
            (metrics,) = written["_aws"]["CloudWatchMetrics"]
            assert metrics["Dimensions"] == [["service"]]
            found |= {one["Name"]: written[one["Name"]][0] for one in metrics["Metrics"]}
    return found


def test_what_stands_open_is_written_down_in_each_pass(
    conn: Conn, upkeep: Conn, clinic_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    other = add_clinic(conn)
    for clinic in (clinic_id, other):
        add_alert(conn, clinic, "credentials_rejected", who_acts="clinic")
    add_alert(conn, other, "account_locked", who_acts="clinic")
    add_alert(conn, other, "stale", closed_at=MORNING)
    add_alert(conn, None, "stale")
    add_hold(conn, clinic_id, "too_many_removals")
    add_hold(conn, other, "too_many_removals", status="rejected")
    add_letter(conn, clinic_id)
    add_letter(conn, clinic_id, status="discarded")

    watch(upkeep, lambda: math.inf)

    found = measured(capsys.readouterr().out)
    assert [found[name] for name in OPEN] == [0, 2, 1, 1]


def test_a_clinic_whose_data_have_grown_old_is_counted(
    conn: Conn, upkeep: Conn, clinic_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    add_alert(conn, clinic_id, "stale")

    assert write_figures(upkeep, lambda: 1.0) == ({}, True)

    assert measured(capsys.readouterr().out)["ClinicsOnOldData"] == 1


@pytest.mark.parametrize("missed", [0, 3])
def test_each_pass_says_how_many_ticks_were_missed(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missed: int
) -> None:
    """A graph without a point says nothing; one with a nought does."""
    counts = {"ticks_missed": missed} if missed else {}
    monkeypatch.setattr(watchdog, "watch", lambda *_given: Pass(counts, True))

    with upkeep_process(monkeypatch, as_role(database, "upkeep")):
        watchdog.handler({}, None)

    assert measured(capsys.readouterr().out)["TicksMissed"] == missed
