"""Words that are names of people, and words that are none."""

from server.privacy.cues import words

PARTICLES = words("van von de der den del della di da dos du la le bin ibn al el ter ten zu af y")
# Where a name could stand.
NO_NAMES = words("""
    i a an the my our your his her their this that these we you it is are was not no yes and or
    but please thanks thank hello hi hey dear sir madam sirs team support service services
    customer customers care help helpdesk desk all there everyone everybody folks guys friends
    again agent admin administrator moderator bot staff sales billing manager concern mr mrs ms
    miss dr prof herr frau damen herren und whom who what when where why how still just also so
    sorry order invoice ticket regards best kind wrong incorrect misspelled misspelt spelled
    spelt on in at missing now being correct listed shown registered different changed to from
    for of with
    """)
# What a sentence goes on with behind a name in small letters, or says in its place.
_GOES_ON = words("""
    have has had need needs want wants would could should can cannot can't cant could couldn't
    will won't do does did don't didn't doesn't am be been get got lost let make may must only
    me us they he she as by if then than because since about after before again yesterday today
    tomorrow here there very really much more most some any every urgent asap bye ok okay well
    sure great nice good new old quick problem issue question problems issues refund account
    card password plan login app email phone number check tell give send cancel change update
    reply via note valued member members user users client clients colleague colleagues friend
    partner partners department office accounts billing company community folk people world
    mate man guest shop store
    """)
# First names that are no other words: they are known in small letters, too.
FIRST_NAMES = words("""
    adam ahmed alan albert alex alexander alexandra ali alice amanda amy ana andrea andreas
    andrew angela anita ann anna anne anthony antonio barbara ben benjamin brian carla carlos
    carol carolina caroline catherine charles charlotte chris christian christina christine
    christopher claire claudia dan daniel daniela david deborah dennis diana diego donald
    dorothy edward elena elizabeth emily emma eric erik eva fatima fernando francesca francesco
    francisco frank gabriel gary george giovanni giulia gregory hannah hans heather helen henry
    ian ibrahim ines isabel ivan jack jacob james jan jane janet jason javier jean jeff jeffrey
    jennifer jeremy jessica jim joan joe johanna john jonathan jorge jose joseph joshua juan
    julia julian julie karen karl katherine kathleen kelly kevin kim klaus larry laura lauren
    laurent lea leon linda lisa louis lucas lucia luis luisa lukas manuel marco marcus margaret
    maria marie mario marta martin mary matthew max megan mehmet melissa michael michelle
    miguel mike mohamed mohammed monika nancy natalie nicholas nick nicolas nicole nina noah
    olga oliver olivia pablo pamela patricia paul paula pedro peter petra philip philippe
    pierre priya rachel rafael raj ralph raymond rebecca ricardo richard robert roberto roger
    ronald ruth ryan samantha samuel sandra sara sarah scott sebastian sharon silvia simon
    sofia sophia sophie stefan stephanie stephen steve steven susan sven theresa thomas tim
    timothy tom tony ursula valentina vanessa veronica victor victoria vincent walter wei
    werner william wolfgang yusuf zoe
    """)


def may_be_small_name(word: str) -> bool:
    """Whether a word in small letters may be one, where a name could stand."""
    small = word.lower()
    return not (small in NO_NAMES or small in _GOES_ON or small.endswith("ing"))
