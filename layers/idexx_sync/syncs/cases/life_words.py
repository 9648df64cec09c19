"""The words of euthanasia, death and cremation, for reading and adding to (rule R19).

How to write an entry:

* Capitals do not matter, except that an entry all in capitals is found in capitals only.
* A blank also stands for a hyphen or several blanks.
* `*` at the end of a word stands for any ending, `#` for a number, `_` for any one word.

Each change belongs with a sentence in `tests/unit/cases/life_sentences.py`. The mistakes are not
alike: a death that is missed becomes a cheerful call to a grieving owner.
"""

from typing import Final

# -- what is looked for ----------------------------------------------------------------------

EUTHANASIA_DONE: Final = """
puttosleep | put to slep | put to sleap | put to slp | put _ to slep | put _ to sleap
euthanized | euthanised | euthanased | euthanatized | euthanatised | euthed | euth'd | euthenized
euthenised | euthinized | euthinised | euthanzied | euthansed | euthnized | uthanized | eutanized
youthanized | euthaniized | euthanied | was pts | were pts | been pts | got pts | pts'd
pts today | pts at | pts by | pts with owner* | pts per | pts due | pts performed | elect* pts
elect* to pts | humanely pts | put to sleep | put _ to sleep | putting to sleep
putting _ to sleep | put too sleep | put down | put _ down | putting down | putting _ down
put to rest | put _ to rest | laid to rest | put out of _ misery | put _ out of _ misery
humanely destroyed | humane destruction
"""
"""It says that it was done. Only clear words of future or doubt weaken it."""

EUTHANASIA: Final = """
enthan* | euthen* | euhan*
euth | euth* | beuth* | PTS | euht* | eutan* | eutahn* | eutn* | eughan* | eurthan* | eunthan*
uethan* | uthan* | uthen* | ethanasia | ethanize* | ethanise* | youthan* | yuthan* | ewthan*
euathan* | eithanas* | eutthan* | euhan* | eauthan* | euethan* | eurthen* | eathanasia | euithan*
ethuan* | eutbanas* | eythan* | fatal plus | fatalplus | fatal plus* | somnasol | socumb
sleepaway | dolethal | lethabarb | pentobarb* | pentabarb* | pentoject | valabarb | tributame
t 61 | pento
"""
"""Beginnings that only these words have, and the products."""

EUTHANASIA_DOUBTFUL: Final = """
when to let go | ready to let _ go | ready to let go | letting _ go | lethal injection
end his suffering | end her suffering | end suffering | end _ suffering | sacrificed
pts | qol | quality of life | end of life | eol | say* goodbye | say* good bye | final goodbye
let _ go peacefully | time to let _ go | time to let go | lap of love | hhhhhmm* | humane ending
help _ pass | kindest option | sleep peacefully | put asleep
"""

DEATH_DONE: Final = """
dec'd | was killed | got killed | killed by | hbc and killed | succumbed | expired at #
slipped away | lost the battle | passed over the bridge | gone over the bridge
dead on presentation | dead upon arrival | dead upon presentation | dead on intake
pssed away | passsed away | passed awy | passed awa | passedaway | pasesd away | passaway
could not be revived | couldn't be revived | unable to revive | never regained heartbeat
died | deid at | has died | passed away | pass away | passes away | passing away | past away
pased away | passd away | passed awya | passed peacefully | passed quietly | passed overnight
passed in _ sleep | passed last night | passed this morning | passed at home | passed yesterday
passed during the night | crossed the rainbow | crossed over the rainbow | rainbow bridge
crossed rainbow | over the rainbow | found dead | found _ dead | found deceased | was dead
is dead | already dead | dead on arrival | dead at | dead in | dead when | pronounced dead
declared dead | deceased | decesed | deceaced | decased | deceasd | deceassed | desceased
desesed | decease | deceised | decaesed | deceaesd | deseased | doa | no longer with us
lost _ battle | patient expired | pt expired | pet expired | dog expired | cat expired
he expired | she expired | expired at home | expired overnight | expired during | expired despite
cpr unsuccessful | cpr was unsuccessful | unsuccessful cpr
resuscitation unsuccessful | unable to resuscitate | could not be resuscitated | time of death
tod | date of death
perished | went into arrest and could not | rigor mortis | did not make it | didn't make it
did not survive | didn't survive
"""

