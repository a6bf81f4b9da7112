"""What the demo says in the end."""

import json

from infra.demo.report import Ping, Report
from infra.demo.time_shares import TimeShares
from infra.lab.probe import Delivery
from tests.infra.demo.builders import a_change


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
    return Report(pings, 3, changes, Delivery(1000, lost, 12.0), TimeShares(10.0, 70.0, 30.0))
