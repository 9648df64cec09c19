"""No foreign words leave a process: errors, logs, warnings, threads, the process's own end."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.core import logs
from idexx_sync.core.errors import DatabaseUnavailable, InternalError, SyncError
from idexx_sync.core.words import described, own_errors_only, type_of
from tests.kit.foreign_words import CANARY, ERRORS, all_of, names_her, raise_it

JOB = UUID("00000000-0000-4000-8000-000000000001")
every = pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    return stream


@every
def test_an_unexpected_error_leaves_as_our_own_and_bare(
    error: Callable[[], BaseException], log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InternalError) as raised:
        own_errors_only(lambda: raise_it(error()), JOB)

    left = raised.value
    assert (left.__cause__, left.__context__) == (None, None)
    assert str(JOB) in left.message
    assert not names_her(all_of(left), log.getvalue(), *capfd.readouterr())


@every
def test_the_log_tells_type_file_line_and_function(
    error: Callable[[], BaseException], log: io.StringIO
) -> None:
    with pytest.raises(InternalError):
        own_errors_only(lambda: raise_it(error()), JOB)

    told = json.loads(log.getvalue())
    assert (told["message"], told["job_id"]) == ("unexpected error", str(JOB))
    assert told["errors"][0]["type"].isidentifier()
    frame = next(at for at in told["errors"][0]["at"] if "raise_it" in at)
    assert frame.startswith("kit/foreign_words.py:")


def test_a_chain_is_told_from_its_end_to_its_beginning() -> None:
    told = described(ERRORS["a group"]())

    assert [(one.get("relation"), one["type"]) for one in told] == [
        (None, "ExceptionGroup"),
        ("member", "ValueError"),
        ("member", "RuntimeError"),
        ("cause", "ValueError"),
    ]


def test_a_long_chain_has_an_end() -> None:
    error: BaseException = ValueError()
    for _ in range(1000):
        outer = RuntimeError()
        outer.__cause__ = error
        error = outer

    assert len(described(error)) == 12


def deep(left: int) -> None:
    if left == 0:
        raise ValueError(CANARY)
    deep(left - 1)


def test_of_many_frames_the_innermost_are_told() -> None:
    try:
        deep(100)
    except ValueError as error:
        (told,) = described(error)

    assert len(told["at"]) == 20
    assert all(at.endswith(" deep") for at in told["at"])


def test_a_class_made_while_running_is_told_by_its_nearest_of_source_text() -> None:
    assert type_of(ERRORS["a class of her name"]()) == "ValueError"
    assert type_of(ERRORS["an answer, by botocore"]()) == "ClientError"
    assert type_of(ERRORS["a row, by psycopg"]()) == "UniqueViolation"


def test_our_own_error_keeps_its_words_and_loses_what_caused_it(log: io.StringIO) -> None:
    def fail() -> None:
        try:
            raise OSError(CANARY)
        except OSError as error:
            own = DatabaseUnavailable("Postgres did not answer", code="operationalerror")
            own.add_note(CANARY)
            raise own from error

    with pytest.raises(DatabaseUnavailable, match=r"^Postgres did not answer$") as raised:
        own_errors_only(fail)

    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert not names_her(all_of(raised.value), log.getvalue())
    assert [one["type"] for one in json.loads(log.getvalue())["errors"]] == [
        "DatabaseUnavailable",
        "OSError",
    ]


def test_an_interrupt_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt) as raised:
        own_errors_only(lambda: raise_it(KeyboardInterrupt(CANARY)))

    assert raised.value.args == ()


def test_what_goes_well_is_given_back_and_logs_nothing(log: io.StringIO) -> None:
    assert own_errors_only(lambda: 7) == 7
    assert log.getvalue() == ""


SCRIPT = """
import asyncio, gc, logging, sys, threading, warnings
from aws_lambda_powertools import Logger
from idexx_sync.core.logs import logger
from idexx_sync.core.words import keep_words_in
from tests.kit.foreign_words import CANARY, ERRORS, raise_it

keep_words_in()

def logged(log, error, quoting=CANARY):
    try:
        raise_it(error)
    except BaseException as raised:
        log.exception("failed: %s", CANARY)
        log.error(raised)
        log.warning(f"failed {quoting}", exc_info=True, stack_info=True)

def step_ended():
    for make in ERRORS.values():
        thread = threading.Thread(target=raise_it, args=(make(),), name=CANARY)
        thread.start()
        thread.join()

def step_logged():
    for name in ("psycopg.pool", "httpx", "playwright", "botocore.retryhandler", "asyncio", CANARY):
        for make in ERRORS.values():
            logged(logging.getLogger(name), make())

