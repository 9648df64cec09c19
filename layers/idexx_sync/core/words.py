"""No foreign words leave a process: what others raise, warn of or log is told by where it happened.

A driver quotes rows, a parser its input, a browser a page. So an exception is described by type,
file, line and function of each frame and never by its message, and a handler lets out only errors
of our own, whose words we chose.
"""

import contextlib
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import CodeType, TracebackType
from typing import Any, Final, TextIO
from uuid import UUID

from idexx_sync.core.errors import InternalError, RequestRefused, SyncError
from idexx_sync.core.logs import SERVICE, logger

MOST_ERRORS: Final = 12
MOST_FRAMES: Final = 20
_SOURCE: Final = re.compile(r"[\w./-]{1,200}\.py|<frozen [\w.]{1,80}>")
_PYTHONS_OWN: Final = frozenset({"sys", "threading", "warnings", "_py_warnings", "_thread"})
"""Modules whose hooks nobody has replaced yet; `logging` is asked for its own class."""


def own_errors_only[T](work: Callable[[], T], job_id: UUID | None = None) -> T:
    """What the work gives; of its errors only ours get out, bare of what caused them.

    Raises SyncError and RequestRefused, and InternalError for anything else, each with the job's
    id, after logging where it happened. An interrupt stays one.
    """
    keep_words_in()
    leaving: BaseException
    try:
        return work()
    except (SyncError, RequestRefused) as error:
        _log("left the handler", error, job_id)
        leaving = _bare(error)
        if job_id is not None:
            leaving.args = (f"{error.message} (job {job_id})",)
    except KeyboardInterrupt:
        leaving = KeyboardInterrupt()
    except BaseException as error:  # noqa: BLE001 a SystemExit quotes as well
        leaving = unexpected(error, job_id)
    raise leaving  # out here, where no other error is its context


def unexpected(error: BaseException, job_id: UUID | None = None) -> InternalError:
    """Our own error in place of one that nobody foresaw, which is logged."""
    _log("unexpected error", error, job_id)
    where = "" if job_id is None else f" in job {job_id}"
    return InternalError(f"an unexpected error{where}; the log says where", code=type_of(error))


def guarded[T](work: Callable[[], T], instead: Callable[[str], T], /, **what: str) -> T:
    """What the work on one record gives; where it breaks in a way that nobody foresaw, `instead`.

    That is logged with `what` the work was about, and `instead` is told the error's type. Raises
    SyncError and RequestRefused, which are about more than one record.
    """
    try:
        return work()
    except (SyncError, RequestRefused):
        raise
    except Exception as error:  # noqa: BLE001 one record's trouble (R26)
        _log("a record broke its own work", error, None, **what)
        kind = type_of(error)
    return instead(kind)


def described(error: BaseException) -> list[dict[str, Any]]:
    """The error and all that led to it: `type`, `at` (innermost last) and its `relation`."""
    found = []
    for relation, one in _with_its_causes(error):
        told = {"type": type_of(one), "at": frames_of(one.__traceback__)}
        found.append({"relation": relation, **told} if relation else told)
    return found


