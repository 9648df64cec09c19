"""What `./run up` prints can be pasted line by line, and which ports it takes."""

import json
import re
import shlex
import socket
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from dev_tools.ports import free_port
from idexx_sync.operations.hints import OVER_API
from local_stack.by_hand import described
from local_stack.stack_clinics import CLINICS
from tests.kit.paths import ROOT

FACT = re.compile(r"(API|operator key|clinic key|simulated Neo): +\S+")


def printed() -> list[str]:
    clinic = SimpleNamespace(id=uuid4(), name="Example Animal Hospital West", key="idx_key")
    login = {"company_id": "1003", "username": "robin", "password": "it's secret"}
    waiting = SimpleNamespace(
        id=uuid4(), name="Example Vet Clinic Harbor", user=uuid4(), neo=SimpleNamespace(**login)
    )
    stack: Any = SimpleNamespace(
        api_url="http://127.0.0.1:8700/api",
        clinics=SimpleNamespace(members=[clinic], operator_key="idx_operator", waiting=waiting),
        simulator=SimpleNamespace(admin_url="http://127.0.0.1:8701/secret"),
        sinks=SimpleNamespace(
            page_url="http://127.0.0.1:8703/messages", lines_url="http://127.0.0.1:8703/lines"
        ),
        environment={
            "DATABASE_URL": "postgresql://a b'c@127.0.0.1/x",
            "IDEXX_SYNC_LOCAL_KEY": "k=",
        },
    )
    return described(stack).splitlines()


def test_each_thing_to_paste_is_one_whole_line() -> None:
    starts = ("export", "curl", "idexx-sync", "echo")
    commands = [one for one in printed() if one.startswith(starts)]

    assert {one.split()[0] for one in commands} == set(starts)
    known: dict[str, str] = {"PATH": ""}
    for command in commands:
        assert not command.endswith("\\")
        words = shlex.split(command)  # raises where a quotation does not end
        for name in re.findall(r"\$(\w+)", command):
            assert name in known, f"{name} is used before it is exported: {command}"
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            known[name] = value
    assert known["DATABASE_URL"] == "postgresql://a b'c@127.0.0.1/x"
    assert any(FACT.fullmatch(one) for one in printed())


def test_all_that_can_ask_the_api_is_named() -> None:
    (told,) = [one for one in printed() if "these ask the API: " in one]

    assert told.partition("API: ")[2].split(", ") == list(OVER_API)


def test_what_failed_and_how_a_clinic_is_stopped_is_among_what_is_to_try() -> None:
    lines = [one.split(" --reason")[0] for one in printed()]
    wanted = [
        *("idexx-sync status", "idexx-sync alerts list", "idexx-sync dead-letters list"),
        *("idexx-sync clinics pause $CLINIC_ID", "idexx-sync clinics resume $CLINIC_ID"),
    ]

    assert [one for one in lines if one in wanted] == wanted


def test_a_schedule_is_set_sent_out_and_looked_after_in_that_order() -> None:
    found = [one for one in printed() if "schedules" in one or "ticks" in one.split()]
    (set_one,) = [one for one in found if " set " in one]

    assert shlex.split(set_one)[-1] == "*/2 * * * *"
    order = ("schedules show", "schedules set", "/api/schedules/refresh", "idexx-sync ticks")
    assert all(words in one for words, one in zip(order, found, strict=True))


def test_the_readmes_clinic_is_one_of_the_local_stack() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    named = re.findall(r'--clinic "([^"]+)"', "".join(blocks))

    assert named
    assert set(named) <= {clinic.name for clinic, _, _ in CLINICS}
    assert not re.findall(r"(?<!\$)\bCLINIC_ID\b(?!=)", "".join(blocks))


def test_a_third_clinic_is_brought_on_board_in_the_order_of_the_readme() -> None:
    lines = [one for one in printed() if "$NEW_ID" in one]

    assert json.loads(shlex.split(lines[0])[1])["password"] == "it's secret"
    order = ["credentials set", "credentials test", "--stage shadow", "--dry-run", "--stage live"]
    found = [next(n for n, one in enumerate(lines) if words in one) for words in order]
    assert found == sorted(found)


def test_a_port_that_somebody_has_gives_the_next_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert port < free_port(port) < port + 100
    assert free_port(port) == port
    assert free_port() > 0


def test_no_free_port_is_told_by_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dev_tools.ports._TRIED", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match=f"the ports {port} to {port} of"):
            free_port(port)
