"""Clinical notes as plain text (Neo protocol, notes content)."""

import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.syncs.cases.html_text import text_of
from neo_simulator.generator import notes

PASTED = """\
Temp 38.4°C – weight < 5 kg & stable, état général 'bon'
- Plan
  - diet
    1. wet food
    2. no treats
  - recheck > 2 weeks
pasted text"""

SOAP_TABLE = """\
Appointment reason: ear check

S - history
Complaint: shakes head
Diet:
O - findings
Ears: left canal red
Heart: no murmur
A - assessment
Diagnosis: otitis externa
P - plan
Medication: drops <AU> 2x daily & recheck"""

CASES = {
    "": "",
    "<p><br></p>": "",
    "<p>&nbsp;</p>": "",
    "<p>one</p><p>two</p>": "one\ntwo",
    "<p>one</p><p><br></p><p>&nbsp;</p><br><p>two</p>": "one\n\ntwo",
    "<p>one<br>two<br />three<br></p><p>four</p>": "one\ntwo\nthree\nfour",
    "<P>ONE</P>\n\n<P>TWO</P>": "ONE\nTWO",
    "<p>over\n   two\tlines</p>": "over two lines",
    "<p><strong>S:</strong> eats <em>well</em>, dr<u>inks</u></p>": "S: eats well, drinks",
    "<div><div>a</div>b<div>c</div></div>": "a\nb\nc",
    "<h2>Plan</h2>rest<hr>more": "Plan\nrest\nmore",
    "<p>5&nbsp;kg &lt;b&gt; &amp;amp; &frac12; &#39;x&#39; &#x2764;</p>": "5 kg <b> &amp; ½ 'x' ❤",
    # lists
    "<ul><li>a</li><li></li><li>b</li></ul>after": "- a\n- b\nafter",
    "<ol><li>a<ul><li>b</li></ul></li><li>c<br>d</li></ol>": "1. a\n  - b\n2. c\n  d",
    "<ul><li><p>a</p><p>b</p></li></ul>": "- a\n  b",
    "x<ul><li><ul><li>deep</li></ul></li></ul>": "x\n  - deep",
    "<li>astray</li>": "- astray",
    "<dl><dt>Diet</dt><dd>wet</dd></dl>": "Diet\nwet",
    # tables
    "<table><tr><th>Diet:</th><td>wet</td></tr></table>": "Diet: wet",
    "<table><tr><td>Diet</td><td>&nbsp;</td></tr></table>": "Diet:",
    "<table><tr><td></td><td>wet</td></tr><tr><td></td><td></td></tr></table>x": "wet\nx",
    "<table><tr><td>a</td><td></td><td>b</td><td>c</td></tr></table>": "a | | b | c",
    "<table><tr><td>a</td><td>b</td><td></td></tr></table>": "a | b |",
    "<table><tr><td>a</td><td></td><td> </td></tr></table>": "a:",
    "<table><tr><td></td><td></td><td>c</td></tr></table>": "c",
    "<table><tr><td>0.5</td><td>ml</td></tr></table>": "0.5: ml",
    "<table><tr><td>Drug</td><td>0.5</td><td>ml</td></tr></table>": "Drug | 0.5 | ml",
    "<table><tr><td>Diet</td><td><p>wet</p><ul><li>am</li><li>pm</li></ul></td></tr></table>": (
        "Diet: wet; - am; - pm"
    ),
    "<table><tr><td><p>no</p><p>pain</p></td></tr></table>": "no\npain",
    "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>": "a: b",
    "<table><caption>Vitals</caption><tr><td>T</td><td>38</td></tr></table>": "Vitals\nT: 38",
    "before<table><tr><td>a</td></tr></table>after": "before\na\nafter",
    # powers and fractions
    "<p>1<sup>1</sup>/<sub>2</sub> tablets</p>": "1 1/2 tablets",
    "<p>1<sup>1</sup>&frasl;<sub>2</sub>tablets</p>": "1 1/2 tablets",
    "<p>give 1 <sup>1</sup>/<sub>2</sub> tablets</p>": "give 1 1/2 tablets",
    "<p><sup>3</sup>/<sub>4</sub> tab</p>": "3/4 tab",
    "<p>1<sup>1/2</sup> tabs, 2<sup>1</sup>/2 tabs</p>": "1 1/2 tabs, 2 1/2 tabs",
    "<p>1<sup>1</sup><sub>2</sub></p>": "1 1/2",
    "<p>1<sup>1/</sup><sub>2</sub> or 1<sup>1</sup><sub>/2</sub></p>": "1 1/2 or 1 1/2",
    "<p>1\u00bd tablets, 1&frac12;, 10\u00b2</p>": "1\u00bd tablets, 1\u00bd, 10\u00b2",
    "<p>x<sup>2</sup><sub>3</sub></p>": "x^2_3",
    "<p>10<sup>9</sup>/L</p>": "10^9/L",
    "<p>10<sup>3</sup>/2 ml</p>": "10^3/2 ml",
    "<p>10<sup>-3</sup>, m<sup>2</sup>, Ca<sup>2+</sup></p>": "10^-3, m^2, Ca^2+",
    "<p>10<sup>9</sup>5</p>": "10^9 5",
    "<p>5 x 10<sup> 6 </sup>cells</p>": "5 x 10^6 cells",
    "<p>1<sup>st</sup> dose, 2<SUP>nd</SUP> dose, Clavamox<sup>\u00ae</sup></p>": (
        "1st dose, 2nd dose, Clavamox\u00ae"
    ),
    "<p>38<sup>o</sup>C, 38.5<sup>0</sup>C</p>": "38\u00b0C, 38.5\u00b0C",
    "<p>5 mg<sup>once daily</sup></p>": "5 mg once daily",
    "<p>CO<sub>2</sub> 40, T<sub>4</sub> low, H<sub>2</sub>O</p>": "CO2 40, T4 low, H2O",
    "<p>log<sub>10</sub>5, 5<sub>2</sub></p>": "log10 5, 5_2",
    "<p>1<span style='vertical-align: super'>1</span>/<span style='vertical-align:sub'>2"
    "</span></p>": "1 1/2",
    "<p>a<sup></sup>b<sub> </sub>c<sup><p>d</p></sup></p>": "ab c\nd",
    "<p><math><mn>1</mn><mfrac><mn>1</mn><mn>2</mn></mfrac></math> tab</p>": "1 1/2 tab",
    "<p><math><msup><mn>10</mn><mn>9</mn></msup></math> cells</p>": "10^9 cells",
    # struck out
    "<p><s>5 mg</s> 10 mg</p>": "[struck out: 5 mg] 10 mg",
    "<p>1<del>0</del> mg</p>": "1 [struck out: 0] mg",
    "<strike>a</strike>": "[struck out: a]",
    "<p style='text-decoration:line-through'>a</p>b": "[struck out: a]\nb",
    "<p><span style='color:red;text-decoration: underline line-through;'>a</span></p>": (
        "[struck out: a]"
    ),
    "<s><p>a</p><p>b</p></s>c": "[struck out: a]\n[struck out: b]\nc",
    "<s>a <del>b</del> c</s>": "[struck out: a b c]",
    "<p><s> </s>a<s></s></p>": "a",
    "<s><table><tr><td>a</td><td>b</td></tr></table></s>": "[struck out: a]: [struck out: b]",
    "<table><tr><td style='text-decoration:line-through'>a</td><td>b</td></tr></table>": (
        "[struck out: a]: b"
    ),
    "<p><s>10<sup>9</sup></s></p>": "[struck out: 10^9]",
    "<p>at 20<sup>0</sup>C, 10<sup>0</sup> and 3<sup>3</sup>C</p>": "at 20\u00b0C, 10^0 and 3^3 C",
    # boxes and choices
    "<p><input type=checkbox>a <input type='CHECKBOX' checked>b</p>": "[ ] a [x] b",
    "<p>a<input type=radio checked>yes<input type=radio>no</p>": "a (x) yes ( ) no",
    "<table><tr><td><input type=checkbox></td><td>a</td></tr></table>": "[ ]: a",
    "<p>Dose<input value='5 mg'>daily<input type=hidden value=x><input type=submit value=y></p>": (
        "Dose 5 mg daily"
    ),
    "<p>Give <select><option>1<option selected>2<option>3</select>tabs</p>": "Give 2 tabs",
    "<select multiple><option selected>a<option>b<option selected>c</select>": "a, c",
    "<select><option>a<option>b</select>": "(?) a",
    "<select></select>": "",
    "<textarea>one\n  two</textarea>": "one\ntwo",
    "<p>a<img src=x alt='left ear'>b<img src=y></p>": "a [picture: left ear] b",
    # numbers of lists
    "<ol start=3><li>a<li>b</ol>": "3. a\n4. b",
    "<ol reversed><li>a<li>b</ol>": "2. a\n1. b",
    "<ol reversed start=10><li>a<li>b</ol>": "10. a\n9. b",
    "<ol type=a><li>a<li value=27>b</ol>": "a. a\naa. b",
    "<ol type=I start=4><li>a</ol><ol type=i start=9><li>b</ol>": "IV. a\nix. b",
    "<ol style='list-style-type:upper-alpha'><li>a</ol>": "A. a",
    "<ol style='list-style:upper-latin'><li>a</ol>": "A. a",
    "<ol style='list-style: inside lower-alpha'><li>a</ol>": "a. a",
    "<ol style='list-style-type:lower-latin'><li>a</ol>": "a. a",
    "<ol style='list-style-type:upper-roman' start=4><li>a</ol>": "IV. a",
    "<ol style='list-style-type:lower-roman' start=4><li>a</ol>": "iv. a",
    "<ol start=x type=a><li value=-1>a<li value=99999999999999>b</ol>": "-1. a\n0. b",
    # what is not text
    "<head><title>t</title><style>p{}</style></head><p>x</p>": "x",
    "<p>a<!-- no --><script>no()</script><style>no</style><template>no</template>b</p>": "ab",
    "<!--[if mso]><p>no</p><![endif]--><p>x<o:p></o:p></p>": "x",
    "<!DOCTYPE html><html><body onload='no()'>x</body></html>": "x",
    "<p>eutha\u200bna\u00adsia\x00 \ud800x\ufeff</p>": "euthanasia x",
    "<p>a&#0;b&#xD800;c</p>": "a\ufffdb\ufffdc",
    "<pre>one\n  two</pre>": "one\ntwo",
    # malformed
    "<p>a<p>b</div></span>c": "a\nbc",
    "<table><td>a<td>b<p>c": "a: b; c",
    "<b>a<i>b</b>c</i>": "abc",
    "<p>open <a href='": "open",
    "<ul><li>a<li>b": "- a\n- b",
    # words that markup divides
    "<p>euth<wbr>an<b>ized</b></p>": "euthanized",
    "<p>put to<br>sleep</p>": "put to\nsleep",
    "<p>1<br>0 mg</p>": "1\n0 mg",
    "a<wbr>b": "ab",
    "<s>a</s>": "[struck out: a]",
    "HR <s and >39": "HR <s and >39",
    # no markup at all
    "a\u202eb\u200fc &#xFDD0;d\ufdd1e": "abc de",
    "<5 kg": "<5 kg",
    "a & b": "a & b",
    "a &amp; b &lt;5": "a & b <5",
    "HR <norm and temp >39": "HR <norm and temp >39",
    "one\r\ntwo\n\n\n\nthree": "one\ntwo\n\nthree",
    "a\x00b\udfffc": "abc",
}


