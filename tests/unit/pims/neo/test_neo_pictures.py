"""Pictures that were pasted into notes (rule R17): left out, their places marked."""

import base64
import json
import time
import tracemalloc

import pytest

from idexx_sync.pims.neo.http.pasted import WithoutPictures
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.neo.payloads.pictures import without_pictures
from idexx_sync.pims.protocol import Consultation
from tests.unit.pims.neo.test_neo_consultations import page

BYTES = base64.b64encode(bytes(range(256)) * 4).decode()
URL = f"data:image/png;base64,{BYTES}"


@pytest.mark.parametrize(
    ("html", "left"),
    [
        (f'<p>a <img src="{URL}"> b</p>', "<p>a [picture] b</p>"),
        (f'<p><IMG alt="left &lt; hip" src="{URL}"/></p>', "<p>[picture: left &lt; hip]</p>"),
        (f"<img src='{URL}' alt='consent to euthanasia'>", "[picture: consent to euthanasia]"),
        (f"<img src={URL} alt=hip title='after play'>", "[picture: hip after play]"),
        (f'<img alt="" src="{URL}">', "[picture]"),
        ('<img src="data:image/svg+xml,%3Csvg%3E" alt="x">', "[picture: x]"),
        (f'<img src="{URL}" alt="a > b">', '[picture: a] b">'),
        # what is no picture of its own stays
        ('<img src="https://neo.example/1.png" alt="hip">',) * 2,
        ("<p>data: none</p>",) * 2,
        ("<p>;base64,died at home</p> data:",) * 2,
        (
            f'<a href="data:application/pdf;base64,{BYTES}">referral</a>',
            '<a href="data:application/pdf;base64,">referral</a>',
        ),
        (f"<p>text {URL} on</p>", "<p>text data:image/png;base64, on</p>"),
    ],
)
def test_r17_a_picture_leaves_its_place_and_what_it_says(html: str, left: str) -> None:
    assert without_pictures(html) == left


@pytest.mark.parametrize("text", ["<img " * 100_000, "<img src='data:" * 60_000, "data:" * 200_000])
def test_r17_leaving_pictures_out_takes_linear_time(text: str) -> None:
    begun = time.perf_counter()
    without_pictures(text + "data:")
    assert time.perf_counter() - begun < 1.0


def streamed(body: bytes, size: int) -> bytes:
    kept = WithoutPictures()
    for start in range(0, len(body), size):
        kept.add(body[start : start + size])
    return kept.finished()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1_000, 100_000])
@pytest.mark.parametrize("slashes", ["/", "\\/"])
def test_r17_a_pictures_bytes_are_left_out_of_an_answer_as_it_comes(
    size: int, slashes: str
) -> None:
    notes = f'<p>a</p><img src="{URL}" alt="hip"><p>b ;base64,died</p> c;base64,'
    body = json.dumps({"notes": notes, "more": [1, notes]}).replace("/", slashes).encode()

    left = json.loads(streamed(body, size))

    kept = '<p>a</p><img src="data:image/png;base64," alt="hip"><p>b ;base64,died</p> c;base64,'
    assert left == {"notes": kept, "more": [1, kept]}


@pytest.mark.parametrize("size", [1, 5, 100])
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b";base64,", b";base64", b"x;base64,abc\\", b';base64,ab\\"', b";base64,%2"],
)
def test_r17_an_answer_without_pictures_stays_as_it_is(body: bytes, size: int) -> None:
    assert streamed(body, size) == body


def test_r17_sixty_megabytes_of_pictures_cost_little_memory_and_time() -> None:
    """As they come over the network, in pieces; the record keeps places and texts."""
    begin, end = json.dumps(page(consultationNotes={"notes": "<p>a</p>HERE<p>b</p>"})).split("HERE")
    piece = (BYTES.rstrip("=") * 48)[:65_536].encode()
    tracemalloc.start()
    begun = time.perf_counter()
    kept = WithoutPictures()
    kept.add(begin.encode())
    for _ in range(20):
        kept.add(b'<img alt=\\"hip\\" src=\\"data:image\\/png;base64,')
        for _ in range(48):
            kept.add(piece)
        kept.add(b'\\">')
    kept.add(end.encode())
    record = read_consultation(json.loads(kept.finished()), "910011")
    took, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(record, Consultation)
    assert record.notes_html == "<p>a</p>" + "[picture: hip]" * 20 + "<p>b</p>"
    assert record.unread == ()
    assert kept.received > 60_000_000
    assert peak < 2_000_000
    assert took < 10
