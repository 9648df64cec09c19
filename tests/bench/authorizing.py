"""P10: the authorizer's whole work beside the one statement that it can't do without."""

import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from functions.authorizer.handler import handler
from idexx_sync.core.vocabulary import CLINIC_SCOPES
from idexx_sync.database.connection import Conn
from idexx_sync.keys.format import hashed, read_peppers
from idexx_sync.keys.lookup import FIND_KEY
from idexx_sync.keys.store import create_key
from tests.bench.bare_sync import connect
from tests.bench.figure import Figure, Spread, Way, interleaved, ratio, seconds_of
from tests.bench.rig import L0, L1, Profile, Rig
from tests.kit.authorizing import authorizer_process, request_event
from tests.kit.clinic import add_clinic
from tests.kit.settings import PEPPER

KEYS = 1000
CALLS = 25
"""Of which each repetition takes the median."""
MORE = 8
"""Some milliseconds need more repetitions than half a second, so that load meets all ways alike."""
SAME = "the same SELECT by hand, on a warm connection of the same process"
ONE_COLUMN = "SELECT id by the same index, on a warm connection of the same process"


def measure_authorizer(rig: Rig, repetitions: int) -> list[Figure]:
    return [
        *_beside_select(rig, L0, repetitions, ""),
        *_beside_select(rig, L1, repetitions, ".L1"),
    ]


def _beside_select(rig: Rig, profile: Profile, repetitions: int, suffix: str) -> list[Figure]:
    with rig.service(profile) as service, pytest.MonkeyPatch.context() as patch:
        text = make_keys(service.conn)
        with authorizer_process(patch, service.database_url), connect(service.database_url) as conn:
            event = request_event(text)
            found = hashed(text, read_peppers(PEPPER))

            def select(statement: str) -> Way:
                return p50(lambda: conn.execute(statement, found).fetchone())

            handler(event, None)  # writes the key's use down, and opens the connection
            ours, same, one_column = interleaved(
                repetitions * MORE,
                p50(lambda: handler(event, None)),
                select(FIND_KEY[1]),
                select("SELECT id FROM public.clinic_api_keys WHERE api_key = %s"),
            )

    def figure(id_: str, measured: Spread, goal: float | None, against: str) -> Figure:
        return Figure(
            id=id_,
            what=f"authorizer, {profile.name} / one bare indexed SELECT",
            measured=measured,
            goal=goal,
            unit="ratio",
            against=f"{against}; medians of {CALLS} calls, {KEYS} keys in the table",
            repetitions=repetitions * MORE,
        )

    return [
        figure(f"P10{suffix}", ratio(ours, same), 1.5, SAME),
        figure(f"P10.id{suffix}", ratio(ours, one_column), None, ONE_COLUMN),
    ]


def p50(action: Callable[[], object]) -> Way:
    return lambda: statistics.median(seconds_of(action) for _ in range(CALLS))


def make_keys(conn: Conn) -> str:
    """A clinic with its keys; the text of one of them."""
    clinic_id, now = add_clinic(conn), datetime.now(UTC)
    for _ in range(KEYS):
        made = create_key(
            conn,
            read_peppers(PEPPER),
            clinic_id=clinic_id,
            scopes=CLINIC_SCOPES,
            name="bench",
            stage="test",
            now=now,
            expires_at=now + timedelta(days=365),
        )
    conn.execute("VACUUM ANALYZE public.clinic_api_keys")
    return made.text.get_secret_value()