DEATH: Final = """
necropsy | necropsies | post mortem exam* | home burial | RIP | body bag | body disposal
disposal of body | disposal of remains | rest in peace | remains returned | body care
"""

DEATH_DOUBTFUL: Final = """
not make it
killed | drowned | lifeless | brain dead | not survive | won't make it | will not make it
wont make it | not going to make it | unlikely to survive | he is gone | she is gone | he's gone
she's gone | at peace | in heaven | body sent | took body | take body | body taken | body home
body released | body in freezer | body to owner | body to crem* | remains sent | falleci* | murio
no pulse | no signs of life | no vital signs
will pass | may pass | might pass | could pass | about to pass | pass soon | going to pass
pass at home | pass naturally | pass peacefully | pass on her own | pass on his own
DOD | not expected to survive | lost _ brother | lost _ sister | lost _ littermate
lost _ sibling | lost _ housemate | lost _ companion | lost _ buddy | lost _ mate | lost _ twin
lost _ bonded mate
dead | death | deaths | die | dies | dying | demise | expired | passing | passed on | has passed
have passed | had passed | she passed | he passed | pet passed | patient passed | pt passed
dog passed | cat passed | deid | cardiac arrest | cardiopulmonary arrest | coded | cpr
no heartbeat | no heart beat | heart stopped | asystole | agonal | burial | bury | buried at home
buried _ at home | condolence* | condolance* | sympathy | sorry for your loss
sorry for their loss | sorry for the loss | loss of pet | loss of their pet | loss of _ pet
we lost her | we lost him | lost her last | lost him last | grieving | bereave* | aftercare
after care of remains | paw print | clay paw | ink paw | paw impression | memorial | in memory
gone to heaven | went to heaven | crossed over | no longer alive | not alive | stopped breathing
ceased breathing | could not be saved | couldn't be saved | did not pull through
didn't pull through
"""

CREMATION_DONE: Final = """
cremated | creamated | crematd | ashes returned | ashes are | ashes back | ashes ready
ashes home | ashes picked | ashes pick up | pick* up ashes
"""

CREMATION: Final = """
crem | cremat* | cremait* | cremt* | cremet* | cremit* | cremiat* | cremeat* | creamat* | creamt*
creemat* | crimation | cremmat* | crmation | cremaion | cremains | cremain | ashes | aquamat*
hydrocremat* | alkaline hydrolysis
"""

CREMATION_DOUBTFUL: Final = """
urn | urns
"""

EVERYDAY: Final = """
after back care cat could despite dog during expected home last longer morning night owner*
overnight
patient performed pet pick* picked pt ready return* returned their this today unable unsuccessful
with yesterday made time over final was were been got no elect* did didn say* help
owner going will about might when took take taken put good signs sent to of
"""
"""Words of the entries above that tell nothing by themselves; they only make it quicker."""

# -- what is not meant -----------------------------------------------------------------------

