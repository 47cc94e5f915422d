"""Reads the file of providers. What is wrong with it is told by field; no value of it is repeated,
for it could be a key in the wrong place.
"""

import os
import re
import ssl
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.engines.llm.provider import Provider, Providers

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
MOST = 1e9  # of any number
MAY_BE_ZERO = {"input_usd_per_million", "output_usd_per_million", "most_corrections"}
KEY_FIELDS = ("key_env", "key_file")
UNFIT_KEY = "a line break or another character that no key has"
REQUIRED = ("name", "base_url", "model")

Record = Mapping[str, Any]


class InvalidProviders(Exception):
    """A file of providers that cannot be used: each fault with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_providers(path: Path, environment: Mapping[str, str] = os.environ) -> Providers:
    """The providers of a TOML file. Raises InvalidProviders."""
    try:
        record = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProviders([f"{path} cannot be read: {error}"]) from None
    entries = record.pop("provider", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidProviders(["there is no [[provider]]; add one for each model"])
    faults: list[str] = []
    terms = _values("the file", record, Providers, {"providers"}, faults)
    found = [
        _provider(number, entry, environment, faults) for number, entry in enumerate(entries, 1)
    ]
    times = Counter(entry.get("name") for entry in found)
    faults += [
        f"{count} providers have one name; names are unique"
        for count in times.values()
        if count > 1
    ]
    if faults:
        raise InvalidProviders(faults)
    return Providers(providers=tuple(Provider(**values) for values in found), **terms)


def _provider(
    number: int, entry: Record, environment: Mapping[str, str], faults: list[str]
) -> dict[str, Any]:
    """The fields of a provider."""
    place = f"provider {number}"
    others = {name: value for name, value in entry.items() if name not in KEY_FIELDS}
    if others.pop("key", None) is not None:
        faults.append(f"{place}: key must not stand in this file; give key_env or key_file")
    found = _values(place, others, Provider, {"key"}, faults)
    faults += [f"{place}: {name} is missing" for name in REQUIRED if not entry.get(name)]
    if found.get("name") and not NAME.fullmatch(found["name"]):
        rule = "at most 40 letters, digits, points, hyphens and underscores"
        faults.append(f"{place}: name must be {rule}")
    if found.get("base_url") and not _is_base_url(found["base_url"]):
        rule = "http:// or https://, a host and a path, without user, password or query"
        faults.append(f"{place}: base_url must be {rule}; a port is from 1 to 65535")
    if not found.get("model", "").isprintable():
        faults.append(f"{place}: model must have no line break or other control character")
    found["key"] = _key(place, entry, environment, faults)
    if not can_be_key(found["key"]):
        faults.append(f"{place}: the key holds {UNFIT_KEY}")
    return found


def can_be_key(text: str) -> bool:
    """Whether a header can carry it; empty: there is none."""
    return text.isascii() and text.isprintable()


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_port = parts.port != 0  # none at all will do
    except ValueError:
        return False
    is_plain = text.isprintable() and not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_port and is_plain


def _key(place: str, entry: Record, environment: Mapping[str, str], faults: list[str]) -> str:
    """The key that an entry names; empty: it names none, or wrongly."""
    named = [name for name in KEY_FIELDS if name in entry]
    if not named:
        return ""
    if len(named) > 1:
        faults.append(f"{place}: key_env and key_file are both given; keep one")
    elif not isinstance(entry[named[0]], str):
        faults.append(f"{place}: {named[0]} must be a text")
    elif named == ["key_env"]:
        return _key_of_variable(place, entry["key_env"], environment, faults)
    else:
        return _key_of_file(place, entry["key_file"], faults)
    return ""


def _key_of_variable(
    place: str, variable: str, environment: Mapping[str, str], faults: list[str]
) -> str:
    if not VARIABLE.fullmatch(variable):  # perhaps the key itself
        faults.append(f"{place}: key_env must name a variable, in capital letters")
        return ""
    key = environment.get(variable, "").strip()
    if not key:
        faults.append(f"{place}: the variable {variable} (key_env) is not set; set it to the key")
    return key


def _key_of_file(place: str, path: str, faults: list[str]) -> str:
    try:
        key = Path(path).read_text("utf-8").strip()
    except (OSError, ValueError):
        faults.append(f"{place}: key_file must name a file that can be read")
        return ""
    if not key:
        faults.append(f"{place}: the file of key_file is empty; write the key into it")
    return key


def _values(
    place: str, record: Record, kind: Any, hidden: set[str], faults: list[str]
) -> dict[str, Any]:
    """The fields of a dataclass in a record, in their types."""
    types = {f.name: f.type for f in fields(kind) if f.name not in hidden}
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name not in types:
            known = ", ".join(sorted({*types, *(KEY_FIELDS if kind is Provider else ())}))
            faults.append(f"{place}: {name} is unknown; known are {known}")
            continue
        try:
            found[name] = _typed(name, types[name], value)
        except _Unfit as error:
            faults.append(f"{place}: {name} must be {error}")
    return found


class _Unfit(Exception):
    """A value that a field cannot have; its text says what it must be."""


def _typed(name: str, kind: Any, value: object) -> Any:
    """A value of TOML as a field's type. Raises _Unfit."""
    if kind in {int, float, Decimal}:
        return _number(name, kind, value)
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise _Unfit("true or false")
    if not isinstance(value, str):
        raise _Unfit("a text")
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if value in set(kind):
            return kind(value)
        raise _Unfit(f"one of {', '.join(kind)}")
    if kind is str:
        return value.rstrip("/") if name == "base_url" else value
    if _holds_certificates(value):
        return Path(value)
    raise _Unfit("the path of a file that can be read and holds certificates as PEM")


def _holds_certificates(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        return False
    return True


def _number(name: str, kind: Any, value: object) -> Any:
    least = 0 if name in MAY_BE_ZERO else 1 if kind is int else 0.001
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_whole = isinstance(value, int) or kind is not int
    if is_number and is_whole and least <= float(str(value)) <= MOST:
        return kind(str(value))
    sort = "a whole number" if kind is int else "a number"
    raise _Unfit(f"{sort} from {least} to {MOST:.0f}")
