"""Clinical notes as an editor in the browser leaves them (Neo protocol, section on the notes)."""

PLAIN = (
    "<p>Appointment reason: {reason}</p><p><br></p>"
    "<p>S: doing well at home.</p><p>O: bright, alert, responsive.</p>"
    "<p>A: healthy.</p><p>P: recheck in one year.</p>"
)

SOAP_TABLE = (
    "<p>Appointment reason: ear check</p><p><br></p>"
    '<table border="1" style="width:680px;"><tbody>'
    '<tr><td colspan="2" style="background-color:#bbb;"><strong>S - history</strong></td></tr>'
    "<tr><td>Complaint</td><td>shakes head</td></tr><tr><td>Diet</td><td><br></td></tr>"
    '<tr><td colspan="2" style="background-color:#bbb;"><strong>O - findings</strong></td></tr>'
    "<tr><td>Ears</td><td>left canal red</td></tr><tr><td>Heart</td><td>no murmur</td></tr>"
    '<tr><td colspan="2" style="background-color:#bbb;"><strong>A - assessment</strong></td></tr>'
    "<tr><td>Diagnosis</td><td>otitis externa</td></tr>"
    '<tr><td colspan="2" style="background-color:#bbb;"><strong>P - plan</strong></td></tr>'
    "<tr><td>Medication</td><td>drops &lt;AU&gt; 2x daily &amp; recheck</td></tr>"
    "</tbody></table>"
)

PASTED = (
    "<p>Temp 38.4&deg;C&nbsp;&ndash; weight &lt; 5&nbsp;kg &amp; stable, "
    "&eacute;tat g&eacute;n&eacute;ral &#39;bon&#39;</p>"
    "<ul><li>Plan<ul><li>diet<ol><li>wet food</li><li>no treats</li></ol></li>"
    "<li>recheck&nbsp;&gt;&nbsp;2 weeks</li></ul></li></ul>"
    "<script>document.title = 'pasted from a web page';</script>"
    "<p style=\"mso-fareast-font-family:'Times New Roman'\">pasted text</p>"
)

EUTHANASIA = (
    "<p>Appointment reason: QOL / euthansia</p><p><br></p>"
    "<p>Owner elected humane euthanasia. PTS with owner present. Private cremation.</p>"
)
