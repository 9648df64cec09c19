"""Chromium of the image starts where the kernel refuses two calls that Lambda has refused.

Reports of browsers that do not start there name `prctl(PR_SET_NO_NEW_PRIVS)` and `fallocate`. So
the image's own code opens a page with both refused, which a filter of seccomp does.
"""

import errno
import os
import platform
import struct
import subprocess
from collections.abc import Iterator

import pytest

from dev_tools.image.unpacked import Target, Unpacked

OPENS_A_PAGE = """
from idexx_sync.pims.neo.login.browser import open_browser
from idexx_sync.pims.neo.login.run_folder import run_folder
import os
with run_folder() as folder, open_browser(
    folder, "http://127.0.0.1:9", os.environ["IDEXX_SYNC_CHROMIUM_PATH"], lambda: 60.0
) as browser:
    browser.page.set_content("<title>opened</title><p>text")
    print(browser.page.title())
"""
REFUSED = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(38, 1, 0, 0, 0), errno.errorcode[ctypes.get_errno()])
fd, none, ten = os.open("/tmp/file", os.O_CREAT | os.O_WRONLY), ctypes.c_long(0), ctypes.c_long(10)
print(libc.fallocate(fd, 0, none, ten), errno.errorcode[ctypes.get_errno()])
"""
PRCTL, FALLOCATE, NO_NEW_PRIVS = 157, 285, 38
"""By their numbers on x86-64."""
_LOAD, _EQUALS, _ANSWER = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def instruction(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)


PROGRAM = b"".join(
    (
        instruction(_LOAD, 0),  # the call's number
        instruction(_EQUALS, FALLOCATE, 3, 0),
        instruction(_EQUALS, PRCTL, 0, 3),
        instruction(_LOAD, 16),  # its first argument
        instruction(_EQUALS, NO_NEW_PRIVS, 0, 1),
        instruction(_ANSWER, _REFUSE),
        instruction(_ANSWER, _ALLOW),
    )
)


@pytest.fixture
def filter_fd() -> Iterator[int]:
    reader, writer = os.pipe()
    os.write(writer, PROGRAM)
    os.close(writer)
    yield reader
    os.close(reader)


def run(image: Unpacked, program: str, filter_fd: int) -> subprocess.CompletedProcess[str]:
    command = image.inside(
        [image.entrypoint[0], "-c", program], options=("--seccomp", str(filter_fd))
    )
    return subprocess.run(
        command,
        env=dict(image.environment),
        pass_fds=(filter_fd,),
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter names calls of x86-64")
class TestRefusedCalls:
    def test_they_are_refused(self, images: dict[Target, Unpacked], filter_fd: int) -> None:
        done = run(images["browser"], REFUSED, filter_fd)

        assert done.stdout.splitlines() == ["-1 EPERM", "-1 EPERM"], done.stderr

    def test_a_page_is_opened_nevertheless(
        self, images: dict[Target, Unpacked], filter_fd: int
    ) -> None:
        done = run(images["browser"], OPENS_A_PAGE, filter_fd)

        assert done.stdout.splitlines()[-1:] == ["opened"], done.stdout + done.stderr
