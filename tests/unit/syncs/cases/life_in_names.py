"""Invented patients' names, one a line, and what they say of the patient's life (rule R19)."""

from typing import Final

from idexx_sync.syncs.cases.life_status import Screening

_TABLE: Final[tuple[tuple[str, Screening | None], ...]] = (
    (
        """
ROCKY *PTS 3/4*
Buddy - Euth
Leo ***EUTHANIZED***
Leo - put to sleep
Oscar PTS
Nala (euthanised 4/2)
Nala [PTS]
Milo, PTS 5-1-26
EUTH - Milo
""",
        Screening("euthanasia", in_doubt=False),
    ),
    (
        """
BELLA (DECEASED)
MAX - RIP
Luna †
Milo D.O.D. 5/1
Buddy (passed 3/4/26)
Buddy passed away
RIP Max
R.I.P. Coco
Max RIP
Max (rip)
Zoe deceased
ZOE-DECEASED
Zoe/dec'd
Zoe - DECESED
Simba, dead
DECEASED - Bella
Ｍａｘ （ＲＩＰ）
Rosie (deceased 4-2-26)
Rosie DOD 4/2
Rosie ✝
Rosie ⚰️
B\u200bella (d\u200beceased)
Coco - D E C E A S E D
Coco crossed the rainbow bridge
""",
        Screening("death", in_doubt=False),
    ),
    (
        """
Gizmo (cremated)
Gizmo - ashes returned
""",
        Screening("cremation", in_doubt=False),
    ),
    (
        """
Oscar pts
Oscar (hospice)
""",
        Screening("euthanasia", in_doubt=True),
    ),
    (
        """
Bella angel wings
Charlie 😇
Daisy 🌈
MAX RIP
Zoe (D)
Zoe (+)
Zoe +
Max 2010-2024
Ruby (Angel)
Bella (owner deceased)
Bella (sister died)
Bella - not deceased
Max d. 5/1/26 (gone)
Coco - in heaven
Coco 🕊️
""",
        Screening("death", in_doubt=True),
    ),
    (
        """
Simba (ashes here)
""",
        Screening("cremation", in_doubt=True),
    ),
    (
        """
Ripley
Rip
RIP
Ashes
Ash
Angel
Angel Baby
Angel - shy
Pts
Urna
Diesel
Death Star
Lazarus
Sympathy
Memphis
Rip Van Winkle
Rip Wheeler
Rip - shy
Phoenix (Nix)
Bella "Bell"
Dodge
Dee (D2)
Killer
Grim Reaper
Casper - feral
Heaven Leigh
Rainbow Dash
Morty
Diego (diabetic)
MAX (BITER)
D-Day
Mr. T
Bella & Max
Bella/Max
O'Malley
Zoë
Łata
Mia 2
Tango (21.4 kg)
Unknown
Stray #12
Kitten 3 of 5 - orange
Bentley *CAUTION*
Peter Pan
Petra
Crema
Crème Brûlée
Buried Treasure
Euthalia
Passport
Dexter
""",
        None,
    ),
)

NAMES: Final = [
    (name, verdict) for section, verdict in _TABLE for name in section.strip().splitlines()
]