@pytest.mark.parametrize(("note", "text"), CASES.items())
def test_what_stands_apart_stays_apart(note: str, text: str) -> None:
    assert text_of(note) == text


def test_notes_of_the_simulator() -> None:
    assert text_of(notes.SOAP_TABLE) == SOAP_TABLE
    assert text_of(notes.PASTED) == PASTED
    assert text_of(notes.EUTHANASIA) == (
        "Appointment reason: QOL / euthansia\n\n"
        "Owner elected humane euthanasia. PTS with owner present. Private cremation."
    )
    assert text_of(notes.PLAIN.format(reason="LIMPING")).splitlines()[0] == (
        "Appointment reason: LIMPING"
    )


HUGE = {
    "deep": "<div>" * 5_000 + "the word" + "</div>" * 5_000,
    "bottomless": "<div>" * 200_000 + "the word",
    "deep lists": "<ul><li>" * 5_000 + "the word",
    "deep tables": "<table><tr><td>" * 5_000 + "the word",
    "open fonts": "<p><font><b><i>" * 5_000 + "the word",
    "open angles": "<" * 1_000_000 + " the word",
    "formats opened anew": "".join(f"<font size={n}>" for n in range(400))
    + "<p>x" * 60_000
    + "the word",
    "ends in the wrong order": "<b><i><p></b></i>" * 30_000 + "the word",
    "ends without a beginning": "</b><p>x" * 50_000 + "the word",
    "options": "<select>" + "<option>a" * 50_000 + "</select>the word",
    "attributes": f"<p {' '.join(f'a{n}' for n in range(60_000))}>the word",
    "attributes behind a quote": f"<p x='>' {'/'.join(f'a{n}' for n in range(60_000))}>the word",
    "declarations": f"<p style='{'text-decoration:' * 20_000}'>the word",
    "blanks behind a power": f"<p><sup>1</sup>{' ' * 200_000}the word",
    "references": f"<p>{'&#' + '9' * 5_000 + ';'} the word",
    "references without mark-up": f"&#{'9' * 5_000}; the word",
    "open tags": "<p " * 300_000 + "> the word",
    "long": "<p>some text</p>" * 60_000 + "the word",
    "rows": "<table>" + "<tr><td>a</td><td>b</td></tr>" * 30_000 + "</table>the word",
    "entities": "<p>" + "&amp;" * 200_000 + "the word",
    "plain": "line\n" * 200_000 + "the word",
}


