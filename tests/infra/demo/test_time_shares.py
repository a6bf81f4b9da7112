"""Where the time of a change went, by the agents' logs."""

import json
from datetime import datetime, timedelta

from infra.demo.time_shares import TimeShares, time_shares
from tests.infra.demo.builders import T0, a_change

MS = timedelta(milliseconds=1)


def an_application(at: datetime, ms: int) -> str:
    return json.dumps({"at": at.isoformat(timespec="milliseconds"), "event": "bundle_applied", "ms": ms})


def test_the_share_of_the_agent_is_of_the_last_agent_and_of_this_change() -> None:
    change = a_change(ms=100.0, last="jump")
    log = [an_application(T0 - 50 * MS, 5), an_application(T0 + 99 * MS, 30), an_application(T0 + 900 * MS, 7)]

    found = time_shares([change], {"jump": "\n".join(log), "site-a": an_application(T0 + 40 * MS, 3)})

    assert found == TimeShares(request_ms=10.0, hint_ms=70.0, agent_ms=30.0)


def test_a_log_that_tells_nothing_leaves_the_shares_open() -> None:
    assert time_shares([a_change()], {"jump": ""}) == TimeShares(request_ms=10.0, hint_ms=None, agent_ms=None)
