"""When the clinic's configuration is read, and that it costs no time where a login is needed."""

from threading import Barrier

import pytest

from idexx_sync.pims.protocol import Configuration
from tests.kit.bench import Bench
from tests.kit.records import visit


def test_it_is_read_at_first_daily_and_after_a_login(bench: Bench) -> None:
    bench.pims.records = [visit()]
    read = []
    for minutes, logged_in in (
        (0, False),
        (15, False),
        (15, True),
        (24 * 60 + 1, False),
        (15, False),
    ):
        bench.later(minutes)
        bench.pims.logged_in = logged_in
        bench.sync()
        read.append(bench.pims.configurations_read)

    assert read == [1, 1, 2, 3, 3]


def test_with_a_login_to_come_both_are_asked_for_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.pims.records = [visit()]
    bench.sync()
    both = Barrier(2, timeout=10)
    bench.pims.will_log_in, bench.pims.before_answer = True, both.wait
    answer = bench.pims.configuration

    def configuration() -> Configuration:
        both.wait()
        return answer()

    monkeypatch.setattr(bench.pims, "configuration", configuration)

    assert bench.sync().status == "succeeded"