NOT_MEANT: Final = """
died looking | put down # pee* | put down _ pee*
killed a _ | killed tick* | killed flea* | killed bird* | killed mouse | killed mice
killed rat* | killed rabbit* | killed squirrel* | killed chicken* | killed snake* | killed _ snake
killed by treatment | died hair | died fur | hair died | test expired | tests expired | kit expired
strips expired | bottle expired | product expired | lot expired | sample expired
incisor* _ dead | tooth _ dead | teeth _ dead | canine* _ dead | molar* _ dead | premolar* _ dead
pulp _ dead | tissue _ dead | nerve _ dead | skin _ dead | worm* _ dead | flea* _ dead
tick* _ dead | nail* _ dead | claw* _ dead | tail _ dead | battery _ dead | mites _ dead
vx expired | vac expired | vacs expired | rabies vx expired
expired in jan* | expired in feb* | expired in mar* | expired in apr* | expired in may
expired in jun* | expired in jul* | expired in aug* | expired in sep* | expired in oct*
expired in nov* | expired in dec* | expired in # | registration expired | microchip expired
membership expired | warranty expired | subscription expired | contract expired | consent expired
put down towel* | put down blanket* | put down mat | put down pad* | when put down | dying for
coded for | risk for sudden death | risk for death | at risk of sudden death
euthyroid* | euthymi* | eutherm* | euther | eutheria* | cremaster* | creamt
put to sleep for dental* | put to sleep for surger* | put to sleep for _ surger*
put to sleep for x* | put to sleep for procedure* | put to sleep for the procedure*
put to sleep for rad* | put to sleep for spay | put to sleep for neuter
put to sleep for cleaning | put to sleep for a dental* | put to sleep for _ dental*
put to sleep for anesth* | put to sleep for mri | put to sleep for ct
put to sleep for the dental* | put to sleep for teeth | put to sleep for nail*
put to sleep for exam* | put to sleep for a procedure* | put to sleep for imaging
put to sleep for _ cleaning | put _ to sleep for surger* | put _ to sleep for dental*
put _ to sleep for the procedure* | put _ to sleep for a dental* | put _ to sleep for x*
put _ to sleep for the dental* | put _ to sleep for _ surger* | put _ to sleep for nail*
put down on | put _ down on | put down as | put down a | put down for _ nap | put down food
put _ down to walk | put down flooring | put down the | put down roots | put down pee*
put _ down to eat | put down in writing | put down deposit | pts owner* | pts o | pts mom
pts dad | pts temp* | pts weight | pts history | pts hx | pts record* | pts chart | pts condition
pts appetite | pts ear* | pts eye* | pts skin | pts name | pts family | pts are | pts seen
pts meds | pts med* | pts teeth | # pts | all pts | other pts | our pts | these pts | rip in
rip on | rip off | rip tear* | rip of | rip at | rip along | rip near | dead tooth | dead teeth
dead tail | dead claw* | dead nail* | dead toenail* | dead skin | dead tissue* | dead space
dead bone | dead battery | dead end | dead weight | dead line* | dead hair* | dead coat
dead lift* | dead leg | dead flea* | dead tick* | dead worm* | dead mite* | dead maggot*
dead nerve* | dead pulp | dead fetus* | dead foetus* | dead mouse | dead mice | dead rat
dead rats | dead rodent* | dead squirrel* | dead lizard* | dead frog* | dead animal*
dead possum* | dead gopher* | dead calm | dead asleep | dead bug* | dead insect* | dead cells
dead bacteria | dead sea | dead lame | dead in the water | dead grass | dead plant* | dead leaves
dead quills | dead bird in yard | ate a dead _ | ate dead _ | ate _ dead _ | eating dead _
eating a dead _ | rolled in dead _ | rolled in a dead _ | rolled in something dead
caught a dead _ | licked a dead _ | chew* a dead _ | chew* on a dead _ | brought home a dead _
sniff* a dead _ | died down | died out | died off | dying down | dies down | die down | die off
dying to | die hard | die for | death row | scared to death | scratch* to death | bored to death
itch* to death | hair dying | cell death | tissue death | nerve death | death grip | black death
sick to death | risk of death | risk of sudden death | risks of death | risks including death
risk including death | risks include death | including death | up to and including death
risk of _ or death | risk of _ and death | risks of _ and death | risks of _ or death | even death
could cause death | can cause death | can lead to death | can result in death
may result in death | may lead to death | can die from | cause of death in | passing stool*
passing urine | passing gas | passing blood | passing worm* | passing feces | passing faeces
passing mucus | passing stone* | passing diarrhea | passing foreign | passing soft
passing normal* | in passing | passing a | passing hard | passing small | passing _ stool*
passing well | has passed stool* | has passed urine | has passed a | has passed the
has passed several | has passed _ stool* | has passed gas | has passed worm* | has passed blood
has passed since | have passed since | had passed the | had passed a | had passed stool*
he passed a | she passed a | he passed the | she passed the | he passed stool* | she passed stool*
he passed _ stool* | she passed _ stool* | patient passed a | patient passed stool* | pt passed a
pt passed stool* | dog passed a | cat passed a | dog passed stool* | cat passed stool*
pet passed a | he passed urine | she passed urine | he passed _ exam | she passed _ exam
dog passed _ exam | has passed _ exam | he passed his | she passed her | cat passed urine
pt passed urine | patient passed urine | pet passed stool* | cat passed _ stool*
dog passed _ stool* | pt passed _ stool* | he passed gas | she passed gas | passed on to
passed on info* | passed on by | has passed on info* | has passed _ and | has passed his
has passed her | has passed all | expired vaccin* | expired rabies | expired license
expired licence | expired food | expired med* | expired drug* | expired rx | expired prescription*
expired product* | expired bravecto | expired card | expired script* | expired insurance
expired microchip | expired certificate | expired treat* | expired plan | expired simparica
expired heartworm | expired flea | expired insulin | vaccin* expired | rabies expired
rabies is expired | license expired | licence expired | food expired | med* expired
prescription* expired | rx expired | script expired | insurance expired | card expired
vaccin* are expired | vaccin* is expired | vaccin* have expired | vaccin* has expired
tag expired | prescription* has expired | rx has expired | insulin expired | expired on file
certificate expired | coupon expired | expired coupon | plan expired | insurance has expired
vaccin* _ expired | rabies vaccin* expired | rabies has expired | license has expired
licence has expired | cert* expired | food is expired | food was expired | med* was expired
med* is expired | insulin was expired | cpr status | cpr code | cpr training | cpr yes | cpr no
no cpr | accept* cpr | cpr consent* | cpr _ dnr | memorial day | memorial hospital | memorial park
memorial drive | paw print* on | paw print* bandanna | fireplace ashes | ate ashes | wood ashes
eating ashes | cigarette ashes | campfire ashes | volcanic ashes | decoded | encoded | coded as
color coded | colour coded | bury* bone* | bury* toy* | bury* food | bury* face | bury* treat*
bury* head | bury* suture* | bury* knot* | bury* stool* | bury* feces | bury _ bone* | decrease*
bury* poop | good qol | great qol | excellent qol | qol good | qol great | qol excellent
qol is good | qol is great | qol is excellent | qol fine | qol ok | qol acceptable | qol improved
qol is improved | qol still good | good quality of life | great quality of life
excellent quality of life | quality of life good | quality of life is good
quality of life is great | quality of life excellent | improve* quality of life
quality of life is excellent | improve* qol | maintain* quality of life
quality of life has improved
"""
"""Taken out before anything is looked for."""

