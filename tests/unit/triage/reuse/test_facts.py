"""What must be the same in two texts before one answer serves both."""

import pytest

from server.triage.reuse.facts import difference, facts_of


def differ(a: str, b: str, language: str = "en") -> str:
    return difference(facts_of(a, language), facts_of(b, language))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Where is my card?", "When will my card arrive?"),
        ("I'm sure I was charged twice", "twice charged, I've checked"),
        ("It costs 1,000.00 euros", "I paid €1000"),
        ("It does not work", "It doesn't work"),
        ("It doesn\u2019t work", "It doesn't work"),
        ("My order [ORDER_1] is late", "Late again: my order [ORDER_1]"),
        ("The screen said “declined”", 'I read "declined"'),
        ("The shoes are too small", "The shoes do fit me"),
        ("Turn it off and on", "I turned it on and off"),
        ("It isn't verified", "it isnt verified"),
        ("I am unable to pay", "I can't pay"),
        ("PayPal is slow", "Why is PayPal slow?"),
        ("Can I use my Visa?", "can i use my visa"),
        ("I may have paid twice", "Have I paid twice?"),
        ("It is -$20", "It is \u221220 $"),
        ("I paid 1,500 EUR", "I paid EUR 1500.00"),
    ],
)
def test_the_same_facts_in_other_words_are_no_difference(a: str, b: str) -> None:
    assert differ(a, b) == ""


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("I was charged 20 euros", "I was charged 90 euros", "numbers"),
        ("I was charged 1.5 euros", "I was charged 15 euros", "numbers"),
        ("I need two cards", "I need three cards", "numbers"),
        ("It arrives at 10:30", "It arrives at 10:45", "numbers"),
        ("It works", "It does not work", "negations"),
        ("I can pay", "I can't pay", "negations"),
        ("I can pay", "I cannot pay", "negations"),
        ("Can I use my Visa?", "Can I use my Mastercard?", "names"),
        ("Do you have the X200?", "Do you have the X300?", "numbers"),
        ("Where is order AB-12?", "Where is order AC-12?", "names"),
        ('It says "pending"', 'It says "declined"', "names"),
        ("My mail [EMAIL_1] changed", "My phone [PHONE_1] changed", "names"),
        ("How many dollars?", "How many euros?", "currencies"),
        ("I sent some USD", "I sent some usd", "names"),
        ("since yesterday", "since today", "dates"),
        ("since monday", "since friday", "dates"),
        ("Enable it for me", "Please disable it", "opposites"),
        ("The shoes are too small", "The shoes are too big", "opposites"),
        ("Cancel it, please", "Please renew it", "opposites"),
        ("It cost sixty dollars", "It cost ninety dollars", "numbers"),
        ("I wait twenty days", "I wait thirty days", "numbers"),
        ("I wait twenty days", "I wait twenty-one days", "numbers"),
        ("I miss one parcel", "I miss twenty parcels", "numbers"),
        ("I paid 1.500 EUR", "I paid 1,500 EUR", "numbers"),
        ("The balance is -20", "The balance is 20", "numbers"),
        ("The balance is -$20", "The balance is $20", "numbers"),
        ("it doesnt work", "it does work", "negations"),
        ("it didnt arrive", "it did arrive", "negations"),
        ("my card isnt verified", "my card is verified", "negations"),
        ("I am unable to pay", "I am able to pay", "negations"),
        ("PayPal does not work", "Venmo does not work", "names"),
        ("It fails. Ryanair refuses it", "It fails. Lufthansa refuses it", "names"),
        ("can i use my visa", "can i use my mastercard", "names"),
        ("on my iphone", "on my android", "names"),
        ("since march", "since may", "dates"),
        ("the bill of may", "the bill", "dates"),
        ("how do i log in", "how do i log out", "opposites"),
        ("Signing in fails", "Logout fails", "opposites"),
        ("my debit card", "my credit card", "opposites"),
    ],
)
def test_another_fact_is_a_difference(a: str, b: str, kind: str) -> None:
    assert differ(a, b, "en") == kind


@pytest.mark.parametrize(
    ("language", "a", "b"),
    [
        ("de", "es geht", "es geht nicht"),
        ("es", "funciona", "no funciona"),
        ("fr", "ça marche", "ça ne marche pas"),
        ("fr", "c'est bon", "ce n'est bon"),
        ("it", "funziona", "non funziona"),
        ("nl", "het werkt", "het werkt niet"),
        ("pt", "funciona", "não funciona"),
        ("sv", "it works", "it never works"),
    ],
)
def test_negations_are_seen_in_each_language(language: str, a: str, b: str) -> None:
    assert differ(a, b, language) == "negations"


@pytest.mark.parametrize(
    ("language", "a", "b"),
    [
        ("de", "Ich warte zwanzig Tage", "Ich warte dreißig Tage"),
        ("de", "Ich warte einundzwanzig Tage", "Ich warte zwanzig Tage"),
        ("de", "es sind zweihundert", "es sind dreihundert"),
        ("de", "es sind 1.500", "es sind 1,500"),
        ("es", "espero veintidós días", "espero treinta días"),
        ("fr", "vingt jours", "trente jours"),
        ("it", "da ventuno giorni", "da ventidue giorni"),
        ("nl", "tweeëntwintig dagen", "drieëntwintig dagen"),
        ("pt", "vinte dias", "trinta dias"),
    ],
)
def test_numbers_are_seen_in_each_language(language: str, a: str, b: str) -> None:
    assert differ(a, b, language) == "numbers"


def test_thousands_are_grouped_as_the_language_does() -> None:
    assert differ("es kostet 1.500", "1500 kostet es", "de") == ""
    assert differ("it costs 1.500", "it costs 1500", "en") == "numbers"


def test_texts_in_two_languages_differ() -> None:
    assert difference(facts_of("hotel", "en"), facts_of("hotel", "fr")) == "language"


def test_a_word_with_which_many_sentences_begin_is_no_name() -> None:
    assert facts_of("Hello. Where's it? Thanks: Bye", "en").names == ()


def test_in_other_languages_the_first_word_of_a_sentence_is_no_name() -> None:
    assert facts_of("Guten Tag. Wo ist sie?", "nl").names == ("tag",)
