"""Words that decide whether two texts can mean the same: negations, numbers, currencies, dates.

Languages that are not listed get the words of all that are.
"""

from collections.abc import Mapping

NEGATIONS: Mapping[str, str] = {
    "de": "nicht nichts kein keine keinen keinem keiner keines nie niemals niemand ohne weder",
    "en": "not no never none nothing nobody nowhere neither nor cannot cant dont wont without",
    "es": "no nunca nada nadie ninguno ninguna ningún sin jamás tampoco",
    "fr": "ne pas jamais rien personne aucun aucune sans ni",
    "it": "non no mai niente nulla nessuno nessuna senza né",
    "nl": "niet niets geen nooit niemand zonder",
    "pt": "não nunca nada ninguém nenhum nenhuma sem jamais",
}

NUMBERS: Mapping[str, str] = {
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf hundert tausend",
    "en": "two three four five six seven eight nine ten eleven twelve hundred thousand"
    " twice first second third half double",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce cien mil",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze cent mille",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici cento mille",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf honderd duizend",
    "pt": "dois duas três quatro cinco seis sete oito nove dez onze doze cem mil",
}

DATES: Mapping[str, str] = {
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz april"
    " mai juni juli august september oktober november dezember heute gestern morgen",
    "en": "monday tuesday wednesday thursday friday saturday sunday january february april june"
    " july august september october november december today yesterday tomorrow",
    "es": "lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo"
    " junio julio agosto septiembre octubre noviembre diciembre hoy ayer mañana",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril mai"
    " juin juillet août septembre octobre novembre décembre hier demain",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica gennaio febbraio marzo aprile"
    " maggio giugno luglio agosto settembre ottobre novembre dicembre oggi ieri domani",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart april"
    " mei juni juli augustus september oktober november december vandaag gisteren morgen",
    "pt": "segunda terça quarta quinta sexta sábado domingo janeiro fevereiro março abril maio"
    " junho julho agosto setembro outubro novembro dezembro hoje ontem amanhã",
}

# Of two texts of which one says the left and the other the right, one is no answer to the other.
OPPOSITES = (
    ("enable enabled enabling", "disable disabled disabling"),
    ("activate activated activating", "deactivate deactivated deactivating"),
    ("on", "off"),
    ("increase increased raise higher more", "decrease decreased reduce lower less"),
    ("buy bought buying", "sell sold selling"),
    ("big bigger large larger", "small smaller"),
    ("early earlier", "late later"),
    ("cancel cancelled canceled cancelling", "renew renewed renewing"),
    ("open opened opening", "close closed closing"),
    ("send sent sending", "receive received receiving"),
    ("incoming", "outgoing"),
    ("add added adding", "remove removed removing"),
)

# Plurals and signs are other ways to write the same currency.
CURRENCIES: Mapping[str, str] = {
    "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur",
    "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd",
    "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "quid": "gbp",
    "¥": "jpy", "jpy": "jpy", "yen": "jpy", "₹": "inr", "inr": "inr", "rupees": "inr",
    "chf": "chf", "sek": "sek", "nok": "nok", "dkk": "dkk", "pln": "pln", "czk": "czk",
    "aud": "aud", "cad": "cad", "nzd": "nzd", "sgd": "sgd", "hkd": "hkd", "cny": "cny",
    "rub": "rub", "brl": "brl", "mxn": "mxn", "try": "try", "zar": "zar", "btc": "btc",
}  # fmt: skip


def words_of(words: Mapping[str, str], language: str) -> frozenset[str]:
    """The casefolded words of a list in one language."""
    return frozenset((words.get(language) or " ".join(words.values())).split())
