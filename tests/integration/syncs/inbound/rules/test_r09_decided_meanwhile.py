"""Rule R9: what a person decides while a run is under way is about what the person saw."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal
from uuid import uuid4

import pytest

from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.consequence import Effect
from idexx_sync.syncs.gate import UNPROVEN
from idexx_sync.syncs.hold_store import holds_in_force, store_decisions
from idexx_sync.syncs.holds import decide_holds
from tests.kit.bench import Bench
from tests.kit.records import MONDAY, visits

LOSSES = UNPROVEN["visit"]
WEEK = Window(MONDAY, MONDAY + timedelta(days=6))


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
@pytest.mark.parametrize("becomes", ["another one", "closed"])
def test_r09_a_run_that_read_a_hold_before_its_decision_leaves_it(
    bench: Bench, verdict: Literal["approved", "rejected"], becomes: str
) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    bench.pims.records = visits(3)
    bench.later()
    bench.sync()
    in_force = holds_in_force(bench.conn, bench.clinic_id, "inbound").fetchall()
    bench.decide(LOSSES, verdict)
    decided = bench.hold(LOSSES)
    (read,) = in_force
    more = {} if becomes == "closed" else {**read.findings, "600777": read.findings["600104"]}
    effects = {key: Effect("remove", "2026-05-04 09:00:00", None) for key in more}

    decisions = decide_holds(
        in_force, {LOSSES: more}, WEEK, bench.now, complete=True, effects={LOSSES: effects}
    )
    store_decisions(bench.conn, bench.clinic_id, "inbound", uuid4(), decisions, bench.now)

    assert bench.hold(LOSSES) == decided
    known = replace(decisions, row_versions={})
    store_decisions(bench.conn, bench.clinic_id, "inbound", uuid4(), known, bench.now)
    assert bench.hold(LOSSES) != decided
