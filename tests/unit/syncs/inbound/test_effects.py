"""What a plan would do to each record, with the time that it takes because it is in doubt."""

from datetime import date, time

from idexx_sync.syncs.consequence import Effect
from idexx_sync.syncs.gate import NEVER_SHOWN
from idexx_sync.syncs.inbound.effects import effects_of
from idexx_sync.syncs.inbound.model import Apart, Plan, Stored
from idexx_sync.syncs.memory import Claim, Record
from tests.kit.records import MONDAY

OLD = Claim(MONDAY, time(9), time(9, 30), "3")
NEW = Claim(MONDAY, time(9), time(12), "5")
SLOTS = {MONDAY: [(time(9), time(9, 30)), (time(11, 30), time(12))]}


def test_what_is_let_go_of_is_all_that_is_taken_and_was_taken_before() -> None:
    held = Record("650101", claims=(NEW,))
    settled = Record("650101")
    plan = Plan(apart={"650101": Apart(NEVER_SHOWN, {}, None, settled, held)})
    stored = Stored({}, {"650101": Record("650101", claims=(OLD,))}, frozenset())

    (effect,) = effects_of(plan, stored, SLOTS).values()

    assert effect == Effect(
        "settle",
        None,
        None,
        frees=(
            "2026-05-04 09:00:00 to 09:30:00, room 3",
            "2026-05-04 09:00:00 to 12:00:00, room 5",
        ),
    )
    assert effect.slots == ("2026-05-04 09:00", "2026-05-04 11:30")
    assert effect.days == [date(2026, 5, 4)] * 2
