"""One row's trouble (rule R26): a value that Python cannot hold, and how it is named. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

FaultCode = Literal["unreadable", "refused", "unread", "unforeseen"]
UNFORESEEN: Final = "unforeseen"
"""Code of a record at which something broke that nobody had foreseen: a defect of ours."""
MOST_NAMED: Final = 50
"""So many faults are named in a result; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Stands for a value that Postgres holds and Python cannot: 24:00, infinity, the year 20224.

    It knows the type and never the value, and compares with nothing but its like: whoever reads
    a column judges it before anything is computed.
    """

    type: str
    """As Postgres calls it."""

    def __str__(self) -> str:
        return "unreadable"

    def __format__(self, _form: str) -> str:
        return "unreadable"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong with one row, by the names of things and never by a value."""

    table: str
    column: str
    """The column, or the constraint that refused the row; empty where Postgres names neither.
    Of a record of the source, what of it could not be read, or the type of the error that nobody
    had foreseen."""
    id: str
    """Of the row, or of the record that has none."""
    code: FaultCode

    def told(self) -> dict[str, str]:
        """The fault as a job's result names it."""
        return asdict(self)


def or_else(value: Any, other: Any = None) -> Any:
    """The value, or `other` in place of one that cannot be read."""
    return other if isinstance(value, Unfit) else value


def unreadable(table: str, id_: object, columns: Mapping[str, object]) -> list[Fault]:
    """A fault for each column of the row that cannot be read."""
    return [
        Fault(table, column, str(id_), "unreadable")
        for column, value in columns.items()
        if isinstance(value, Unfit)
    ]


def named(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """The first faults in a steady order, as a job's result names them."""
    return [fault.told() for fault in sorted(set(faults))[:MOST_NAMED]]
