"""What Postgres refused, in words that hold no value of any row."""

from typing import Final

from idexx_sync.database.connection import DriverError

_OF_NAMES_ONLY: Final = "42"
"""The class of errors whose texts name tables, columns, roles and types."""
_OF_A_MIGRATION: Final = "PL/pgSQL function inline_code_block"
"""How the context of an error begins that a DO block has raised itself."""


def refusal(error: DriverError) -> str:
    """The kind of the refusal, and the table, column and constraint that it is about."""
    where = (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
    named = ", ".join(name for name in where if name)
    what = f"{type(error).__name__} {error.sqlstate or ''}".strip()
    return f"{what}{f' ({named})' if named else ''}"


def refusal_of_migration(error: DriverError) -> str:
    """The same, or Postgres's own text and hint where these can't quote a row."""
    diag, text = error.diag, error.diag.message_primary
    is_ours = (diag.context or "").startswith(_OF_A_MIGRATION) and error.sqlstate == "P0001"
    if text is None or not (is_ours or (error.sqlstate or "").startswith(_OF_NAMES_ONLY)):
        return refusal(error)
    return f"{text}. {diag.message_hint}" if diag.message_hint else text
