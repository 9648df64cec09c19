"""Invented sentences, one a line, and what the screening must make of them (rule R19)."""

from typing import Final

from idexx_sync.syncs.cases.life_status import Screening

CERTAINLY_EUTHANASIA: Final = """
Euthanasia
EUTHANASIA
Euthanasia - in home
EUTHANASIA - SMALL DOG < 20 KG
euth
EUTH
PTS
P.T.S.
Euthanised at owner's request.
No vomiting. Euthanised at owner's request.
Owner elected humane euthanasia.
Owner elected humane euthanasia. PTS with owner present. Private cremation.
owner declined euthanasia yesterday; euthanized today
Declined euthanasia last week, euthanized today.
Owner declined treatment, euthanized.
Owner declined surgery and elected euthanasia.
Not responding to treatment so euthanized.
Patient not eating, euthanasia performed.
No other option, humanely euthanized.
Discussed options and elected euthanasia.
Discussed prognosis. Owner chose euthanasia.
EUTHANASIA PERFORMED WITH OWNER PRESENT
EUTHANIZED TODAY
euthansia
euthanesia
euthenasia
uthanasia
euthinasia
eutanasia
euhtanasia
euthanaisa
youthanasia
ethanasia
Euthenised at home this morning
EUTHANSIA - LARGE DOG
euthanatized with owner consent
euthed at 4pm
Pet was put to sleep at home.
Patient put to sleep peacefully.
Put down yesterday at another clinic.
We put Tango to sleep this afternoon.
Owner had her put down at the emergency hospital.
pts today
was pts at the ER last night
Owners elected PTS.
Euthasol 5 ml IV
EUTHASOL SOLUTION 100 ML
Fatal-Plus IV to effect
FATAL PLUS 250ML
Beuthanasia-D Special
Somnasol
pentobarbital 390 mg/ml, 6 ml IV
Pentobarb given IV
Euthanasia consent signed.
Consent for euthanasia signed by owner; husband present.
Owner's sister present for euthanasia.
Euthanasia with other dog present in the room.
Family present, patient euthanized.
IVC placed for euthanasia.
Sedation: dexmedetomidine. Euthanasia: no complications.
13 year old dog euthanized due to renal failure.
Mother euthanized her today at the emergency clinic.
Declined bloodwork before euthanasia.
No necropsy. Euthanized.
A: renal failure\\nP: euthanized
Previous dog was euthanised last year. This patient euthanized today.
Euthanasia declined last month but owner proceeded with euthanasia today.
HE WAS HUMANELY EUTHANIZED
Euthanasia/Cremation package
put out of his misery
Humane euthanasia was performed, no heartbeat on auscultation
"""
CERTAINLY_DEATH: Final = """
Died at home overnight.
DIED
PASSED AWAY
Passed away in his sleep.
pased away this morning
past away on Sunday
Owner called: patient passed away last night.
Owner reports she died at home.
Owner states patient deceased.
DECEASED
decesed
deceaced
Marked as deceased in chart
DOA
D.O.A.
Dead on arrival.
Found dead in yard this morning.
Owner found him dead in his bed.
Daughter found dead cat under the porch, found dead at 7 am.
RIP
R.I.P.
RIP sweet girl
Crossed the rainbow bridge.
crossed over the rainbow bridge yesterday
Patient expired during anesthesia.
Pt expired overnight.
CPR unsuccessful, time of death 14:32.
Arrested at 2pm, unable to resuscitate.
Pronounced dead at 10:15.
He is no longer with us
Did not survive surgery
Necropsy performed
NECROPSY - SMALL ANIMAL
Home burial
Cardiac arrest, CPR, pronounced dead.
HBC, dead on arrival
Declined euthanasia; died at home.
"""
CERTAINLY_CREMATION: Final = """
Cremation
CREMATION - PRIVATE
Communal cremation
PRIVATE CREMATION 10-25 KG
Group crem
Priv. crem w/ urn
COMM CREM
cremated
cremaiton
creamation
cremetion
cremtion
Cremains returned
Ashes returned to owner.
Ashes ready for pick up
ASHES ARE HERE
Owner picked up ashes
INDIVIDUAL CREMATION W/ CLAY PAW
Crematory pickup
Individual cremation elected by owner
"""
PERHAPS_EUTHANASIA: Final = """
Housemate cat euthanized
Euthanized their other cat last month
QOL
QOL exam
Quality of life consult
Quality of life poor
Euthanasia?
euth?
Euthanasia consult
QOL / euth consult
Euthanasia scheduled for Friday.
Euthanasia tomorrow
Will return Friday for euthanasia.
Owner considering euthanasia.
Discussed euthanasia.
Discussed euthanasia and prognosis.
Discussed euthanasia, owner declined further treatment.
Recommended euthanasia
Offered humane euthanasia.
Owner asked about euthanasia.
Surgery vs euthanasia
Treatment or euthanasia
Owner requests quote for euthanasia
Owner may have him euthanized next week.
If no improvement, PTS.
Should we put him down?
Owner would like her put to sleep
Owner wants to put her to sleep
End of life discussion
EOL visit
It is time to let him go
saying goodbye
Lap of Love
pts
Euthanasia declined, cremation and euthanasia info given
Owner does not want to continue treatment, discussed euthanasia
Discussed euthanasia, owner does not want to continue treatment
Pentobarbital CRI for status epilepticus
Owner thinking about euthanasia, wants to talk
PTS scheduled
Poor prognosis, euthanasia may be kindest
HHHHHMM scale filled in
Discussed quality of life and euthanasia with owner
"""
PERHAPS_DEATH: Final = """
Littermate died of parvo.
Two littermates died last week
Sibling passed away from FIP
Grieving death of other dog
dead
Dying
death
Owner thinks he is dying
Might die at home
expired
Patient coded
Cardiac arrest
No heartbeat found
Sympathy card sent
Condolence flowers
CLAY PAW PRINT
We lost her last night
He has passed
Sorry for your loss
Dead puppy brought in
Died?
Burial
"""
PERHAPS_CREMATION: Final = """
Urn, cedar
Discussed cremation.
Cremation?
Cremation prices given
Owner would like private cremation
Cremation info
"""
NOTHING: Final = """
Annual exam and vaccines
No euthanasia today
NO EUTHANASIA TODAY
Declined euthanasia.
Owner declined euthanasia at this time.
Owner declines euthanasia and cremation.
OWNER REFUSED EUTHANASIA
Not ready for euthanasia.
Owner is not yet ready for euthanasia
Owners aren't ready to euthanize
Discussed euthanasia, owner wants to continue treatment.
Discussed euthanasia but owner would like to try medication.
Discussed euthanasia; not today.
Discussed euthanasia, not today
Discussed euthanasia, owner declined.
Offered euthanasia but owner declined
Euthanasia is not an option yet.
Euthanasia not an option
Euthanasia declined
EUTHANASIA - DECLINED
Euthanasia: no
Cremation: N/A
Euthanasia: none
Not put to sleep
Owner does not want to put him down
Owner doesn't want euthanasia
Will not euthanize
Never discussed euthanasia
Without euthanasia
He did not die
Cremation declined
No cremation
Owner is against euthanasia
Previous dog was euthanised last year.
Owner's previous cat died of kidney disease.
Owner's husband passed away.
OWNER'S WIFE DIED IN MARCH
Owner's mother recently passed away
Owner passed away
Sister's dog PTS
Neighbor's dog was put down
Ashes of previous dog
Owner upset, death in the family
Family history of sudden death
Family hx: sire died of DCM
Put to sleep for dental.
Put to sleep for the procedure
Was put to sleep for x-rays
Dead tooth 208
dead tail syndrome
Dead claw removed
DEAD SKIN AND DANDER
Deadline for payment is Monday
Ate a dead mouse
Rolled in something dead
Inflammation has died down
To die for treats
Fluorescein dye uptake negative
Hair dyed pink for a show
Expired vaccine discarded
Vaccines expired
RABIES EXPIRED
His license has expired
Heartworm meds expired, refill
Food is expired
Passed stool this morning
Has passed stool
She passed a stone
Dog passed his exam
He passed a large worm
Passing stool normally
Notes passed on to the referring vet
RIP IN EAR
Rip on left pinna
Grip strength normal, gripping, stripped
pts owner called
PTS OWNER CALLED
Pts temp 38.4
Earned 10 pts
Heart failure
HBC
Congestive heart failure stable on meds
DNR
CPR status: DNR
Risks including death explained
Risk of anesthesia and death explained
Euthyroid
EUTHYMIC
Utensils swallowed
Periodontal disease
Diseased gums
Cremaster muscle normal
Whipped creamy treat
Good QOL
QOL is good at home
Excellent quality of life
Decreased appetite
Phenobarbital 30 mg
Ethan is the owner
Put down on the table to walk
BAR, QAR, EDUD
Scared to death of thunder
Remains stable
Crème fraîche diet
Patient doing well, no concerns
Ash tree pollen allergy
Turned over, burning wound
"""

TABLE: Final[tuple[tuple[str, Screening | None], ...]] = (
    (CERTAINLY_EUTHANASIA, Screening("euthanasia", in_doubt=False)),
    (CERTAINLY_DEATH, Screening("death", in_doubt=False)),
    (CERTAINLY_CREMATION, Screening("cremation", in_doubt=False)),
    (PERHAPS_EUTHANASIA, Screening("euthanasia", in_doubt=True)),
    (PERHAPS_DEATH, Screening("death", in_doubt=True)),
    (PERHAPS_CREMATION, Screening("cremation", in_doubt=True)),
    (NOTHING, None),
)


def lines(section: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in section.strip().splitlines()]


SENTENCES: Final = [(line, verdict) for section, verdict in TABLE for line in lines(section)]
