"""Invented names and texts."""


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = words(
    "Alex Amara Andrea Bela Carmen Casey Dana Devi Elif Emil Farah Felix Gabi Hana Henrik Ines Ivo "
    "Jamie Jonas Kai Karim Lena Linus Maja Marco Mira Nadia Noor Oscar Paula Quinn Rafael Rowan "
    "Sana Sasha Tamsin Timo Uma Vera Yara Zoe"
)
LAST_NAMES = words(
    "Sample Example Specimen Placeholder Mockford Testerman Dummont Fictionby Inventson Notreal "
    "Pretendo Imagina Makebelieve Fabler Storywell Novella Saga Legendre Mythen Sampleton Exemplar "
    "Prototype Draftsman Sketchley Blanko Nowhere Anyman Someby Whoever Trialson"
)
PET_NAMES = words(
    "TANGO BISCUIT Pepper MOCHI Luna OTIS Waffles ZIGGY Noodle JUNO Pickles RUFUS Clover BEANS "
    "Maple GIZMO Olive DOTTIE Socks HAZEL Truffle BRUNO Poppy TOFU Willow ROCKET Peaches MILO"
)
REASONS = (
    "ANNUAL EXAM",
    "LIMPING LEFT FRONT",
    "recheck ear",
    "VACCINES",
    "vomiting since sunday",
    "DENTAL CLEANING",
    "itchy skin",
    "NAIL TRIM",
    "BLOODWORK",
    "weight check",
    "coughing at night",
    "SUTURE REMOVAL",
)
PRODUCTS = (
    ("EXAM - OFFICE", 60.0),
    ("RABIES VACCINE 1YR", 32.5),
    ("CBC/CHEM PANEL", 145.0),
    ("NAIL TRIM", 18.0),
    ("EAR DROPS 15ML", 27.9),
    ("RADIOGRAPHS, 2 VIEWS", 180.0),
)
TYPES_AT_WORK = ("Exam", "Recheck", "Vaccination", "Exam", "Exam", "Dental")
