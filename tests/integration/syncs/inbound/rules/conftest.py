"""The tests of a module share a database."""

from tests.kit.module_database import conn, database

__all__ = ["conn", "database"]
