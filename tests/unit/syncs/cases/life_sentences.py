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
S: 14 yo MN DSH presented for euthanasia. A: CKD. P: euthanized, private cremation.
O elected euth after discussing px
P: Humane euth performed, IVC LCV, 6 mL Euthasol IV
Euthanized via IV pentobarbital overdose
TTJ euth today w/ O present
O brought K9 in for euth; done w/ sedation
Sedated w/ telazol 0.5 ml IM then euthanized
Humane Euth - Feline
EUTH/CREM PKG
EUTHANASIA 0-25 LBS
Euth. performed
euth done
Euth w/ private crem
Euthanisation performed at home
euthanization completed
euthanasia by Lap of Love completed at home
Owners elected to euthanize today
Owner opted to put her to sleep today
We humanely let her go with euthanasia today
Patient was humanely put to rest
Pet PTS 3/4/26
Pt PTS w/ O present
Pt. was PTS at AEC overnight
Euthanasia soln 6 mL IV
Beuthanasia 8ml iv to effect, no heartbeat
Pre-euthanasia sedation given, euthanasia completed
Confirmed time of death after euthanasia
euthanazia performed
euthanisia performed
euthenasia performed
euthaniasia
euthansia performed today
enthanasia performed
Uethanized
eutheanized at home
put to slep
put to sleap this am
Euthanized (O present)
*** EUTHANIZED ***
**Euthanized 5/4/26**
Euthanized - O took body home
owner could not afford surgery, euthanized
ER vet euthanized him last night per O phone call
Spoke w/ O: they had her euthanized over the weekend
Rec'd fax from ER: patient euthanized
No charge for euthanasia exam, euthanasia done
Declined necropsy, euthanized
Not a surgical candidate; euthanasia elected
Dx hemangiosarcoma. Euthanasia elected by O.
euthanized today, housemate present
Euthanized with littermate in the room
Euthanized; owner's other dog present
☑ Euthanasia
[x] Euthanasia [ ] Cremation
Euthanasia: [x] yes [ ] no
Euthanasia Y/N: Y
Euthanasia? Yes
Euthanasia: ✓
Euthanasia consent: signed by owner
Ｅｕｔｈａｎｉｚｅｄ today
eu\u200bthan\u00adized today
E U T H A N I Z E D
e.u.t.h
Euthan\u0456zed t\u043eday
\u0415uthanasia
e\u0301uthanized
owner\u2019s request \u2014 euthanized
put\u00a0to\u2009sleep this morning
put\u2010to\u2011sleep
P T S today
P.T.S
Patient was put to\\nsleep at home
The patient was eutha-\\nnized today
put to\\nsleep
puttosleep
Euthan&amp;shy;ized
O present for euth, wants ashes back
Hx: lymphoma. Today: QOL poor, O ready, euthanasia performed at 2:15 pm without complications
Given 4 ml Euthasol IV, heart stopped 1 min later
Humanely euthanized per owner's wishes
Bella was helped to cross the rainbow bridge today by euthanasia
Dr. S euthanized patient in car w/ family
PTS this morning, body sent w/ Gateway
Euthanasia w/ communal cremation $240
EUTHANASIA DOG 51-75#
Euthanasia, exotic
Client elects humane euthanasia due to financial constraints
O signed euth form
catheter placed, propofol followed by euthanasia solution
put her to sleep at 3:30
had to put him down last nite
euthanised 05/04
Emergency vet had to euthanize
Owner c/o weakness; O opted to euth
Euthanized by Dr. Lee.\\nAshes to O.
S/O: lateral recumbency, agonal. Humane euth advised & performed.
Owner called; elected PTS w/ in-home vet, done yesterday
RDVM put him to sleep Thurs
euth: 8 mL fatal plus IV
Pt euth'd d/t DKA
Ex lap: nonresectable mass, euthanized on table
Owner authorised intra-op euthanasia, euthanized under GA
Euthanasia - in clinic, O present, private crem, PP
EUTHANASIA/DISPOSAL FELINE
Pentobarb 5ml IV, confirmed asystole
Humanely euthd
Came in for euth of 16yo lab
Family said goodbye, euthanized at 5:40pm
Euthanasia done by Dr. Patel, no complications
He was PTS at the specialist last week
discharge: EUTHANIZED
P: O consents to euthanasia. IVC R cephalic. 2 mL propofol, 7 mL pento. No HB.
Declined further tx, O elects PTS
Euthanasia performed under sedation, owner not present
euth + crem
Euthanized at home by mobile vet 4/30 per owner email
euthanized yesterday at VCA
AM: seizing, euthanized PM
In home euth w/ Dr B completed
EU 10-20kg w/ private cremation, euthanasia fee
[ ] weighed. Euthanized at 3 pm.
[x] Euthanasia. Sedated first.
Euthanasia: [x]; ashes later
Euthanasia _x_
Patient euthanized (x)
Visit type: Euthanasia | Provider: Smith
Euthanasia | 1 | $120
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
Owner called, Bella passed away last night at home
O called to report pt died overnight
Pt deceased per O
O LM: pet passed away, pls cancel appt
Cancel all appts - pet deceased
Please inactivate, dog died
Dog hit by car and died
HBC, DOA
Arrived DOA
Presented DOA, owner declined necropsy
CPR x15 min w/o ROSC, time of death 1432
Did not recover from anesthesia and died
Passed away peacefully at home
passed in her sleep last night
Patient died despite treatment
Found deceased in kennel this AM
Found dead this am by O
Deceased 5/4/26
*DECEASED*
Deceased: yes
Patient status: ( ) alive (x) deceased
Status: Deceased
Date of death: 5/1/26
pssed away
passed awy yesterday
passsed away yesterday
Pet is deceased, flowers sent
She is gone, died in her sleep
He went over the rainbow bridge
crossed the Rainbow Bridge on Sunday
R I P
passed\u00a0away
PASSED AWAY 5/2
p a s s e d a w a y
deceas-\\ned on arrival
Patient pronounced\\ndead at 10:15
Died. Housemate doing well.
Owner's sister reports patient died
Owner's mother called, he passed away
Owner passed on exam, cat died at home
client phoned - cat deceased, remove reminders
DECEASED - DO NOT CALL
Kitten did not survive
Puppy faded and died
Rabbit dead on presentation
Owner reports pet has died, cancel recheck
Sadly Max passed away this weekend
passed away naturally at home 5/2
Owner said he died Sat
Found dead in cage
wife called in, dog passed away over the weekend
per o pet dec'd
cat was HBC and killed
killed by coyote
Attacked by dogs, did not make it
Died en route to ER
Expired at 0320
Patient expired 0320
Code called, TOD 04:12
O found pt deceased under bed
Stopped breathing and died at home
passed away from CHF
owner informs us that Coco is deceased
Client emailed that Kiki died Monday
pt coded, unable to revive, TOD 6:10
Deceased per RDVM records
Passed away in ICU
Arrested, CPR attempted, patient died
kitten died in transport
GSD died of GDV intra-op
PET DECEASED PER CLIENT
Deceased [x] 5/1
Disposition: deceased
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
Crem - private
PRIVATE CREM W/ URN
Communal crem 20-50 lbs
Ashes to be returned, private cremation today
Cremation: [x] private [ ] communal
Cremation: private
Cremation (individual)
Cremation - group - feline
cremation fee
Sent for cremation
ashes in, owner notified
cremains ready
cr\u00e9mation
Cre\u00admation
[x] Private cremation [ ] Home burial
Aftercare: ☐ Private cremation ☒ Communal cremation
Ind. cremation, clay paw
Private cremation w/ wooden box
Cremation - cat
cremation only
Ashes picked up by O
Crem. - individual w/ urn
Gateway private cremation
Ashes placed in cedar box, ready for pickup
Cremation private 21-60#
Aquamation, private
"""
PERHAPS_EUTHANASIA: Final = """
Declined: bloodwork, euthanized today
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
Owners decided on euthanasia and stayed with her
Housemate was euthanized
Housemate euthanized last week, this cat not eating
Her sister was put to sleep last year
Their other cat was euthanized
Other dog in house recently PTS
Littermate was euthanized for FIP
Bonded mate euthanized yesterday, depressed
QOL assessment
HHHHHMM score 35
Owner will call when ready for euthanasia
O considering euth
Discussed euth vs hospice
Discussed humane euthanasia should he decline further
Recommend euthanasia if not eating by Friday
Euthanasia appt Friday 3 pm
Euthanasia scheduled w/ Lap of Love
sched euth
Euth consult - O undecided
Would euthanize if mass is malignant
Owner asking when to euthanize
Prognosis grave, consider euthanasia
No\\nEuthanized at 3 pm
Owner declined\\neuthanasia
Euthanasia:\\ndeclined
Services offered: exams, euthanasia, cremation
SERVICES WE OFFER:\\n- Vaccines\\n- Dentistry\\n- Euthanasia
Options: surgery, medical management, euthanasia
Code status: CPR / DNR / Euthanasia
[struck out: Euthanasia] recheck in 2 weeks
Outcome: (?) Euthanized
Euthanasia: [x] yes [x] no
Euthanasia consent: [ ] I agree
Estimate for euthanasia given
Comfort care, hospice, EOL discussion
put to: sleep
euth ??
decision made to euthanize, done 4pm
O wants to discuss QOL
Schedule euth for Tues?
tentative euth appt next wk
If worsens over weekend will need to euthanize
O tearful, thinking it might be time to euthanize
Told O euthanasia is reasonable option
Sibling euthanized last year for kidney dz
Housemate (Rex) was euthanized Tuesday
Sedation then euth for quality of life reasons
QOL declining
Owner is ready to say goodbye
discussed when to let go
O brought up euth
Possible euth
Told owner prognosis poor; recommend PTS
exam +/- euth
Recheck or euth Monday
tech appt: euth (tentative)
His brother was euthanized last month
Owner requested euthanasia, performed today
Prognosis guarded; QOL discussed, O to think on it
Euthanasia estimate emailed
Euth Friday w/ Dr. K
O asked how we do euthanasia
would PTS if quality of life declines
The cat's brother was euthanized last week
Housemate Max PTS last night, O worried about this one
[ ] alive, euthanized today
Euthanized today, weight: ____
Euthanized (ashes: ____)
Euthanized today, ashes back: [ ] yes [ ] no
Euthanized today, nail trim [ ]
Euthanized at [ ] home [ ] clinic
Euthanized by Dr. ____
Euthanized 3 pm, y/n
No appt needed pet euthanized
cancelled appt / was put to sleep at ER
please cancel for euthanasia
Declined private cremation euthanasia performed
Owner has not declined euthanasia
Appt not needed euthanasia
Euthanasia, cancelled appts
Euthanasia - canceled reminders
Euthanasia, declined necropsy
Euthanasia, refused to pay
Owner not ready was put to sleep
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
Cancel appt, cat passed
CPR performed x 20 min, unsuccessful
Patient arrested under anesthesia and could not be revived
D.O.D. 5/1/26
DOD: 5/1/26
Owner lost his other dog last month, died of cancer
Littermate died of parvo
Dam died whelping
Lost her brother last month, not eating since
Her brother died last week
Grave prognosis, may die overnight
Owner afraid he will die
Owner found cat unresponsive, possibly dead
DNR, not expected to survive
Crash cart, CPR started
Status: alive / deceased
Patient looks like he is passing
Owner sent condolence card
Sympathy card mailed
grieving loss of housemate
Agonal breathing
Aftercare: ☐ Home burial ☐ Other
Discussed aftercare and cremation
Pet passed on 4/30
O feels he is near death
concerned pet will pass soon
Other cat in the home died recently
Owner's other cat died last night
Pet may not survive the night
Very weak, near death
Sister passed away from HCM
Other dog passed away 3 weeks ago, now anxious
Owner thinks he died? call back
guarded prognosis, might not make it
Cancel appt pet died
cancelled deceased
Please cancel pet passed away
No appt needed pt died
Appt not needed / patient deceased
Does not need appt pet died
Declined services deceased
Cancel appointment death
Dog passed, cancelled appt
Pet passed, owner refused necropsy
Found no pulse, declined paw print
He is no longer alive
Has crossed over
Stopped breathing last night
She could not be saved
Went to heaven
"""
PERHAPS_CREMATION: Final = """
Urn, cedar
Discussed cremation.
Cremation?
Cremation prices given
Owner would like private cremation
Cremation info
Owner asked about cremation costs
Cremation options discussed
Urn catalog shown
Cremation: [ ] private [ ] communal
COMMUNAL CREMATION NO ASHES RETURNED
Aquamation?
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
O not ready for euth but considering
[ ] Euthanasia
☐ Euthanasia
☐ Euthanasia ☐ Cremation ☒ Annual exam
[x] Annual exam [ ] Euthanasia
Annual exam [x] Euthanasia [ ]
( ) Euthanasia (x) Recheck
__ Euthanasia __ Exam
Euthanasia [ ]
Euthanasia: [ ] yes [x] no
Euthanasia: [ ] yes [ ] no
Euthanasia: Yes / No
Euthanasia Y/N
Euthanasia Y/N: N
Euthanasia? No
Is patient deceased? No
Deceased: no
Deceased: N
DECEASED (Y/N)
Deceased [ ]
Patient status: (x) alive ( ) deceased
Euthanasia consent signed: ______
Owner signature for euthanasia: ______
Weight: 5 kg\\nEuthanasia consent:\\nCremation:\\nBurial:
Cremation: ____
Cremation: none
Cremation: -
Euthanasia / cremation: N/A
Declined: bloodwork, euthanasia
Declined services: euthanasia, cremation
Service | Accepted | Declined\\nEuthanasia | | x
Service | Accepted | Declined\\nEuthanasia | |
Euthanasia: [struck out: Yes] / No
No euth today
O not ready for euth
O declines euth @ this time
Owner is not considering euthanasia
Euthanasia not warranted
Euthanasia was discussed and declined
Did not euthanize
Not euthanized
Not deceased
Patient is not dead
Owner's father passed away last week
O's husband passed away
Owner recently widowed
Owner's sister died, pet now with niece
Client passed away; daughter is new owner
Previous owner died, adopted from shelter
Adopted after previous owner passed away
Owner's last dog was euthanized for lymphoma
Prior dog PTS due to osteosarcoma
Neighbor's cat died of rabies
Friend's dog died of parvo
Sire died of DCM - family history of sudden death
Breeder reports family hx of sudden death
Deadline for estimate Friday
Dead teeth 104 and 204
Diesel is doing well
Patient passed urine and stool
Passed a kidney stone
Passed his fecal exam
Passing gas
He passed the hearing test
Passed quiz
Rip in dewclaw
Ripped nail
RIP ON EAR REPAIRED
Expired Bravecto discarded
Bravecto expired in March
Rabies vaccine expired 3/4/25
rx expired, needs refill
Microchip registration expired
Insurance expired last month
Put to sleep for dental cleaning
Under general anesthesia, put to sleep for x-rays
Sleeps through the night
Puts weight on leg
Put down towel, weighed
When put down, limps on left front
Owner put down deposit for surgery
Turned down food
Creams applied to skin
Euthyroid cat, recheck T4
Euthermic, euvolemic
Necrosis of ear tip
Stool: dead worms seen
Dead hair stripped out
Killed tick on neck
Will die for food
Dying for attention
Hearing loss
Weight loss
Loss of appetite
Sudden onset lameness
Lost 2 lbs
Lost collar
Lost pet microchip scan
Coded for insurance
Color coded chart
At risk for sudden death if untreated
Anesthetic risks including death discussed, O consents
Heart rate 120, no murmur
Urine: USG 1.030
Turn left
Memorial Day closed
Burying head in litter
Ate fireplace ashes
Ashley is the owner
Angel is a good girl
Passport exam for travel
past due for vaccines
End of leash trial
End stage renal disease, stable
Quality of food is good
quality of life is good per O
Good QOL at home
Grade 2/6 murmur, stable
O declined euthanasia, will try meds
Not interested in euthanasia at this time
O states will never euthanize
Elected hospice rather than euthanasia
Owner's mom died recently, O stressed
New kitten after previous cat passed away
Passed quarantine inspection
Flea dirt, no live or dead fleas
Incisor is dead and discolored
Urethane foam ingestion
Breathing heavily at rest
Last rabies vx expired
Toxin ingestion: dead rat
Nail quick cut, died down bleeding
Puts nose down to sniff
Goes to sleep after meals
Nystatin ointment, put down on list
Cat put on diet, sleeping more
Rest in crate, peaceful
Euthanasia: ☐ Yes ☒ No
Died: N/A
☐ Cremation ☐ Burial
O's other dog is due for vaccines
o decl euth
No indication for euthanasia
Owner will not consider PTS
Euthanasia not discussed
Owner elects treatment over euthanasia
Owner's grandmother passed away, rescheduled
Owner out of town for funeral
Mother in law died
Previous cat was PTS at 18
Passed two roundworms
Food bowl dead bug
dead skin on pads
Dry nose, died hair
Rabies exp 4/26
Heartworm test expired, discarded
Pet fell asleep in lap
Slept well
Rest quietly
Urine pH 7
Turns head left
Burn on paw
Peaceful at home
Deadly nightshade exposure
no euth
Euth not elected
O adamantly against euthanasia
decline euthanasia, treat at home
Client's brother passed away, needs records
Dad died, son now owner
Previous dog died of bloat so O is nervous
Sister-in-law's dog euthanized last year
RABIES VACCINE EXPIRED 2/1
Passed OFA hips
Passed hearing exam
has passed all heartworm tests
dead space closed with 3-0
Deadwood chew toy
died-looking coat is better
Anal glands expressed, passing soft stool
put down 2 pee pads
Euthyroid sick syndrome suspected
E. coli urine
Patient has not been euthanized
Owner has declined euthanasia.
Owner is not ready to put him down
He has not died
Cancelled the euthanasia for now
Euthanasia declined by owner
Euthanasia declined at this time, continue meds
No euthanasia or cremation
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
