"""The laboratory's and the demo's values: no namespace is made here."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.demo.changes import Change
from infra.demo.deployment import Deployment, NotRunning
from infra.demo.report import Ping, Report
from infra.demo.time_shares import Shares, shares
from infra.demo.waiting import NotInTime, until
from infra.lab import TWO_SITES, NodeSpec, Topology
from infra.lab.probe import Delivery
from infra.lab.wireguard import parse_dump, parse_get

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
T0 = datetime(2026, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def a_change(ms: float = 100.0, at: datetime = T0, last: str = "jump", agents: int = 1) -> Change:
    return Change(what="create phone", agents=agents, ms=ms, request_ms=10.0, last=last, at=at)


def an_application(at: datetime, ms: int) -> str:
    return json.dumps({"at": at.isoformat(timespec="milliseconds"), "event": "bundle_applied", "ms": ms})


def test_a_host_behind_nat_has_the_public_address_of_its_router() -> None:
    public = {name: str(TWO_SITES.public_address(name)) for name in ("internet", "jump", "site-a", "site-b")}

    assert public == {
        "internet": "203.0.113.1",
        "jump": "203.0.113.10",
        "site-a": "203.0.113.21",
        "site-b": "203.0.113.22",
    }


def test_a_host_that_nothing_joins_to_the_wan_has_no_public_address() -> None:
    with pytest.raises(LookupError, match="island"):
        Topology(nodes=(NodeSpec("island", ()),), internet="island").public_address("island")


def test_a_dump_with_and_without_endpoint_and_allowed_ips_is_read() -> None:
    rows = [
        ["wg0", "(hidden)", "own", "51820", "off"],
        ["wg0", KEY, "(none)", "203.0.113.21:4500", "10.0.0.2/32,172.31.0.0/16", "1700000000", "1", "2", "25"],
        ["wg0", "other", "(none)", "(none)", "(none)", "0", "0", "0", "off"],
    ]

    wg0 = parse_dump("\n".join("\t".join(row) for row in rows))["wg0"]

    assert wg0.peers[KEY].allowed_ips == {"10.0.0.2/32", "172.31.0.0/16"}
    assert wg0.peers[KEY].endpoint == "203.0.113.21:4500"
    assert (wg0.peers["other"].endpoint, wg0.peers["other"].allowed_ips) == (None, frozenset())


def test_an_answer_of_the_userspace_socket_is_read() -> None:
    answer = "private_key=00\nlisten_port=51820\npublic_key=" + "00" * 31 + "01\nendpoint=203.0.113.21:4500\n"
    answer += "last_handshake_time_sec=1700000000\nallowed_ip=10.0.0.2/32\nallowed_ip=172.31.0.0/16\nerrno=0\n\n"

    peer = parse_get(answer)[KEY]

    assert peer.allowed_ips == {"10.0.0.2/32", "172.31.0.0/16"}
    assert (peer.endpoint, peer.latest_handshake) == ("203.0.113.21:4500", 1700000000)


def test_the_share_of_the_agent_is_of_the_last_agent_and_of_this_change() -> None:
    change = a_change(ms=100.0, last="jump")
    log = [an_application(T0 - 50 * MS, 5), an_application(T0 + 99 * MS, 30), an_application(T0 + 900 * MS, 7)]

    found = shares([change], {"jump": "\n".join(log), "site-a": an_application(T0 + 40 * MS, 3)})

    assert found == Shares(request_ms=10.0, hint_ms=70.0, agent_ms=30.0)


def test_a_log_that_tells_nothing_leaves_the_shares_open() -> None:
    assert shares([a_change()], {"jump": ""}) == Shares(request_ms=10.0, hint_ms=None, agent_ms=None)


def test_a_report_is_one_line_of_json_with_every_figure() -> None:
    report = a_report(pings=[Ping("jump", "site-a", is_answered=True)], lost=0)

    read = json.loads(report.json())

    assert "\n" not in report.json()
    assert read["pings"] == [{"from": "jump", "to": "site-a", "ok": True}]
    assert [change["agents"] for change in read["changes"]] == [1, 3]
    assert (read["peers"], read["probe_sent"], read["probe_lost"], read["p50_ms"]) == (3, 1000, 0, 150.0)
    assert report.wrong == []


def test_a_lost_packet_and_an_unanswered_ping_are_wrong() -> None:
    report = a_report(pings=[Ping("jump", "site-a", is_answered=False)], lost=1)

    assert report.wrong == ["jump cannot ping site-a", "1 of 1000 probe packets were lost"]


def a_report(pings: list[Ping], lost: int) -> Report:
    changes = [a_change(ms=100.0), a_change(ms=200.0, agents=3)]
    return Report(pings, 3, changes, Delivery(1000, lost, 12.0), Shares(10.0, 70.0, 30.0))


def test_waiting_ends_with_the_name_of_what_did_not_come() -> None:
    with pytest.raises(NotInTime, match="the moon"):
        until(lambda: False, "the moon", timeout_s=0.0)


def test_without_a_stack_the_demo_says_how_to_start_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("empty") / "wirety.json"

    with pytest.raises(NotRunning, match="make run"):
        Deployment.running(nowhere)
