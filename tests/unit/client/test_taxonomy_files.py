"""Taxonomies as JSON: read back as written, and refused with the place of the fault."""

from datetime import timedelta

import pytest
from switchyard_client import Category, EscalationPolicy, Taxonomy
from switchyard_client.taxonomy_files import (
    InvalidTaxonomyFile,
    compare_taxonomies,
    dump_taxonomy,
    load_taxonomy,
)

BILLING = Category(
    name="billing",
    title="Billing",
    description="Money",
    examples=["charged twice", "ünïcode"],
    escalation_policy=EscalationPolicy.ALWAYS,
    estimated_resolution=timedelta(hours=30),
    reply_text="Sorry.",
)
TAXONOMY = Taxonomy(
    etag="3-abc",
    revision=3,
    categories=[BILLING, Category(name="shipping", title="Shipping", examples=["where is it"])],
)


def changed(**values: object) -> Category:
    """Billing with other values."""
    category = Category.parse(bytes(BILLING))
    for name, value in values.items():
        setattr(category, name, value)
    return category


def test_a_taxonomy_is_read_back_as_written() -> None:
    read = load_taxonomy(dump_taxonomy(TAXONOMY))
    assert (read.etag, read.categories) == (TAXONOMY.etag, TAXONOMY.categories)


def test_what_is_output_only_is_not_read() -> None:
    read = load_taxonomy('{"revision": 3, "update_time": "yesterday", "etag": "x"}')
    assert read == Taxonomy(etag="x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1 is no JSON"),
        ("[]", "the file: must be an object"),
        ('{"catgories": []}', "the file: there is no field 'catgories'"),
        ('{"categories": {}}', "the file.categories: must be a list"),
        ('{"categories": ["x"]}', r"categories\[0\]: must be an object"),
        ('{"categories": [{"titel": ""}]}', r"categories\[0\]: there is no field 'titel'"),
        ('{"categories": [{"name": 1}]}', r"categories\[0\].name: must be text"),
        ('{"categories": [{"examples": [1]}]}', r"categories\[0\].examples\[0\]: must be text"),
        ('{"categories": [{"escalation_policy": "NEVER"}]}', "must be one of ESCALATION_POLICY_"),
        ('{"categories": [{"estimated_resolution": "2h"}]}', 'must be seconds such as "86400s"'),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(InvalidTaxonomyFile, match=problem):
        load_taxonomy(text)


def test_equal_taxonomies_do_not_differ() -> None:
    assert not compare_taxonomies(TAXONOMY, load_taxonomy(dump_taxonomy(TAXONOMY)))


def test_what_comes_goes_and_changes_is_told_apart() -> None:
    examples = ["charged twice", "a refund, please", "an invoice"]
    billing = changed(title="Money", examples=examples)
    change = compare_taxonomies(TAXONOMY, Taxonomy(categories=[billing, Category(name="new")]))
    assert change.added == ("new",)
    assert change.removed == ("shipping",)
    assert change.changed == {"billing": "title, examples (+2 -1)"}
