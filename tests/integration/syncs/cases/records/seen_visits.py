"""Visits that are over and paid, each with a record that has a line."""

from tests.kit.neo_cases_bench import NeoCasesBench


def seen(
    clinic: NeoCasesBench, name: str, notes: str = "<p>Walks well.</p>", *, at: str = "06:30"
) -> str:
    """A visit of the patient; returns its id."""
    visit = clinic.neo.book(f"2026-05-04 {at}:00", 15, 3, name)
    clinic.neo.add_line(clinic.see(visit, notes), "EXAM - OFFICE", 1)
    return visit


def many(clinic: NeoCasesBench, number: int) -> list[str]:
    """So many visits, each of a patient of its own."""
    return [seen(clinic, f"PET {n}", at=f"{n // 4:02}:{n % 4 * 15:02}") for n in range(number)]