@pytest.mark.parametrize("note", HUGE.values(), ids=HUGE)
def test_no_input_is_too_much(note: str) -> None:
    start = time.process_time()

    text = text_of(note)

    assert time.process_time() - start < 10  # coverage makes it several times slower
    assert text.endswith("the word")


@given(st.text() | st.text("<>/&;!-=\"' abptdrlisc\n\x00\ud800"))
def test_never_raises_and_is_tidy(note: str) -> None:
    text = text_of(note)

    assert text == text.strip()
    assert "\n\n\n" not in text
    assert "\x00" not in text
    text.encode()


WORDS = st.text("abcxyz 059<>&;'\"éñ", min_size=1).filter(lambda text: text.strip())
"""None of them looks like a tag or entity that these documents are written with."""


def elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=4)
    return st.one_of(
        st.builds("".join, several),
        st.builds("<div style='width:2px'>{}</div>".format, inner),
        st.builds("<strong>{}</strong>".format, inner),
        several.map(lambda items: "<ul>" + "".join(f"<li>{i}</li>" for i in items) + "</ul>"),
        several.map(lambda items: "<ol>" + "".join(f"<li>{i}</li>" for i in items) + "</ol>"),
        several.map(
            lambda cells: (
                "<table><tbody><tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr></table>"
            )
        ),
    )


DOCUMENTS = st.recursive(WORDS.map(lambda text: f"<p>{html.escape(text)}</p>"), elements)


@given(st.lists(WORDS, min_size=1), st.data())
def test_every_word_is_kept_and_no_markup(words: list[str], data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS)
    wanted = "".join(f"<p>{html.escape(text)}</p>" for text in words)

    text = text_of(document + wanted)

    assert text.endswith("\n".join(" ".join(line.split()) for line in words))
    for sign_of_markup in ("</", "<p", "<d", "<s", "<t", "<l", "<u", "<o", "&l", "&am"):
        assert sign_of_markup not in text


@given(st.text().filter(lambda text: not {"<", "&"} & set(text)))
def test_plain_text_is_the_same_again(text: str) -> None:
    assert text_of(text_of(text)) == text_of(text)


@given(DOCUMENTS)
def test_no_letter_is_lost(document: str) -> None:
    def letters(text: str) -> str:
        return "".join(sign for sign in text if sign in "abcxyzéñ<>&'\"")

    shown = "".join(part.partition(">")[2] for part in document.split("<"))

    assert letters(text_of(document)) == letters(html.unescape(shown))
