"""Rule R4 with another fingerprint key: what it made is no news by itself."""

from tests.kit.bench import Bench
from tests.kit.job_results import counts, warnings
from tests.kit.records import visit


def test_r04_a_fingerprint_of_another_key_is_no_news(bench: Bench) -> None:
    """A row that somebody wrote into is still told to be one."""
    bench.pims.records = [visit()]
    bench.sync()
    remembered = bench.record("600101")["source"]
    bench.replace_fingerprint_key()
    bench.later()
    quiet = bench.sync()
    anew = bench.record("600101")["source"]
    bench.replace_fingerprint_key()
    bench.conn.execute("UPDATE public.schedule_appointments SET start_time = '06:15'")

    healed = bench.sync()

    assert (counts(quiet), warnings(quiet)) == ({"read": 1, "unchanged": 1}, {})
    assert bench.audits(quiet) == []
    assert anew != remembered
    assert {**anew, "private": None} == {**remembered, "private": None}
    assert warnings(healed) == {"recomputed": 1}
    assert bench.row("600101")["start_time"].isoformat() == "09:00:00"


def test_r04_where_the_fingerprint_tells_nothing_the_row_does(bench: Bench) -> None:
    bench.pims.records = [visit()]
    bench.sync()
    bench.replace_fingerprint_key()
    bench.pims.records = [visit(client_name="Sam Sample")]

    job = bench.sync()

    assert bench.row("600101")["client_name"] == "Sam Sample"
    assert [audit["metadata"]["reason"] for audit in bench.audits(job)] == ["source"]
    assert warnings(job) == {}