def step_ours():
    for make in ERRORS.values():
        logged(logger(), make(), quoting="")  # our own texts quote nobody

def step_powertools():
    hook = sys.excepthook
    theirs = Logger(service="theirs", log_uncaught_exceptions=True)
    for make in ERRORS.values():
        logged(theirs, make())
        error = make()
        sys.excepthook(type(error), error, error.__traceback__)
    sys.excepthook = hook

def step_made():
    her = {"name": "psycopg", "msg": CANARY, "levelno": 40, "levelname": "ERROR",
           "pathname": CANARY, "funcName": CANARY, "lineno": CANARY, "exc_text": CANARY}
    for told in (her, her | {"name": CANARY}, her | {"name": None}, her | {"args": (CANARY,)}):
        record = logging.makeLogRecord(told)
        logger().handlers[0].handle(record)
        print(record.msg, record.args, record.funcName, record.lineno, record.exc_text)

def step_root():
    root = logging.getLogger()
    root.addHandler(logging.StreamHandler())
    logged(root, ERRORS["a cause"]())

def step_broken():
    class Broken(logging.Handler):
        def emit(self, record):
            try:
                raise ValueError(CANARY)
            except ValueError:
                self.handleError(record)
    logging.getLogger("broken").addHandler(Broken())
    logging.getLogger("broken").error("%d items", CANARY)

def step_warned():
    class HerWarning(UserWarning):
        pass
    for category in (UserWarning, DeprecationWarning, ResourceWarning, HerWarning):
        warnings.warn(CANARY, category)
    warnings.warn_explicit(CANARY, type(CANARY.split()[0], (UserWarning,), {}), CANARY, 7)

def step_pydantic():
    from pydantic import BaseModel
    class Model(BaseModel):
        number: int
    Model.model_construct(number=CANARY).model_dump_json()

def step_unraisable():
    class Dying:
        def __del__(self):
            raise ValueError(CANARY)
    Dying()
    gc.collect()

def step_asyncio():
    async def fail():
        raise ValueError(CANARY)
    async def forget():
        task = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()
    asyncio.run(forget())

def step_uncaught():
    try:
        raise_it(ERRORS["a cause"]())
    finally:
        raise RuntimeError(CANARY)

warnings.simplefilter("always")
for step in sys.argv[1:]:
    print(f"step {step}:", flush=True)
    print(f"step {step}:", file=sys.stderr, flush=True)
    globals()["step_" + step]()
    sys.stdout.flush()
"""
STEPS = {
    "ended": "a thread ended",
    "logged": "logged at",
    "ours": "failed",
    "powertools": "logged at",
    "made": "logged at",
    "root": "logged at",
    "broken": "",
    "warned": "UserWarning",
    "pydantic": "UserWarning",
    "unraisable": "nobody could be told",
    "asyncio": "logged at",
    "uncaught": "the process ends",
}


def said_by_each_step(script: str) -> dict[str, str]:
    """In a process of its own, as Lambda's is: pytest has replaced half of Python's hooks."""
    done = subprocess.run(
        [sys.executable, "-c", script, *STEPS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr  # of the last step
    said = dict.fromkeys(STEPS, "")
    for stream in (done.stdout, done.stderr):
        for part in stream.split("step ")[1:]:
            step, _, text = part.partition(":")
            said[step] += text
    return said


def test_python_itself_and_libraries_tell_only_where() -> None:
    said = said_by_each_step(SCRIPT)

    assert [step for step, text in said.items() if names_her(text)] == []
    assert [step for step, text in said.items() if STEPS[step] not in text] == []


def test_without_the_hooks_each_of_them_quotes() -> None:
    """Else the test above could not fail."""
    said = said_by_each_step(SCRIPT.replace("\nkeep_words_in()\n", "\n"))

    assert [step for step, text in said.items() if not names_her(text)] == []


def test_hooks_of_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_theirs(*_: Any) -> Any:
        """Somebody else's."""

    monkeypatch.setattr(sys, "excepthook", of_theirs)
    monkeypatch.setattr(logging, "_logRecordFactory", of_theirs)

    own_errors_only(lambda: None)

    hooks: list[Any] = [sys.excepthook, logging.getLogRecordFactory()]
    assert hooks == [of_theirs, of_theirs]


def test_every_error_of_ours_is_let_out(log: io.StringIO) -> None:
    for kind in SyncError.__subclasses__():
        with pytest.raises(kind):
            own_errors_only(lambda kind=kind: raise_it(kind("said by us")))  # type: ignore[misc]
    assert "said by us" in log.getvalue()
