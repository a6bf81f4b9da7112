"""Open sockets, over every engine."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.ids import EVERY_NETWORK, ConnectionId, NetworkId, PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.ports.sockets import Connection
from tests.builders import T0, a_dynamic, a_jump


def test_sockets_are_found_by_network_and_by_peer(outside: Outside, lab: Network) -> None:
    hub, web = a_jump().id, a_dynamic().id
    rows = [
        Connection(lab.id, peer, ConnectionId(name), T0, T0 + timedelta(hours=1))
        for peer, name in ((hub, "a="), (web, "b="), (web, "c="))
    ]
    for row in rows:
        outside.connections.add([row])

    assert sorted(outside.connections.of_agents(lab.id), key=lambda row: row.connection_id) == rows
    assert sorted(outside.connections.of_agent(lab.id, web), key=lambda row: row.connection_id) == rows[1:]
    assert outside.connections.of_browsers(lab.id) == []
    outside.connections.remove(rows[1])
    outside.connections.remove(replace(rows[1], connection_id=ConnectionId("never")))
    assert outside.connections.of_agent(lab.id, web) == rows[2:]


def test_a_browser_is_found_in_every_network_it_sees(outside: Outside, lab: Network) -> None:
    others = [NetworkId(f"net_{n}") for n in range(30)]  # more than one batch of writes
    person, script = PrincipalId("usr_1"), PrincipalId("tok_1")
    rows = [Connection(seen, person, ConnectionId("a="), T0, T0 + timedelta(hours=1)) for seen in (lab.id, *others)]
    everywhere = Connection(EVERY_NETWORK, script, ConnectionId("b="), T0, T0 + timedelta(hours=1))
    agent = Connection(lab.id, a_dynamic().id, ConnectionId("c="), T0, T0 + timedelta(hours=1))

    outside.connections.add(rows)
    outside.connections.add([everywhere])
    outside.connections.add([agent])
    outside.connections.add([])

    assert outside.connections.of_browsers(lab.id) == rows[:1]
    assert outside.connections.of_browsers(others[-1]) == rows[-1:]
    assert outside.connections.of_browsers(EVERY_NETWORK) == [everywhere]
    assert outside.connections.of_agents(lab.id) == [agent]
    outside.connections.remove(rows[0])
    assert outside.connections.of_browsers(lab.id) == []
    assert outside.connections.of_browsers(others[0]) == rows[1:2]
