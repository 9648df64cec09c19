"""The form that sets a company's password and ends its sessions; `front.js` sends what is typed."""

from neo_simulator.company import Company
from neo_simulator.web.markup import text


def login_form(company: Company) -> str:
    """For whoever wants to see a login refused, and what helps after it."""
    return (
        f"<form class='booking password' data-company='{company.id}'>"
        f"<label>Password <input name='password' value='{text(company.password)}' required></label>"
        "<button value='set'>Set password</button>"
        "<button value='end' formnovalidate>End all sessions</button>"
        "<output>A login is made once no session is open: to see one refused, set another "
        "password, then end all sessions.</output></form>"
    )