# -- whom it is about ------------------------------------------------------------------------

FAMILY_HISTORY: Final = """
family history | family hx | fhx | famhx | family medical history
"""

WHOSE_OTHER: Final = """
in law's | in laws | in laws' | grandparent's | boss's | coworker's | grandma's | grandpa's
previous | prior | former | other | another | first | last | late | neighbor's | neighbour's
friend's | sister's | brother's | mother's | father's | mom's | dad's | daughter's | son's
parents | parent's | roommate's | cousin's | aunt's | uncle's | husband's | wife's | grandmother's
boyfriend's | girlfriend's | childhood | family's other | two other | three other
one of the other | both other | friends | sisters | brothers | moms | dads | housemate
house mate
"""
ANIMALS: Final = """
dog | dogs | cat | cats | pet | pets | puppy | puppies | pup | pups | kitten | kittens | animal
animals | rabbit | rabbits | bird | birds | horse | ferret | lab | labs | one | shepherd
retriever
"""
RELATED_ANIMALS: Final = """
littermate | littermates | litter mate | litter mates | sibling | siblings | housemate
housemates | house mate | house mates | packmate | pack mate | companion cat | companion dog
companion rabbit | bonded mate | bonded partner | dam | sire | mother | father | sister | brother
twin | housemate cat | housemate dog | housemate's
"""
PEOPLE: Final = """
owner | owners | client | husband | wife | spouse | partner | grandmother | grandfather | grandma
grandpa | mother | father | mom | dad | son | daughter | uncle | aunt | relative | family member
friend | breeder | sister | brother | neighbor | neighbour | fiance | fiancee | boyfriend
girlfriend | roommate | cousin | previous owner | parent | parents | mother in law | father in law
"""
BETWEEN_OTHER_AND_WORD: Final = """
in the house home household at
was were had has have been be is recently also just suddenly both who that which all got both
died and
later then needed needing to unexpectedly sadly either already were only
"""
BETWEEN_WORD_AND_OTHER: Final = """
of in for their owner owner's the his her a an our one my owners' owners from
"""
PATIENT_AFTER: Final = "her him it the patient pt this them pet present with together here"

