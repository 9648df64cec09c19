"""Writing in parts: whatever refuses a row, the others are written."""

from collections.abc import Iterator, Sequence

import pytest
from pydantic import SecretStr

from idexx_sync.database.connection import Conn, connect, writing
from idexx_sync.database.parts import Parts, Refusal, in_parts

TABLE = """
    CREATE TABLE public.parts (
        n integer PRIMARY KEY, word text NOT NULL DEFAULT 'fine', of integer
    )
"""
REFUSALS = {
    "check": ("ADD CONSTRAINT small CHECK (n <> 5)", "small"),
    "null": ("ADD CONSTRAINT said CHECK (word <> 'five')", "said"),
    "unique": ("ADD CONSTRAINT once UNIQUE (word) DEFERRABLE INITIALLY DEFERRED", "once"),
    "foreign": (
        "ADD CONSTRAINT parent FOREIGN KEY (of) REFERENCES public.parts "
        "DEFERRABLE INITIALLY DEFERRED",
        "parent",
    ),
    "exclusion": ("ADD CONSTRAINT apart EXCLUDE (word WITH =) WHERE (word = 'five')", "apart"),
    "length": ("ALTER COLUMN word TYPE varchar(8)", "22001"),
}
FIVES: dict[str, dict[str, object]] = {
    "check": {},
    "null": {"word": "five"},
    "unique": {"word": "taken"},
    "foreign": {"of": 77},
    "exclusion": {"word": "five"},
    "length": {"word": "a long word"},
}


@pytest.fixture
def own(database: str) -> Iterator[Conn]:
    with connect(SecretStr(database)) as conn:
        conn.execute(TABLE)
        yield conn
        conn.execute("DROP TABLE public.parts; DROP FUNCTION IF EXISTS public.refuse")


def write(conn: Conn, five: dict[str, object] | None = None) -> tuple[Parts[int, int], list[int]]:
    """Write the numbers 1 to 9, of which 5 has those columns; and what is there afterwards."""
    sizes = []

    def insert(numbers: Sequence[int]) -> int:
        sizes.append(len(numbers))
        for n in numbers:
            values = {"word": f"word {n}", "of": None, **((five or {}) if n == 5 else {})}
            conn.execute(
                "INSERT INTO public.parts (n, word, of) VALUES (%s, %s, %s)",
                (n, values["word"], values["of"]),
            )
        return len(numbers)

    with writing(conn) as settle:
        parts = in_parts(conn, settle, "parts", range(1, 10), insert)
    rows = conn.execute("SELECT n FROM public.parts WHERE n < 10 ORDER BY n").fetchall()
    assert sizes[0] == 9
    return parts, [n for (n,) in rows]


@pytest.mark.parametrize("kind", REFUSALS)
def test_r26_whatever_refuses_a_row_the_others_are_written(own: Conn, kind: str) -> None:
    how, name = REFUSALS[kind]
    own.execute(
        "INSERT INTO public.parts VALUES (10, %s), (11, 'taken')",
        ("five" if kind == "exclusion" else "ten",),
    )
    own.execute(f"ALTER TABLE public.parts {how}")

    parts, rows = write(own, FIVES[kind])

    assert rows == [1, 2, 3, 4, 6, 7, 8, 9]
    assert parts.refused == [(5, Refusal("parts", name))]
    assert sum(parts.results) == 8


@pytest.mark.parametrize("code", ["P0001", "OD123", "75000", "38001"])
def test_r26_a_trigger_refuses_one_row_and_its_words_stay_where_they_are(
    own: Conn, code: str
) -> None:
    own.execute(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.n = 5 THEN RAISE EXCEPTION 'no, %', NEW.word "
        f"USING ERRCODE = '{code}'; END IF; "
        "RETURN NEW; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON public.parts "
        "FOR EACH ROW EXECUTE FUNCTION public.refuse()"
    )
    parts, rows = write(own)
    assert rows == [1, 2, 3, 4, 6, 7, 8, 9]
    assert parts.refused == [(5, Refusal("parts", code))]


@pytest.mark.parametrize("word", ["nul \0", "half a pair \ud800"])
def test_r26_a_text_that_cannot_be_sent_is_refused_as_well(own: Conn, word: str) -> None:
    parts, rows = write(own, {"word": word})
    assert rows == [1, 2, 3, 4, 6, 7, 8, 9]
    assert parts.refused == [(5, Refusal("parts", "characters"))]


def test_r26_without_a_refusal_it_is_one_part(own: Conn) -> None:
    parts, rows = write(own)
    assert (parts.results, parts.refused, len(rows)) == ([9], [], 9)


def test_r26_what_was_refused_before_does_not_cost_the_others_a_second_try(own: Conn) -> None:
    own.execute("ALTER TABLE public.parts ADD CONSTRAINT small CHECK (n <> 5)")
    sizes = []

    def insert(numbers: Sequence[int]) -> None:
        sizes.append(len(numbers))
        for n in numbers:
            own.execute("INSERT INTO public.parts (n) VALUES (%s)", (n,))

    with writing(own) as settle:
        in_parts(own, settle, "parts", range(1, 10), insert, apart=lambda n: n == 5)

    assert sizes == [8, 1]


def test_an_error_of_no_row_goes_up_and_nothing_is_written(own: Conn) -> None:
    with pytest.raises(Exception, match="nowhere"), writing(own) as settle:
        in_parts(own, settle, "parts", [1], lambda _: own.execute("SELECT nowhere FROM parts"))
    assert own.execute("SELECT count(*) FROM public.parts").fetchone() == (0,)
