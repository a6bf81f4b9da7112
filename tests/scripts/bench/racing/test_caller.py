"""What the race takes for a wrong answer."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from scripts.bench.racing.caller import Caller, Tally


@dataclass
class Answers:
    """A session that gives one answer, or fails."""

    status: int
    body: object = None
    headers: tuple[str, ...] = ()

    def request(self, *_args: object, **_sent: object) -> requests.Response:
        if self.status == 0:
            raise requests.ConnectionError
        answer = requests.Response()
        answer.status_code = self.status
        answer._content = b"" if self.body is None else json.dumps(self.body).encode()
        answer.headers.update(dict.fromkeys(self.headers, "1"))
        return answer


def asked(*may: str, status: int, body: object = None, headers: tuple[str, ...] = ()) -> tuple[Any, Tally]:
    http: Any = Answers(status, body, headers)
    caller = Caller("http://127.0.0.1", "token", Tally(), http)
    return caller.ask("rename", "PATCH", "/x", may=may), caller.tally


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, {"id": 1}, ()),
        (409, {"code": "name_in_use"}, ()),
        (503, {"code": "busy"}, ("Retry-After",)),
    ],
)
def test_an_answer_that_may_be_given_is_right(status: int, body: object, headers: tuple[str, ...]) -> None:
    _, tally = asked("200", "409 name_in_use", status=status, body=body, headers=headers)

    assert (tally.wrong, tally.answers, tally.busy) == ([], 1, int(status == 503))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, {}),
        (409, {"code": "key_in_use"}),
        (404, {"code": "peer_not_found"}),
        (500, {"code": "internal"}),
        (502, "no problem of ours"),
        (503, {"code": "busy"}),  # without Retry-After
        (0, None),
    ],
)
def test_any_other_is_wrong(status: int, body: object) -> None:
    _, tally = asked("200", "409 name_in_use", status=status, body=body)

    assert (len(tally.wrong), tally.answers) == (1, 1)


def test_a_success_is_answered_by_its_body_and_a_refusal_by_nothing() -> None:
    assert asked("200", status=200, body={"id": 1})[0] == {"id": 1}
    assert asked("204", status=204)[0] == {}
    assert asked("409 name_in_use", status=409, body={"code": "name_in_use"})[0] is None
