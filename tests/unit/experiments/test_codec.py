"""What is stored of experiments comes back as it was."""

from datetime import UTC, datetime
from typing import Any, get_type_hints

import orjson
from hypothesis import given
from hypothesis import strategies as st

from server.experiments.codec import (
    decode_conclusion,
    decode_design,
    decode_moment,
    decode_parameters,
    encode_conclusion,
    encode_design,
    encode_moment,
    encode_parameters,
)
from server.experiments.experiment import (
    Allocation,
    Conclusion,
    Design,
    Metric,
    MetricKind,
    Parameters,
    StoppingRule,
    Variant,
)
from server.experiments.results import Interval, Moment, VariantMoment
from tests.unit.experiments.conditions import conditions
from tests.unit.experiments.designs import NOW

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
parameters = st.dictionaries(
    st.text(), st.text() | numbers | st.integers(-(2**63), 2**63 - 1) | st.booleans(), max_size=3
)

BY_TYPE: dict[object, st.SearchStrategy[Any]] = {
    int: counts,
    float: numbers,
    float | None: st.none() | numbers,
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def built(kind: type, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any instance of a dataclass, every field of it drawn."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in fields}
    drawn = {name: BY_TYPE.get(hint, st.from_type(hint)) for name, hint in hints.items()}
    return st.builds(kind, **drawn, **fields)


def several(kind: type, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(built(kind, **fields), max_size=3).map(tuple)


designs = built(
    Design,
    variants=several(Variant, parameters=parameters),
    metrics=several(Metric),
    allocation=built(Allocation),
    stopping=built(StoppingRule),
    targeting=st.none() | conditions,
)
standings = several(VariantMoment, lift_interval=st.none() | built(Interval))


def stored(record: Any) -> Any:
    """A record that was written and read."""
    return orjson.loads(orjson.dumps(record))


@given(designs)
def test_any_design_comes_back(design: Design) -> None:
    assert decode_design(stored(encode_design(design))) == design


@given(parameters)
def test_any_parameters_come_back_with_their_types(given_ones: Parameters) -> None:
    back = decode_parameters(stored(encode_parameters(given_ones)))
    assert back == given_ones
    assert [type(value) for value in back.values()] == [type(v) for v in given_ones.values()]


def test_a_number_stays_one_where_the_database_took_it_for_a_whole_one() -> None:
    assert encode_parameters({"limit": 1e30}) == {"limit": {"number": 1e30}}
    assert type(decode_parameters({"limit": {"number": 10**30}})["limit"]) is float


@given(built(Conclusion))
def test_any_conclusion_comes_back(conclusion: Conclusion) -> None:
    assert decode_conclusion(stored(encode_conclusion(conclusion))) == conclusion


@given(built(Moment, variants=standings))
def test_any_moment_comes_back(moment: Moment) -> None:
    assert decode_moment(stored(encode_moment(moment))) == moment


def test_what_an_older_record_lacks_gets_its_default() -> None:
    record = {
        "variants": [{"name": "a", "weight": 1.0}],
        "metrics": [{"name": "solved", "kind": 1}],
        "allocation": {},
    }
    expected = Design((Variant("a", 1.0),), (Metric("solved", MetricKind.BINARY),))
    assert decode_design(record) == expected


def test_what_a_record_holds_beyond_the_design_is_left_alone() -> None:
    record = encode_design(Design((), ()))
    assert decode_design({**record, "added_later": 1}) == Design((), ())


def test_an_older_conclusion_gets_defaults() -> None:
    record = {"ending": 4, "variant": "", "explanation": "Enough.", "time": NOW.isoformat()}
    assert decode_conclusion(record).units == 0