def frames_of(traceback: TracebackType | None) -> list[str]:
    """`folder/file.py:12 function` of each frame, the innermost ones if there are many."""
    frames = []
    while traceback is not None:
        frames.append(_place(traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames[-MOST_FRAMES:]


def type_of(error: BaseException) -> str:
    """The name of its class, or of the nearest one that stands in source text: a class made while
    running may be named after anything."""
    return next(kind.__name__ for kind in type(error).__mro__ if _stands_in_source(kind))


def keep_words_in() -> None:
    """Have Python itself and all libraries tell where things happened, and no more.

    Covers their logs, warnings, and what ends a thread, a destructor or the process. Replaces
    only what is still Python's own; doing it again costs next to nothing.
    """
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(_wordless_record)
        logging.raiseExceptions = False  # what can't be logged would be printed
    if logging.makeLogRecord.__module__ == logging.__name__:
        logging.makeLogRecord = _wordless_made
    if threading.excepthook.__module__ in _PYTHONS_OWN:
        threading.excepthook = _thread_ended
    if sys.unraisablehook.__module__ in _PYTHONS_OWN:
        sys.unraisablehook = _unraisable
    if sys.excepthook.__module__ in _PYTHONS_OWN:
        sys.excepthook = _process_ended
    if warnings.showwarning.__module__ in _PYTHONS_OWN:
        warnings.showwarning = _warned


def _with_its_causes(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Each error once, with its relation to one before it; at most MOST_ERRORS."""
    waiting: list[tuple[str, BaseException]] = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_ERRORS:
        relation, one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield relation, one
        if isinstance(one, BaseExceptionGroup):
            waiting += [("member", member) for member in one.exceptions]
        if one.__cause__ is not None:
            waiting.append(("cause", one.__cause__))
        elif one.__context__ is not None:
            waiting.append(("context", one.__context__))


def _stands_in_source(kind: type) -> bool:
    module = sys.modules.get(kind.__module__)
    return module is not None and vars(module).get(kind.__name__) is kind


def _place(code: CodeType, line: int) -> str:
    return f"{_file(code.co_filename)}:{line} {_function(code)}"


def _file(name: str) -> str:
    """The last two parts of a source file's path; code that was made while running has no name."""
    short = "/".join(PurePath(name).parts[-2:])
    return short if _SOURCE.fullmatch(short) else "<generated>"


def _function(code: CodeType) -> str:
    return code.co_name if _file(code.co_filename) != "<generated>" else "<generated>"


def _bare[E: BaseException](error: E) -> E:
    """The error without traceback, causes and notes, which are what others said."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    with contextlib.suppress(AttributeError):
        del error.__notes__
    return error


def _log(message: str, error: BaseException, job_id: UUID | None, **more: Any) -> None:
    if job_id is not None:  # else the line names the job of its run, if there is one
        more["job_id"] = str(job_id)
    logger().error(
        message,
        error_kind=getattr(error, "kind", None) if isinstance(error, SyncError) else None,
        error_message=error.message if isinstance(error, (SyncError, RequestRefused)) else None,
        errors=described(error),
        **more,
    )


def _wordless_record(*args: Any, **options: Any) -> logging.LogRecord:
    """A log's record; of other loggers than ours without its text, and never with an exception's.

    Its text becomes the place where it was logged.
    """
    record = logging.LogRecord(*args, **options)
    if record.name != SERVICE or not isinstance(record.msg, str) or record.args:
        _say_where_only(record)
    return _without_raised(record)


def _wordless_made(dict: Mapping[str, object]) -> logging.LogRecord:  # noqa: A002 as Python's
    """One that another process or thread has put together, whoever it says it is of."""
    record = logging.LogRecord("", logging.NOTSET, "", 0, "", None, None)
    record.__dict__.update(dict)
    record.name, record.pathname = str(record.name), str(record.pathname)
    record.lineno = record.lineno if type(record.lineno) is int else 0
    is_source = _file(record.pathname) != "<generated>" and str(record.funcName).isidentifier()
    record.funcName = record.funcName if is_source else "<generated>"
    _say_where_only(record)
    return _without_raised(record)


def _say_where_only(record: logging.LogRecord) -> None:
    place = f"{_file(record.pathname)}:{record.lineno} {record.funcName}"
    record.msg, record.args = f"logged at {place}{_text_of(_raised(record))}", None
    record.name = record.name if record.name == SERVICE else record.name.partition(".")[0]


def _without_raised(record: logging.LogRecord) -> logging.LogRecord:
    if (raised := _raised(record)) is not None:
        record.__dict__["errors"] = described(raised)
    record.exc_info = record.exc_text = record.stack_info = None
    return record


def _raised(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


def _text_of(raised: BaseException | None) -> str:
    if raised is None:
        return ""
    return "".join(f"; {one['type']} {' > '.join(one['at'])}" for one in described(raised))


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _log("a thread ended", args.exc_value, None)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        _log("an error that nobody could be told", args.exc_value, None)


def _process_ended(
    _kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    _log("the process ends", error, None)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001 it quotes the source
) -> None:
    kind = type_of(message) if isinstance(message, Warning) else category.__name__
    logger().warning("warned", warning=kind, at=f"{_file(filename)}:{lineno}")
