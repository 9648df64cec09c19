"""How repetitions become a figure."""

import pytest

from tests.bench.figure import Figure, Spread, counted, difference, interleaved, ratio, spread
from tests.bench.growth import SIZES, slope


def test_each_way_runs_as_often_in_turns_and_the_first_turn_is_not_counted() -> None:
    order: list[str] = []

    def way(name: str, value: float) -> float:
        order.append(name)
        return value

    values = interleaved(2, lambda: way("a", 1.0), lambda: way("b", 2.0))

    assert values == [[1.0, 1.0], [2.0, 2.0]]
    assert order == ["b", "a", "a", "b", "b", "a"]


def test_spread_is_median_and_quartiles_so_that_one_outlier_changes_nothing() -> None:
    assert spread([1, 2, 3, 4, 1000]) == Spread(3, 2, 4)
    assert spread([7]) == Spread(7, 7, 7)


def test_ratio_and_difference_compare_what_was_measured_side_by_side() -> None:
    assert ratio([2, 40], [1, 10]) == Spread(21 / 5.5, 2.5, 3.5)
    assert difference([2, 40], [1, 10]) == Spread(15.5, 8.25, 22.75)


def test_of_counts_the_worst_one_counts() -> None:
    assert counted([5, 6, 5]) == Spread(6, 5, 6, "extremes")


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_slope_is_the_exponent_of_growth(exponent: float) -> None:
    assert slope([3 * size**exponent for size in SIZES]) == pytest.approx(exponent)


@pytest.mark.parametrize(
    ("goal", "at_least", "met"),
    [(1.2, False, True), (1.0, False, False), (1.0, True, True), (1.2, True, False)],
)
def test_a_goal_is_the_most_or_the_least(goal: float, at_least: bool, met: bool) -> None:
    figure = Figure(
        id="P0",
        what="",
        measured=Spread(1.1, 1.1, 1.1),
        goal=goal,
        unit="ratio",
        against="",
        repetitions=1,
        at_least=at_least,
    )

    assert figure.is_met is met
    assert figure.as_json()["met"] is met
