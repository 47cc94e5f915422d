"""Names of people and postal addresses that the text itself gives away."""

import pytest

from server.privacy.addresses import find_addresses
from server.privacy.names import find_names
from tests.unit.privacy.finding import found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Jane Doe and I have a question", "Jane Doe"),
        ("my name is jane", "jane"),
        ("My surname is Doe", "Doe"),
        ("I'm Jane Doe, a customer", "Jane Doe"),
        ("this is Jane from accounting", "Jane"),
        ("hi, i'm john smith and waiting", "john smith"),
        ("i am anna and waiting", "anna"),
        ("ich heiße Jürgen von der Heide.", "Jürgen von der Heide"),
        ("Dear John,\nwhere is it?", "John"),
        ("Hi Ludwig van Beethoven,", "Ludwig van Beethoven"),
        ("Where is it?\n\nBest regards,\nJane Q. Doe", "Jane Q. Doe"),
        ("Where is it? Thanks, Jane", "Jane"),
        ("Mit freundlichen Grüßen\nJürgen Müller\n", "Jürgen Müller"),
        ("Please ask Mrs. O'Hara about it", "O'Hara"),
        ("Name: Jane Doe\nPlan: Pro", "Jane Doe"),
        ("From: Jane Doe <jane@example.com>", "Jane Doe"),
        ("my name is john smith", "john smith"),
        ("my name is john smith and i need help", "john smith"),
        ("my name is priyanka raman, order 5", "priyanka raman"),
        ("my name is john smith need help quickly with it", "john smith"),
        ("my name is jane can you help", "jane"),
        ("My name is Maria garcia lopez", "Maria garcia lopez"),
        ("name: jane doe\nplan: pro", "jane doe"),
        ("hi john, i need help", "john"),
        ("hi john i need help", "john"),
        ("Hi Jane please help", "Jane"),
        ("dear john,\nwhere is it?", "john"),
        ("dear priyanka,\nwhere is it?", "priyanka"),
        ("dear mr smith,\nwhere is it?", "smith"),
        ("where is it?\n\nthanks\njoe", "joe"),
        ("where is it? thanks, joe", "joe"),
        ("where is it?\nyours truly\njoe bloggs", "joe bloggs"),
        ("where is it?\nkind regards,\npriyanka raman\n", "priyanka raman"),
        ("where is it?\n--\nJoe Bloggs", "Joe Bloggs"),
        ("where is it?\n-- \njoe bloggs\nsales", "joe bloggs"),
    ],
)
def test_words_around_a_name_give_it_away(text: str, name: str) -> None:
    assert found(find_names, text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Dear Support Team,\nwhere is it?",
        "Hi, I have a question",
        "Hello there!",
        "I am very angry",
        "i'm still waiting",
        "I'm German and I like it",
        "my name is wrong on the invoice",
        "This is Unacceptable.",
        "Thanks\nStill waiting for an answer",
        "Thank you for the quick answer",
        "It is the best in Germany",
        "hi there, where is it",
        "hi team, where is it",
        "hello again,\nwhere is it",
        "hi urgent refund please",
        "dear support,\nwhere is it",
        "dear sir or madam,",
        "dear valued customer,",
        "thanks\nplease",
        "thanks in advance\nstill waiting",
        "thanks\ncan you also check the invoice",
        "which is best\npro plan",
        "--\nplan: pro",
        "--\nSent from my phone",
        "the name is not shown",
        "name: please change it",
        "mr and mrs",
    ],
)
def test_where_nobody_is_named_nothing_is_found(text: str) -> None:
    assert found(find_names, text) == []


@pytest.mark.parametrize(
    "address",
    [
        "12 High Street",
        "1600 Pennsylvania Avenue",
        "12 High Street, Apt. 4\nSpringfield, IL 62704",
        "9543 1819 St. John Street",
        "221B Baker St, London NW1 6XE",
        "12 rue de la Paix",
        "Via Roma 3",
        "Hauptstraße 5",
        "Damrakstraat 12a",
        "P.O. Box 1234",
        "PSC 1437, Box 3833\nAPO AA 66791",
        "12 high street, london",
        "12 high street, london nw1 6xe",
        "221b baker street",
        "1600 pennsylvania avenue, washington 20500",
        "5 st. john road",
    ],
)
def test_a_postal_address_is_found_whole(address: str) -> None:
    assert found(find_addresses, f"please send it to\n{address}\n, as always") == [address]


def test_what_is_announced_as_an_address_is_one() -> None:
    text = "My address is Dunajska 56, Bratislava. Please change it by Monday."
    assert found(find_addresses, text) == ["Dunajska 56, Bratislava"]


def test_a_street_in_small_letters_ends_where_the_sentence_goes_on() -> None:
    text = "it is 12 high street, please send it, or 3 apple road, leeds and not 4 elm lane, thanks"
    assert found(find_addresses, text) == ["12 high street", "3 apple road, leeds", "4 elm lane"]


@pytest.mark.parametrize(
    "text",
    [
        "I bought 3 on the way home",
        "shipped to Germany on 5 May",
        "we have 25 users in 3 teams",
        "1 October was the day, 20 dollars the price",
        "order ID 12345 in 2 parts",
        "3 people on the street, 2 days down the road",
        "call 24 hours road assistance",
        "25 users, the high street shop",
        "I live in Germany",
    ],
)
def test_other_numbers_are_no_addresses(text: str) -> None:
    assert found(find_addresses, text) == []
