"""A clinic on a simulated Neo whose visits become cases; the tests of a module share a database."""

from tests.kit.module_database import conn, database
from tests.kit.neo_cases_bench import clinic_of_cases

__all__ = ["clinic_of_cases", "conn", "database"]
