"""What is personal in the worlds of this rig: each field of the simulated Neo has words of its own.

`CompanyOfCanaries` puts them into whatever staff write. A text keeps its shape: phones are invented
numbers, of which the kind decides a digit, and an e-mail address stays one.
"""

import inspect
import itertools
import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

from neo_simulator.client import Company, Simulator
from neo_simulator.operations import Operations

_OF_TEXT: Final[Mapping[str, str]] = {
    "patient's name": "zqpatient",
    "owner's first name": "zqfirst",
    "owner's last name": "zqlast",
    "owner's title": "zqtitle",
    "e-mail address": "zqmail",
    "reason of a visit": "zqreason",
    "reason of a cancellation": "zqcancelled",
    "title of a block": "zqblock",
    "title of a roster": "zqroster",
    "name of who booked": "zqstaff",
    "notes": "zqnotes",
    "product of a line": "zqproduct",
    "label of a line": "zqlabel",
    "batch of a line": "zqbatch",
    "vital signs": "zqsigns",
    "colour of a coat": "zqcolour",
    "name of a company": "zqcompany",
    "user name": "zquser",
    "password": "zqpassword",
}
"""Field -> its canary; all begin alike. None is in any word of the service, nor in hexadecimal
digits."""
_PHONE: Final = r"\(555\)[ -]?555[ -]?0{kind}|555\)?[ -]?555[ -]?0{kind}|\+15555550{kind}"
_OTHERS: Final[Mapping[str, str]] = {
    "owner's mobile phone": _PHONE.format(kind="[0-2]"),
    "owner's home phone": _PHONE.format(kind="3"),
    "owner's work phone": _PHONE.format(kind="4"),
    "phone of an owner": _PHONE.format(kind="[5-9]"),
    "patient's name": r"PET \d|RENAMED|LATECOMER|NEWCOMER|OTHER \d",
    "owner's last name": "Sample",
    "name of a company": "Example Animal Clinic",
    "e-mail address of a provider": r"provider\d+@",
    "e-mail address": "@example",
    "licence of a provider": r"LICENCE-\d",
    "name of a provider": r"DR\.|dr\. [a-z][A-Z]|Front Desk",
    "notes": "CANARY",
    "reason of a visit": r"REASON \d|Appointment reason",
    "what people wrote in ODIS": "BY HAND|SOMEBODY",
    "session's cookie": "neo-session-[0-9a-f]",
    "value of a login form": "neo-form-[0-9a-f]",
    "id of a company": r"90909\d{7}",
}
"""Field -> what else is its, where a text has a form of its own or is not written by an operation.
Half of a phone number is in some id by chance, in one of a thousand sets of scenarios."""
PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    *((field, f"{word}|{word.upper()}") for field, word in _OF_TEXT.items()),
    *_OTHERS.items(),
    ("owner's last name", "Example"),
)
"""Field and pattern; the first that fits names the field. Python and Postgres read them alike."""
_WORDS: Final = "|".join(word.removeprefix("zq") for word in _OF_TEXT.values())
CANARIES: Final = re.compile(
    "|".join([f"zq(?:{_WORDS})", f"ZQ(?:{_WORDS.upper()})", *_OTHERS.values(), "Example"])
)
"""Any of them. What many begin with stands once, and none begins with a choice: it is quick."""

WRITTEN: Final[Mapping[str, str]] = {
    "add_client.first_name": "owner's first name",
    "add_client.last_name": "owner's last name",
    "add_client.mobile_phone": "owner's mobile phone",
    "add_client.home_phone": "owner's home phone",
    "add_client.work_phone": "owner's work phone",
    "add_client.email": "e-mail address",
    "add_client.title": "owner's title",
    "add_patient.name": "patient's name",
    "add_line.product": "product of a line",
    "add_line.label": "label of a line",
    "add_line.batch": "batch of a line",
    "book.patient": "patient's name",
    "book.owner_first": "owner's first name",
    "book.owner_last": "owner's last name",
    "book.phone": "owner's mobile phone",
    "book.email": "e-mail address",
    "book.reason": "reason of a visit",
    "book_block.title": "title of a block",
    "book_roster.title": "title of a roster",
    "cancel.reason": "reason of a cancellation",
    "change_color.color": "colour of a coat",
    "change_owner.first_name": "owner's first name",
    "change_owner.last_name": "owner's last name",
    "change_owner.email": "e-mail address",
    "change_owner.title": "owner's title",
    "change_phone.phone": "owner's mobile phone",
    "edit_notes.html": "notes",
    "edit_reason.reason": "reason of a visit",
    "rename_patient.name": "patient's name",
    "set_vital_signs.signs": "vital signs",
    "walk_in.reason": "reason of a visit",
}
"""Operation and argument -> field; `by` is always the name of who booked."""
CHOSEN: Final = (
    "add_line.provider",
    "add_patient.breed",
    "add_patient.gender",
    "add_patient.species",
    "book.appointment_type",
    "book.provider",
    "book.species",
    "book_roster.provider",
    "change_phone.kind",
    "change_provider.provider",
    "change_type.appointment_type",
    "walk_in.provider",
)
"""Arguments in words that nobody writes: one of a list."""
BY: Final = "name of who booked"
_TAG: Final = re.compile(r"<[^>]*>")
_numbers: Final = itertools.count(1)


