"""Invented notes as mark-up, and what the screening must make of their text form (rule R19)."""

from typing import Final

from idexx_sync.syncs.cases.life_status import Screening

EUTHANASIA: Final = Screening("euthanasia", in_doubt=False)
DEATH: Final = Screening("death", in_doubt=False)
CREMATION: Final = Screening("cremation", in_doubt=False)
PERHAPS: Final = Screening("euthanasia", in_doubt=True)

SERVICES: Final = (
    "<table><tr><th>Service</th><th>Accepted</th><th>Declined</th></tr>"
    "<tr><td>Bloodwork</td><td>x</td><td></td></tr>"
    "<tr><td>Euthanasia</td><td>{}</td><td>{}</td></tr></table>"
)

LAYOUTS: Final[dict[str, Screening | None]] = {
    # divided words
    "<p>Patient was put to<br>sleep at home.</p>": EUTHANASIA,
    "<p>passed</p><p>away</p>": DEATH,
    "<p>euth<wbr>anized</p>": EUTHANASIA,
    "<p>eu<b>than</b><i>ized</i></p>": EUTHANASIA,
    "<p>eutha&shy;nized</p>": EUTHANASIA,
    "<p>eutha-<br>nized</p>": EUTHANASIA,
    "<p>dec<span style='color:red'>eas</span>ed</p>": DEATH,
    "<p>put&nbsp;to&ensp;sleep</p>": EUTHANASIA,
    "<p>cre<!-- x -->mated</p>": CREMATION,
    "<div>found<div>dead</div></div>": DEATH,
    "<ul><li>put to</li></ul><p>sleep</p>": EUTHANASIA,
    "<table><tr><td>put to</td><td>sleep</td></tr></table>": PERHAPS,
    "<table><tr><td>put</td><td>to</td><td>sleep</td></tr></table>": PERHAPS,
    "<p>Talked about quality<br>of life</p>": PERHAPS,
    "<p>Euthanasia declined<br>passed<br>away</p>": Screening("death", in_doubt=True),
    "<table><tr><td>Quality</td><td>of life</td></tr></table>": None,
    "<table><tr><td>Outcome</td><td>put to<br>sleep</td></tr></table>": PERHAPS,
    "<p>&amp;nbsp;euthan&amp;shy;ized</p>": EUTHANASIA,
    "<p>&#69;uthanized</p>": EUTHANASIA,
    # boxes
    "<p><input type='checkbox'> Euthanasia</p>": None,
    "<p><input type='checkbox' checked> Euthanasia</p>": EUTHANASIA,
    "<p><label>Euthanasia</label><input type='checkbox'></p>": None,
    "<p>Euthanasia <input type=radio checked>yes <input type=radio>no</p>": EUTHANASIA,
    "<p>Euthanasia <input type=radio>yes <input type=radio checked>no</p>": None,
    "<p>Euthanasia <input type=radio>yes <input type=radio>no</p>": None,
    "<table><tr><td><input type=checkbox></td><td>Euthanasia</td></tr></table>": None,
    "<table><tr><td><input type=checkbox checked></td><td>Euthanasia</td></tr></table>": EUTHANASIA,
    "<ul><li>[ ] Euthanasia</li><li>[x] Recheck</li></ul>": None,
    "<ul><li>☐ Exam</li><li>☑ Euthanasia</li></ul>": EUTHANASIA,
    "<p>Outcome: <select><option>Home<option selected>Euthanized</select></p>": EUTHANASIA,
    "<p>Outcome: <select><option selected>Home<option>Euthanized</select></p>": None,
    "<p>Outcome: <select><option>Euthanized<option>Home</select></p>": PERHAPS,
    "<p>Outcome: <select><option>Choose<option>Euthanized</select></p>": None,
    "<p>Recheck? <input type=radio checked>yes <input type=radio>no euthanasia</p>": PERHAPS,
    # blanks to fill in
    "<p>Patient died. Weight: ____ kg</p>": DEATH,
    "<p>Weight: ____ Patient died at home</p>": DEATH,
    # columns, headings, empty cells
    SERVICES.format("", "X"): None,
    SERVICES.format("X", ""): EUTHANASIA,
    SERVICES.format("", ""): None,
    SERVICES.format("x", "x"): PERHAPS,
    SERVICES.format("<input type=checkbox>", "<input type=checkbox checked>"): None,
    "<table><tr><td>Euthanasia consent:</td><td><br></td></tr>"
    "<tr><td>Weight</td><td>5 kg</td></tr></table>": None,
    "<table><tr><td>Euthanasia</td><td></td></tr><tr><td>Cremation</td><td></td></tr></table>": (
        None
    ),
    "<table><tr><td>Euthanasia</td><td>n/a</td></tr></table>": None,
    "<table><tr><td>Euthanasia</td><td>performed</td></tr></table>": EUTHANASIA,
    "<table><tr><td>Deceased</td><td>No</td></tr></table>": None,
    "<table><tr><td>Deceased</td><td>Yes</td></tr></table>": DEATH,
    "<table><tr><td colspan=3>EUTHANASIA</td></tr></table>": EUTHANASIA,
    "<p>Services we offer:</p><ul><li>Exams</li><li>Euthanasia</li></ul>": PERHAPS,
    "<p><b>Declined:</b></p><ul><li>Bloodwork</li><li>Euthanasia</li></ul>": PERHAPS,
    "<p>Euthanasia:</p><p>declined</p>": PERHAPS,
    "<p>Any concerns? No</p><p>Euthanized at 3 pm</p>": EUTHANASIA,
    "<p>No</p><p>Euthanized at 3 pm</p>": PERHAPS,
    "<p>Plan:<br>Euthanasia performed</p>": EUTHANASIA,
    "<p>Plan:</p><ul><li>Discuss euthanasia</li></ul>": PERHAPS,
    "<table><tr><td>Euthanasia consent</td><td>[ ]</td></tr></table>": None,
    "<table><tr><td>Procedure</td><td>Euthanasia</td></tr></table>": EUTHANASIA,
    # struck out
    "<p><s>Euthanasia</s></p><p>Recheck in a week</p>": PERHAPS,
    "<p><span style='text-decoration:line-through'>Euthanasia</span></p>": PERHAPS,
    "<p>Owner <del>declined</del> elected euthanasia</p>": EUTHANASIA,
    "<p>Euthanasia: <s>yes</s> no</p>": None,
    "<p>Euthanasia: yes <s>no</s></p>": EUTHANASIA,
    # the template of a clinic, filled in
    "<p>Appointment reason: ADR</p><p><br></p><table border='1'><tbody>"
    "<tr><td colspan='2'><strong>S - history</strong></td></tr>"
    "<tr><td>Complaint</td><td>not eating</td></tr>"
    "<tr><td colspan='2'><strong>P - plan</strong></td></tr>"
    "<tr><td>Plan</td><td>Owner elected euthanasia.<br>Sedated, then Euthasol IV.</td></tr>"
    "</tbody></table>": EUTHANASIA,
    "<p>Appointment reason: annual</p><table><tbody>"
    "<tr><td colspan='2'><strong>S - history</strong></td></tr>"
    "<tr><td>Diet</td><td>wet</td></tr><tr><td>Housemates</td><td>none</td></tr>"
    "<tr><td colspan='2'><strong>End of visit</strong></td></tr>"
    "<tr><td>Euthanasia</td><td><br></td></tr><tr><td>Cremation</td><td><br></td></tr>"
    "<tr><td>Invoice</td><td>sent</td></tr></tbody></table>": None,
    "<p>Appointment reason: recheck</p><p>S: doing well.<br>Littermate was<br>euthanized.</p>": (
        PERHAPS
    ),
}