# -- no, not yet, perhaps --------------------------------------------------------------------

NEGATIONS: Final = """
decl | decld | treatment over | surgery over | hospice over | meds over | care over | therapy over
no | not | never | without | declin* | refus* | denie* | deny | against | don't | doesn't | didn't
won't | isn't | wasn't | dont | doesnt | didnt | wont | isnt | wasnt | cannot | can't | cant | nor
neither | unwilling | hasn't | haven't | hasnt | havent | avoid* | postpone* | cancel* | defer*
rather than | instead of | aren't | hold off | held off | holding off | opposed
"""
BETWEEN_NO_AND_WORD: Final = """
indication indications reason reasons need plan plans
a an the any for to of on in at yet ready prepared willing able want wants wanting wanted wish
wishes
consider considering considered interested ready this time today currently humane be been being was
going quite really think thinking about feel that opt elect pursue pursuing proceed proceeding with
do doing discuss discussing discussed indicated recommended recommend needed need needing necessary
comfortable still emotionally mentally have having had has performed yet and or nor both private
communal individual group general in-home home his her him them it patient pt pet offer option
options discussion perform schedule scheduled appointment appt consult services service
"""
"""Words that may stand between a negation and what it denies; any other word breaks the tie."""

NOT: Final = """
not | never | don't | doesn't | didn't | won't | isn't | wasn't | dont | doesnt | didnt | wont
isnt | wasnt | cannot | can't | cant | hasn't | haven't | hasnt | havent | aren't
"""
"""Those of the negations that deny what is told as done; of the others nobody knows in "cancelled
pet died" or "no appt needed euthanized" whether they do."""
BETWEEN_NOT_AND_DONE: Final = """
a the to yet be been being was is were has have had actually really quite still
want wants wanted wanting wish wishes willing able going think thinking ready prepared feel that
"""
"""Words that may stand between such a negation and what is told as done."""
WISHES: Final = """
want wants wanted wanting wish wishes willing able going think thinking ready prepared feel
"""
"""Those of them that go on to what is wished: "owner not ready" and "died" are two statements."""
TOLD: Final = """
passed | pass | dead | death | deaths | die | dies | dying | expired | killed | drowned | lifeless
gone | deid | coded | stopped | heartbeat | heart beat | pulse | signs
"""
"""In an entry of death that is named or doubtful: nobody declines or cancels it, either."""
CONNECTIVES: Final = "and | or | nor | both | either"