def field_of(text: str) -> str | None:
    """The field of which something stands in the text, if any."""
    found = CANARIES.search(text)
    if found is None:
        return None
    return next(field for field, pattern in PATTERNS if re.match(pattern, found[0]))


def written(field: str, value: Any) -> Any:
    """The same with the field's canary; what says nothing stays so."""
    if isinstance(value, dict):
        return {key: written(field, one) for key, one in value.items()}
    if isinstance(value, list):
        return [written(field, one) for one in value]
    if not isinstance(value, str) or not _says_something(value) or field not in _OF_TEXT:
        return value
    word = _OF_TEXT[field]
    if word in value:
        return value
    if field == "e-mail address":
        return f"moc{word}.{value}"
    # Three letters before: damage of the simulator goes between the third and the fourth.
    return f"<p>moc{word}</p>{value}" if field == "notes" else f"Moc{word} {value}"


def _says_something(text: str) -> bool:
    return bool(unescape(_TAG.sub("", text)).strip())


def _with_canaries(operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What is not given is what the simulator would take."""
    known = inspect.signature(getattr(Operations, operation)).parameters
    defaults = {
        name: one.default
        for name, one in known.items()
        if isinstance(one.default, str) and _field(operation, name) is not None
    }
    return {
        name: value if (field := _field(operation, name)) is None else written(field, value)
        for name, value in {**defaults, **arguments}.items()
    }


def _field(operation: str, argument: str) -> str | None:
    return BY if argument == "by" else WRITTEN.get(f"{operation}.{argument}")


class CompanyOfCanaries(Company):
    """A company whose staff write nothing without a canary."""

    def operate(self, *operations: tuple[str, dict[str, Any]]) -> list[Any]:
        return super().operate(
            *((name, _with_canaries(name, arguments)) for name, arguments in operations)
        )


def make_company(simulator: Simulator, **facts: Any) -> CompanyOfCanaries:
    """A new one without records, of which nothing is like any other's."""
    number = next(_numbers)
    made = simulator.create_company(
        generate=False,
        company_id=f"90909{number:07}",
        variant=number,
        username=f"moc{_OF_TEXT['user name']}.reader",
        password=f"Moc{_OF_TEXT['password']}-7!",
        name=f"Moc{_OF_TEXT['name of a company']} Animal Clinic",
        **facts,
    )
    return CompanyOfCanaries(simulator, vars(made))


def say_everything(neo: Company, start: str, end: str) -> None:
    """What a calendar's ordinary visits do not say of owners, patients and staff."""
    state = neo.state()
    owners = [client["id"] for client in state["clients"]]
    neo.operate(
        ("book_roster", {"start": start, "end": end, "title": "T. AT WORK"}),
        *(
            one
            for owner in owners
            for one in (
                ("change_owner", {"client_id": owner, "title": "Prof."}),
                ("change_phone", _phone(owner, "555-555-0300", "home")),
                ("change_phone", _phone(owner, "555-555-0400", "work")),
            )
        ),
        *(
            ("change_color", {"patient_id": patient["id"], "color": "BLACK"})
            for patient in state["patients"]
        ),
    )


def say_all_of_a_record(neo: Company, consultation: str) -> None:
    """Beside its notes."""
    line = {"product": "DROPS", "label": "TWICE A DAY", "batch": "B 17", "provider": 1000}
    neo.operate(
        ("add_line", {"consultation_id": consultation, **line}),
        (
            "set_vital_signs",
            {"consultation_id": consultation, "signs": {"pulse": 90, "remark": "PANTS"}},
        ),
    )


def _phone(client: str, number: str, kind: str) -> dict[str, Any]:
    return {"client_id": client, "phone": number, "kind": kind}
