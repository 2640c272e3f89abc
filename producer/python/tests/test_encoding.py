"""The record of a request: the bytes that the encoder of `json` makes of its wire form."""

from __future__ import annotations

import dataclasses
import json
import random

import pytest
from test_schemas import requests

from gradefarm import Farm, InvalidRequestError, Request, StdinCase, StdinStdout, Submission
from gradefarm.encoding import quoted

FARM = Farm("127.0.0.1:9", trainer="t")
LENGTHS = [0, 1, 199, 200, 201, 5000]


def code_of(text: str, **more: object) -> Request:
    return Request(Submission("python", code=text, **more), StdinStdout([StdinCase(text, text)]), request_id="r")


@pytest.mark.parametrize("request_", list(requests()), ids=lambda request: type(request.evaluation).__name__)
def test_a_request_and_its_wire_form_are_the_same_bytes(request_):
    request_.request_id = "r"
    assert FARM._encoded(request_).value == FARM._encoded(request_.to_wire()).value


@pytest.mark.parametrize("kind", [Request, Submission, StdinStdout, StdinCase])
def test_the_requests_above_have_every_member(kind):
    parts = [part for r in requests() for part in (r, r.submission, r.evaluation, *getattr(r.evaluation, "cases", ()))]
    names = [field.name for field in dataclasses.fields(kind)]
    given = {name for part in parts if type(part) is kind for name in names if getattr(part, name) is not None}
    assert given == set(names)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("alphabet", ["ab\n", 'a"\\\n\r\t', "".join(map(chr, range(0x80))), "é\n\u2028😀\x7f\0"])
def test_texts_are_quoted_as_json_does(alphabet, length):
    text = "".join(random.Random(length).choices(alphabet, k=length))
    assert quoted(text) == json.dumps(text, ensure_ascii=False)
    assert json.loads(FARM._encoded(code_of(text)).value)["submission"]["code"] == text


@pytest.mark.parametrize("code", [*map(chr, range(0x20)), '"', "\\", "\x7f"], ids=repr)
def test_every_character_that_json_escapes_is_escaped_in_a_long_text(code):
    text = "a" * 300 + code + "b"
    assert quoted(text) == json.dumps(text, ensure_ascii=False)


def test_a_text_of_a_class_of_its_own_is_a_text():
    class Code(str):
        __slots__ = ()

    assert FARM._encoded(code_of(Code("x" * 500))).value == FARM._encoded(code_of("x" * 500)).value


def test_parts_may_change_between_two_requests():
    case = StdinCase("1", "1")
    request = Request(Submission("python", code="1"), StdinStdout([case]))
    FARM._encoded(request)
    case.stdout = "2"
    request.submission.code = "2"
    body = json.loads(FARM._encoded(request).value)
    assert (body["evaluation"]["cases"], body["submission"]["code"]) == ([{"stdin": "1", "stdout": "2"}], "2")


@pytest.mark.parametrize("request_", [
    code_of("\ud800"), code_of("x" * 300 + "\ud800"), code_of("x", files=5), code_of("x", completion=object()),
    Request(Submission("python", code="x"), None), Request(None, StdinStdout([])),
    Request(Submission("python", code="x"), StdinStdout([None])), Request(Submission(None, code="x"), StdinStdout([])),
    Request(Submission("python", code="x"), StdinStdout([]), step=float("nan")),
    Request(Submission("python", code="x"), StdinStdout([]), metadata={"a": {1}}),
    Request(Submission("python", code="x"), StdinStdout([]), deadline_unix_ms="soon")])
def test_what_has_no_json_form_is_refused(request_):
    with pytest.raises(InvalidRequestError):
        FARM._encoded(request_)