DENIED_AFTER: Final = r"""
(?:but |however )?(?:(?:was |is |has been |were |been |are )?(?:again |both |also )?
(?:(?:discussed|offered|recommended|considered) (?:and|but) )?(?:again |both |also )?(?:declined
|refused|denied|cancelled|canceled
|postponed|deferred)(?! (?:treat|further|diagnos|surg|hosp|work|all|any|blood|chemo))
|(?:was |is |are )?not (?:an option|yet|today|now|at this|elected|wanted|considered|desired
|indicated
|necessary|needed|performed|recommended|warranted|done|ready|being|on the table|pursued|what
|discussed
|appropriate|something|ready)
|isn't (?:an option|needed|necessary|indicated)|wasn't (?:performed|done|needed|elected)
|(?:no|none|nil|n/?a|not applicable)\s*+$
|(?:the )?(?:owner|owners|o|client|family|they|he|she|mom|dad)?\s*+(?:is |are |was |were )?(?:has\s
|have )?
(?:declines?|declined|refuses?|refused|not ready|not ready yet|not interested|against it|says no
|said no)
(?:\s++(?:it|this|that|option|for now|today|at this time|at the moment|currently|yet))*+\s*+$)
"""
"""A pattern, its line ends apart: how a word is denied by what follows it directly."""
AFTER_A_DENIAL: Final = """
again | also | altogether | and | as | at | because | both | but | by o | by owner* | by client*
by family | currently | due | during | for now | for the moment | for the time being | for today
however | if | in favor | in favour | in lieu | instead | now | on | or | over | per | prior | right
since | so | still | then | this | that | though | time | today | tomorrow | until | when | while
yet | with | w | after | before | last | option | until | given | unless | except | it | ready
"""
"""Words by which a denial that follows goes on; with any other, it may be of something else."""

TREATS_ON: Final = """
continu* treat* | continu* with treat* | continu* therap* | continu* med* | continu* with med*
continu* care | continu* to treat | continu* to monitor | continu* monitor* | continu* current
continu* supportive | want* to treat | want* to try | elect* to treat | elect* to try
elect* treat* | elect* medical* | opt* to treat | opt* for treat* | opt* to try | wish* to treat
wish* to continue | want* to continue | would like to try | would like to treat
would like to continue | more time | keep trying | elect* to continue | opt* to continue
elect* surger* | opt* for surger* | want* surger* | prefer* to treat | prefer* to continue
prefers treat* | elect* to monitor
"""

DOUBT: Final = """
tentativ* | pending | tbd
if | may | might | could | would | should | will | going to | to be | scheduled | schedule
sched | schedul* | planned | planning | plan to | plans to | plan for | consider | considering
considered | tomorrow | next week | next month | next visit | unless | possible | possibly
potential* | perhaps | maybe | probably | likely | think* about | ponder* | not sure | unsure
undecided | prepare* for | wait* to | when the time comes | eventually | asked about
asking about | unclear | rule out | at risk of | hopes to | want to | wants to | wish to
wishes to | asked to | asks to | coming in for | due for
"""
"""Weakens everything."""

DOUBT_OF_A_NOUN: Final = """
brought up | bring* up | touched on | went over
appt | appts | appointment* | booked
discuss* | talk* | spoke | option* | offer* | recommend* | advise* | suggest* | consult* | quote*
estimate* | info* | brochure* | inquir* | enquir* | ask* | request* | return for | return to
versus | vs | or | in case | price* | cost* | call* about | want* | monday | tuesday | wednesday
thursday | friday | saturday | sunday | qol | quality of life | mention* | broach* | question*
hospice | cri | seizure* | status epilepticus | anesth* | anaesth* | concern* | no | not | declin*
refus* | pros | handout | conversation | decid* | decision | approach* | low | near | level
future | policy
"""
"""Weakens euthanasia, less so euthanized."""

DONE: Final = """
performed | completed | administered | carried out | proceeded | elected | elects | consented
consent signed | signed | opted for | chose | chosen | went ahead | approved | authorized
authorised
"""
"""Makes a noun certain again."""

CLAUSE_WORDS: Final = """
but | however | although | though | then | instead | so | because | therefore | until | before
after | yet still | despite | since | where upon | whereas | while
"""
CONDITIONS: Final = "if | unless | in case"
"""Weakens the whole sentence."""
CHOICES: Final = """
elect* | opt* | chose | decid* | request* | was | now | later | today | then | euthanized
euthanised
"""
"""After `and`: another statement begins."""

