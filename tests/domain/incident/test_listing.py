"""Which incidents a filter takes, and how counts add up."""

import pytest

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.incident.incident import State
from chalicelib.domain.incident.listing import IncidentCounts, IncidentFilter, added
from chalicelib.domain.incident.rules import IncidentType
from tests.domain.incident.made import an_incident

OPEN_SHARED = (State.OPEN, IncidentType.SHARED_CONFIG)
RESOLVED_SHARED = (State.RESOLVED, IncidentType.SHARED_CONFIG)


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        (IncidentFilter(), True),
        (IncidentFilter(state=State.OPEN), True),
        (IncidentFilter(state=State.RESOLVED), False),
        (IncidentFilter(type=IncidentType.SHARED_CONFIG), True),
        (IncidentFilter(type=IncidentType.SESSION_CONFLICT), False),
        (IncidentFilter(network_id=NetworkId("net_other")), False),
        (IncidentFilter(peer_id=PeerId("dyn_other")), False),
        (IncidentFilter(NetworkId("net_lab"), PeerId("dyn_laptop"), State.OPEN, IncidentType.SHARED_CONFIG), True),
    ],
)
def test_a_filter_takes_what_matches_all_of_it(wanted: IncidentFilter, is_taken: bool) -> None:
    assert wanted.matches(an_incident()) is is_taken


def test_counts_add_up() -> None:
    whole = added([IncidentCounts({OPEN_SHARED: 2}), IncidentCounts({OPEN_SHARED: 1, RESOLVED_SHARED: 4})])

    assert whole == IncidentCounts({OPEN_SHARED: 3, RESOLVED_SHARED: 4})
    assert (whole.total(State.OPEN), whole.total(State.CONTAINED), whole.total(State.RESOLVED)) == (3, 0, 4)
