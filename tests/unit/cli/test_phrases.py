"""What is wrong with a row or a record, as a person reads it."""

import pytest

from idexx_sync.cli.phrases import fault_in_words
from idexx_sync.core.faults import Fault


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            Fault("neo.consultation", "reason", "600101", "unread"),
            "clinical record of visit 600101: reason could not be read",
        ),
        (
            Fault("public.cases", "cases_type_check", "7", "refused"),
            "refused by ODIS's database: public.cases.cases_type_check, 7",
        ),
        (Fault("public.patients", "", "7", "unreadable"), "cannot be read: public.patients, 7"),
    ],
)
def test_a_fault_is_told_in_words(fault: Fault, said: str) -> None:
    assert fault_in_words(fault.told()) == said