# -- forms and houses ------------------------------------------------------------------------

SAME_HOUSE: Final = """
littermate* | litter mate* | sibling* | housemate* | house mate* | packmate* | pack mate*
companion cat | companion dog | companion rabbit | bonded mate | bonded partner | dam | sire
sister | brother | twin
"""
"""Of an animal that may share home and record with the patient: in doubt, not set aside."""
OTHER_OF_THE_HOUSE: Final = """
other | another | two other | three other | one of the other | both other | family's other
housemate | house mate
"""
OF_A_PERSON: Final = """
owner | owners | owner's | owners' | client's | o's | mom's | dad's | husband's | wife's
family's | mother's | father's
"""
"""Before a sister or brother: a person's, not the patient's."""
DECLINED_LISTS: Final = """
declin* | refus* | not done | deferred | cancelled | canceled | not performed | not elected
client declin* | owner declin* | services declin* | items declin* | estimate declin*
"""
"""A list with such a heading holds what did not come about."""
OFFERED_LISTS: Final = """
offer* | option* | discuss* | price* | pricing | fee schedule | fees | menu | estimate* | quote*
brochure* | handout* | available | services we provide | our services | talked about | considered
considerations | differential* | ddx | services | procedures we | treatments we | what we
"""
"""A list with such a heading holds what might come about."""
RENDERED_LISTS: Final = """
rendered | provided today | performed | given | received | completed | today | done | accepted
elected | approved
"""
"""Unless it says so."""

# -- patients' names -------------------------------------------------------------------------

IN_A_NAME: Final = {
    "euthanasia": """
euthan* | euth | euthed | euth'd | euthd | euthenized | euthinized | put to sleep | put down
put 2 sleep | humanely put | euthansia | pts'd
""",
    "death": """
deceas* | decesed | desceas* | decea* | decease | deaceased | decsd | dec'd | decd | decd'
passed away | pass away | past away | died | dies on | date of death | rainbow bridge
crossed over | crossed the bridge | no longer with us | rest in peace | dod # | d o d
""",
    "cremation": """
cremated | cremation | cremains
""",
}
"""Nobody's name, wherever it stands in one."""
BESIDE_A_NAME: Final = {
    "euthanasia": "pts | p t s | euthanasia",
    "death": "rip | dead | dod | doa | passed | expired | gone to heaven | dcsd | passed on",
    "cremation": "crem | ashes returned",
}
"""A remark, set apart from the name."""
PERHAPS_BESIDE_A_NAME: Final = {
    "euthanasia": "qol | hospice | eol",
    "death": """
angel | angels | angel wings | heaven | in heaven | d | dec | gone | lost | death | memory
in memory* | memorial | wings | x | missed | rainbow | bridge | forever | deceas | rest | inactive d
""",
    "cremation": "ashes | urn | private crem | cremate",
}
LAST_OF_A_NAME: Final = {"euthanasia": "PTS", "death": "RIP | DOD | DOA", "cremation": "CREM"}
"""Without anything between, in capitals before or behind a name that is not."""
PERHAPS_LAST_OF_A_NAME: Final = {
    "euthanasia": "pts",
    "death": "rip | dod | doa | dead | passed | expired | angel wings | in heaven",
    "cremation": "crem",
}
NAMES_WITH_SUCH_WORDS: Final = """
rip van winkle | rip wheeler | rip torn | rip curl | rip tide | rip cord | grateful dead
walking dead | dead pool | death star | night of the living dead | evil dead | death row
"""
NOT_ITS_OWN_DEATH: Final = """
owner | owner's | owners | client | sister | brother | sibling | littermate | housemate | dam
sire | husband | wife | mom | dad | not | previous | no
"""
"""Beside such a word nobody knows who is meant."""
