"""Taxonomies as JSON files, and what differs between two of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from betterproto2 import Casing

from switchyard_client.messages.switchyard.triage.v1 import Category, EscalationPolicy, Taxonomy

_OUTPUT_ONLY = ("revision", "update_time")
_TAXONOMY_FIELDS: Mapping[str, type] = {"etag": str, "categories": list}
_CATEGORY_FIELDS: Mapping[str, type] = {
    "name": str,
    "title": str,
    "description": str,
    "examples": list,
    "escalation_policy": str,
    "estimated_resolution": str,
    "reply_text": str,
}
_KINDS: Mapping[type, str] = {str: "text", list: "a list", dict: "an object"}


class InvalidTaxonomyFile(ValueError):
    """A file that holds no taxonomy: the message says where, and what is wrong."""


def dump_taxonomy(taxonomy: Taxonomy) -> str:
    """As JSON, by the names of the contract; `load_taxonomy` reads it back."""
    return json.dumps(taxonomy.to_dict(casing=Casing.SNAKE), ensure_ascii=False, indent=2)


def load_taxonomy(text: str) -> Taxonomy:
    """Of JSON as written by `dump_taxonomy`; what is output only is left out.

    Raises InvalidTaxonomyFile.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidTaxonomyFile(
            f"line {error.lineno} is no JSON: {error.msg.removesuffix(' at')}"
        ) from None
    _check_kind(values, "the file", dict)
    values = {name: value for name, value in values.items() if name not in _OUTPUT_ONLY}
    _check_fields(values, "the file", _TAXONOMY_FIELDS)
    for i, category in enumerate(values.get("categories", [])):
        _check_category(category, f"categories[{i}]")
    try:
        return Taxonomy.from_dict(values)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidTaxonomyFile(str(error)) from None


def _check_category(category: object, place: str) -> None:
    _check_fields(category, place, _CATEGORY_FIELDS)
    if not isinstance(category, dict):
        return
    for i, example in enumerate(category.get("examples", [])):
        _check_kind(example, f"{place}.examples[{i}]", str)
    policies = [str(policy.proto_name) for policy in EscalationPolicy]
    if category.get("escalation_policy", policies[0]) not in policies:
        raise InvalidTaxonomyFile(
            f"{place}.escalation_policy: must be one of {', '.join(policies)}"
        )
    _check_duration(category.get("estimated_resolution", "1s"), place)


def _check_duration(text: str, place: str) -> None:
    try:
        is_duration = text.endswith("s") and float(text[:-1]) >= 0
    except ValueError:
        is_duration = False
    if not is_duration:
        raise InvalidTaxonomyFile(
            f'{place}.estimated_resolution: must be seconds such as "86400s", not {text!r}'
        )


def _check_fields(values: object, place: str, fields: Mapping[str, type]) -> None:
    _check_kind(values, place, dict)
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        if name not in fields:
            raise InvalidTaxonomyFile(
                f"{place}: there is no field {name!r}, only {', '.join(fields)}"
            )
        _check_kind(value, f"{place}.{name}", fields[name])


def _check_kind(value: object, place: str, kind: type) -> None:
    if not isinstance(value, kind):
        raise InvalidTaxonomyFile(f"{place}: must be {_KINDS[kind]}")


@dataclass(frozen=True, slots=True)
class TaxonomyChange:
    """Names of categories that come, go, or change; of those that change, what does."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare_taxonomies(old: Taxonomy, new: Taxonomy) -> TaxonomyChange:
    """What turns `old` into `new`."""
    before = {category.name: category for category in old.categories}
    after = {category.name: category for category in new.categories}
    details = {name: _details(before[name], after[name]) for name in after if name in before}
    return TaxonomyChange(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed={name: text for name, text in details.items() if text},
    )


def _details(old: Category, new: Category) -> str:
    names = [n for n in _CATEGORY_FIELDS if n != "examples" and getattr(old, n) != getattr(new, n)]
    gained, lost = _only_in(new.examples, old.examples), _only_in(old.examples, new.examples)
    if gained or lost:
        names.append(f"examples (+{gained} -{lost})")
    elif old.examples != new.examples:
        names.append("order of examples")
    return ", ".join(names)


def _only_in(these: Iterable[str], those: Iterable[str]) -> int:
    return len(set(these) - set(those))
