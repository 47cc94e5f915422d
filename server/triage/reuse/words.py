"""Words that decide whether two texts can mean the same: negations, numbers, currencies, dates,
opposites, brands.

Languages that are not listed get the words of all that are. Lists are closed ones: what nobody can
list, such as towns in lower case, is left to the audits.
"""

from collections.abc import Iterable, Mapping
from itertools import product

NEGATIONS: Mapping[str, str] = {
    "de": "nicht nichts kein keine keinen keinem keiner keines nie niemals niemand ohne weder",
    "en": "not no never none nothing nobody nowhere neither nor cannot without unable aint arent"
    " cant couldnt didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neednt shant"
    " shouldnt wasnt werent wont wouldnt",
    "es": "no nunca nada nadie ninguno ninguna ningún sin jamás tampoco",
    "fr": "ne pas jamais rien personne aucun aucune sans ni",
    "it": "non no mai niente nulla nessuno nessuna senza né",
    "nl": "niet niets geen nooit niemand zonder",
    "pt": "não nunca nada ninguém nenhum nenhuma sem jamais",
}


def _joined(ones: str, between: Iterable[str], tens: str) -> str:
    """Numbers that are written as one word, such as "einundzwanzig"."""
    return " ".join(map("".join, product(ones.split(), between, tens.split())))


_DE_ONES = "ein zwei drei vier fünf sechs sieben acht neun"
_DE_TENS = "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"
_IT_TENS = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
_NL_ONES = "een twee drie vier vijf zes zeven acht negen"
_NL_TENS = "twintig dertig veertig vijftig zestig zeventig tachtig negentig"

# The German "ein", as its like in other languages, is mostly an article. "ß" is folded to "ss".
NUMBERS: Mapping[str, str] = {
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    f" fünfzehn sechzehn siebzehn achtzehn neunzehn {_DE_TENS} hundert tausend million millionen"
    " dutzend halb halbe minus einmal zweimal dreimal doppelt"
    f" {_joined(_DE_ONES, ['und'], _DE_TENS)} {_joined(_DE_ONES, [''], 'hundert tausend')}",
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty"
    " ninety hundred hundreds thousand thousands million millions billion dozen dozens minus once"
    " twice thrice first second third fourth fifth sixth seventh eighth ninth tenth half double"
    " triple",
    "es": "cero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintiún veintidós veintitrés"
    " veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta cuarenta"
    " cincuenta sesenta setenta ochenta noventa cien ciento doscientos trescientos cuatrocientos"
    " quinientos seiscientos setecientos ochocientos novecientos mil millón millones docena menos",
    "fr": "zéro deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze"
    " seize vingt vingts trente quarante cinquante soixante septante huitante nonante cent"
    " cents mille million millions douzaine quinzaine moins",
    "it": "zero due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici"
    " quindici sedici diciassette diciotto diciannove"
    f" {_joined(_IT_TENS, [''], 'due tre tré quattro cinque sei sette nove')}"
    f" {_joined('vent trent quarant cinquant sessant settant ottant novant', [''], 'uno otto')}"
    f" {_IT_TENS} cento duecento trecento quattrocento cinquecento seicento settecento ottocento"
    " novecento mille duemila tremila"
    " milione milioni dozzina meno",
    "nl": "nul twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien"
    f" zestien zeventien achttien negentien {_NL_TENS} honderd duizend miljoen dozijn half min"
    f" {_joined(_NL_ONES, ['en', 'ën'], _NL_TENS)} {_joined(_NL_ONES, [''], 'honderd duizend')}",
    "pt": "zero dois duas três quatro cinco seis sete oito nove dez onze doze treze catorze"
    " quatorze quinze dezesseis dezasseis dezessete dezassete dezoito dezenove dezanove"
    " vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento duzentos"
    " trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos mil"
    " milhão milhões dúzia menos",
}

# What groups the digits of thousands. Where a language is not listed, "1.500" is compared as it
# stands.
THOUSANDS: Mapping[str, str] = {"de": ".", "en": ",", "es": ".", "it": ".", "nl": ".", "pt": "."}

DATES: Mapping[str, str] = {
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz april"
    " mai juni juli august september oktober november dezember heute gestern morgen",
    "en": "monday tuesday wednesday thursday friday saturday sunday january february march april"
    " june july august september october november december jan feb apr jun jul aug sept oct"
    " nov dec today tonight yesterday tomorrow weekend",
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

# The month alone, and not "may I" or "it may".
MAY = (
    r"\b(?:in|since|until|till|by|of|from|last|next|early|late|mid|\d(?:st|nd|rd|th)?)[ -]may\b"
    r"|\bmay \d"
)

# Of two texts of which one says the left and the other the right, one is no answer to the other.
# Two words are joined by "_".
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
    (
        "login log_in logged_in logging_in logs_in signin sign_in signed_in signing_in",
        "logout log_out logged_out logging_out logs_out signout sign_out signed_out signing_out"
        " log_off logged_off",
    ),
    ("debit", "credit"),
    ("upgrade upgraded upgrading", "downgrade downgraded downgrading"),
    ("lock locked locking", "unlock unlocked unlocking"),
    ("subscribe subscribed subscribing", "unsubscribe unsubscribed unsubscribing"),
    ("upload uploaded uploading", "download downloaded downloading"),
    ("import imported importing", "export exported exporting"),
    ("top_up topped_up topping_up deposit deposited", "withdraw withdrew withdrawing withdrawal"),
)

# Names of ways to pay and of what runs an app: they are told apart in lower case, too.
BRANDS = (
    "visa mastercard amex maestro paypal venmo klarna stripe sepa zelle revolut alipay applepay"
    " googlepay apple google samsung iphone ipad ios android windows macos mac macbook linux"
    " chrome firefox safari"
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
