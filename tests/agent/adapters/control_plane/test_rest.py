"""REST calls against a real server on loopback."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.control_plane.rest import Http, RestControlPlane, RestEnroller
from agent.adapters.linux.host import LinuxHost
from agent.errors import EnrollmentRefused, LeaveRefused, Outage, PeerDeleted
from chalicelib.wire.agent import EnrollRequest
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Applied, Heartbeat
from chalicelib.wire.problem import FieldError, Problem
from tests.agent.adapters.control_plane.rest_client import DEVICE_KEY, control_plane
from tests.agent.builders import NETWORK_ID, PEER_ID, a_tombstone, a_trust
from tests.agent.origin import Origin
from tests.agent.raw import Raw, body


def test_a_session_is_opened_by_an_assertion_of_the_device_key(origin: Origin) -> None:
    life_s = control_plane(origin).open_session()

    assert 3590 <= life_s <= 3600


def test_a_host_whose_clock_is_wrong_learns_the_time_and_gets_its_session(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.http.clock_offset_s = -7200  # as if the clock were two hours behind

    with pytest.raises(Outage):
        plane.open_session()

    assert plane.open_session() > 3500


def test_calls_share_a_connection(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    first = plane.http.connections.take()
    assert first is not None
    plane.http.connections.keep(first)

    plane.whole(None)
    plane.whole(None)

    assert plane.http.connections.take() is first


def test_reports_and_heartbeats_arrive_with_their_type(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    applied = Applied(generation=0, revision=5, hash="h", ok=True, ms=3)
    heartbeat = Heartbeat(instance_id="i", seq=4, generation=0, revision=5, hash="h")

    plane.report(applied)
    ack = plane.beat(heartbeat)

    assert origin.posted == [applied, heartbeat]
    assert (ack.seq, ack.wanted) == (4, 5)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503])
def test_a_refusal_is_an_outage_with_its_status(origin: Origin, status: int) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.fails_with = status

    with pytest.raises(Outage) as outage:
        plane.whole(None)

    assert outage.value.status == status


def test_a_refusal_says_when_to_ask_again(origin: Origin) -> None:
    origin.fails_with, origin.retry_after = 503, "7"

    with pytest.raises(Outage) as outage:
        control_plane(origin).open_session()

    assert outage.value.retry_after_s == 7


def test_a_redirect_is_not_followed(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.redirects_to = f"{origin.url}/elsewhere"

    with pytest.raises(Outage):
        plane.whole(None)

    assert "GET /elsewhere" not in origin.calls


def test_a_deleted_peer_is_told_with_its_tombstone(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.tombstone = a_tombstone()

    for call in (plane.open_session, lambda: plane.whole(None)):
        with pytest.raises(PeerDeleted) as deleted:
            call()
        assert deleted.value.tombstone == a_tombstone()


def test_silence_and_a_closed_port_are_outages_that_name_no_url(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.loses = 2  # by the kept connection, and by the fresh one after it
    with pytest.raises(Outage):
        plane.whole(None)
    origin.stop()

    with pytest.raises(Outage) as outage:
        plane.whole(None)

    assert outage.value.status is None
    assert str(outage.value) == "no answer from the control plane: connection refused"
    origin.restart()


def test_a_fetch_whose_answer_was_lost_is_asked_once_more_and_a_report_is_not(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()
    origin.loses = 1
    fetched_again = plane.whole(None)
    origin.loses = 1

    with pytest.raises(Outage, match="cut off"):
        plane.report(Applied(generation=0, revision=5, hash="h", ok=True, ms=3))

    assert fetched_again is not None
    assert origin.calls.count("GET /api/v1/agent/bundle") == 2
    assert origin.calls.count("POST /api/v1/agent/applied") == 1


def test_what_a_server_says_is_harmless_to_a_terminal() -> None:
    said = "\x1b]0;owned\x07 \u202eevil\nline"
    errors = [FieldError(field=said, message=said)]
    problem = encode(Problem(title=said, status=409, code=said, detail=said, errors=errors))
    request = EnrollRequest(token="wrong", public_key="", device_key="", host=LinuxHost().host())

    with Raw(body(problem, status=b"409 Conflict")) as server:
        plane = RestControlPlane(Http(server.url), NETWORK_ID, PEER_ID, DEVICE_KEY, a_trust())
        with pytest.raises(EnrollmentRefused) as enrolling:
            RestEnroller(plane.http).enroll(request)
        with pytest.raises(LeaveRefused) as leaving:
            plane.leave(void_files=False)
        with pytest.raises(Outage) as outage:
            plane.open_session()

    for text in (str(enrolling.value), str(leaving.value), str(outage.value)):
        assert r"\x1b]0;owned\x07 \u202eevil\nline" in text
        assert text.replace("\n  ", "").isprintable()


def test_a_page_of_somebody_else_is_said_to_be_no_control_plane() -> None:
    """As a portal of a network answers for every name."""
    with Raw(body(b"<html>Welcome! Please log in.</html>")) as server:
        plane = RestControlPlane(Http(server.url), NETWORK_ID, PEER_ID, DEVICE_KEY, a_trust())
        with pytest.raises(Outage, match="what answers is no control plane"):
            plane.open_session()


def test_ids_that_are_no_words_enrol_nobody(origin: Origin) -> None:
    origin.enrolled, origin.peer_id = None, "dyn_\x1b[2J"
    request = EnrollRequest(token="token", public_key="", device_key="", host=LinuxHost().host())

    with pytest.raises(Outage, match="no words"):
        RestEnroller(Http(origin.url)).enroll(request)


def test_a_netrc_does_not_replace_the_session(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    plane = control_plane(origin)
    plane.open_session()

    assert plane.whole(None) is not None


@pytest.mark.parametrize(("life", "seconds"), [(timedelta(0), 20), (timedelta(days=9), 3600)])
def test_a_strange_life_of_a_session_is_kept_in_bounds(origin: Origin, life: timedelta, seconds: int) -> None:
    origin.session_life = life

    assert control_plane(origin).open_session() == seconds


def test_nothing_secret_is_in_a_repr(origin: Origin) -> None:
    plane = control_plane(origin)
    plane.open_session()

    assert "session-1" not in repr(plane)
    assert DEVICE_KEY not in repr(plane)
