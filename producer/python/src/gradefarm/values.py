"""The value codec: what a tested function takes and returns, as JSON with tags. schemas/README.md, "Values", is the
contract; tests hold this file against its table."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

from .errors import InvalidRequestError

_MAX_DEPTH = 200
_PLAIN = (str, int, bool, type(None))


def encode_value(value: Any, _depth: int = 0) -> Any:
    """The JSON form of a Python value. Raises InvalidRequestError for what has none (functions, objects, …)."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() or not _has_surrogates(value) else {
            "$str": base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    if kind is int or kind is bool or value is None:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        return {"$float": "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}
    if _depth >= _MAX_DEPTH:
        raise InvalidRequestError(f"a value nests deeper than {_MAX_DEPTH} levels")
    below = _depth + 1
    if isinstance(value, tuple):
        return {"$tuple": [encode_value(item, below) for item in value]}
    if isinstance(value, list):
        return [encode_value(item, below) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"$set": [encode_value(item, below) for item in sorted(value, key=repr)]}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        if all(type(key) is str and not key.startswith("$") and not _has_surrogates(key) for key in value):
            return {key: encode_value(item, below) for key, item in value.items()}
        return {"$dict": [[encode_value(key, below), encode_value(item, below)] for key, item in value.items()]}
    for base in (bool, int, float, str):  # subclasses, as IntEnum and numpy.float64
        if isinstance(value, base):
            return encode_value(base(value), below)
    raise InvalidRequestError(f"a value of type {kind.__name__} has no form in a request")


class Opaque:
    """Stands for a returned object that has no value form. Equal to nothing but itself."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name} object>"


def decode_value(value: Any) -> Any:
    """The Python value of a JSON form, as in `CaseResult.actual`. Raises ValueError where it is none.

    Members of a set and keys of a dict that cannot be hashed make it a list, of the members or of pairs.
    """
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if not tag.startswith("$"):
        return {key: decode_value(item) for key, item in value.items()}
    if len(value) != 1:
        raise ValueError(f"a tag beside other members: {sorted(value)}")
    content = value[tag]
    try:
        if tag == "$tuple":
            return tuple(decode_value(item) for item in content)
        if tag == "$set":
            return _hashed(set, [decode_value(item) for item in content])
        if tag == "$dict":
            return _hashed(dict, [(decode_value(key), decode_value(item)) for key, item in content])
        if tag == "$bytes":
            return base64.b64decode(content, validate=True)
        if tag == "$str":
            return base64.b64decode(content, validate=True).decode("utf-8", "surrogatepass")
        if tag == "$int":
            return int(content)
        if tag == "$float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
        if tag == "$type":
            return Opaque(content)
    except (TypeError, KeyError, binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{tag}: {error}") from error
    raise ValueError(f"unknown tag {tag}")


def _hashed(make: Any, items: list[Any]) -> Any:
    try:
        return make(items)
    except TypeError:
        return items


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
