"""The use case of creation with a real clock and real randomness, over any stores; and as a process of its own.

`python -m tests.contracts.racing NETWORK FIRST COUNT` creates peers by threads and prints what became of each.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from chalicelib.adapters.memory.clock_and_chance import MemoryVault
from chalicelib.adapters.system import SystemClock, SystemRandomness
from chalicelib.application.network_edit import NetworkEdits
from chalicelib.application.peers.allocation import Allocator
from chalicelib.application.peers.creation import Creation
from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.application.peers.ownership import Owners
from chalicelib.application.ranges import Ranges
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.peer import Kind
from chalicelib.settings import settings_from
from tests.builders import ADMINISTRATOR

THREADS = 25
PATIENCE = 20  # times a busy answer is asked again, as a caller would


def creation_over(outside: Outside) -> Creation:
    return Creation(
        NetworkEdits(outside.transactions, outside.networks, SystemClock(), SystemRandomness()),
        outside.networks,
        Ranges(outside.networks),
        outside.peers,
        Allocator(outside.allocations),
        MemoryVault(),
        SystemClock(),
        SystemRandomness(),
        Owners(outside.users),
    )


def became(creation: Creation, network_id: NetworkId, number: int) -> int | str:
    """The index a new peer got, else the code of its refusal."""
    new = NewPeer(name=f"peer {number}", kind=Kind.DYNAMIC)
    for _ in range(PATIENCE):
        try:
            return creation.create(network_id, new, ADMINISTRATOR).peer.index
        except Busy:
            continue
        except Refusal as refusal:
            return refusal.code
    return Busy.code


def race(creation: Creation, network_id: NetworkId, first: int, count: int) -> list[int | str]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda number: became(creation, network_id, number), range(first, first + count)))


if __name__ == "__main__":
    network, first, count = sys.argv[1:]
    print(json.dumps(race(creation_over(Aws(settings_from(os.environ))), NetworkId(network), int(first), int(count))))
