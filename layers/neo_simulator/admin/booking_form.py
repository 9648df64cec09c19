"""The form that books, moves and deletes visits by buttons; `front.js` sends what is typed."""

from datetime import date

from neo_simulator.company import Company
from neo_simulator.web.markup import text


def booking_form(company: Company, day: date) -> str:
    """For the day that is shown; a visit is chosen by a click on it in the calendar."""
    rooms = "".join(
        f"<option value='{id_}'>{text(room.name)}</option>"
        for id_, room in company.world.rooms.items()
    )
    return (
        f"<form class='booking' data-company='{company.id}'>"
        f"<label>Day <input type='date' name='day' value='{day}' required></label>"
        "<label>Time <input type='time' name='time' value='09:00' required></label>"
        f"<label>Room <select name='room'>{rooms}</select></label>"
        "<label>Patient <input name='patient' value='TANGO' required></label>"
        "<button value='book'>Book</button>"
        "<button value='move' disabled>Move</button>"
        "<button value='delete' disabled>Delete</button>"
        "<output>To move or delete a visit, click on it.</output></form>"
    )
