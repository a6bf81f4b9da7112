"""The race: all its writers at once, and what was answered."""

import random
import tempfile
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Floor, Group, Say
from scripts.bench.racing.arena import Arena
from scripts.bench.racing.caller import HOST, Caller, Tally, a_key
from scripts.bench.racing.machine import Machine
from scripts.bench.racing.operator import Operator

ANSWERS = 1_000
AT_MOST_S = 900.0
OPERATORS, HOSTS = 6, 3
BARS = (Bar("race_wrong_answers", 0), Floor("race_answers", ANSWERS))


def measure(say: Say) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
    ):
        _, tally = race(stack.info, ANSWERS, AT_MOST_S)
    for answer in tally.wrong:
        say(f"wrong: {answer}")
    return [
        Figure("race_wrong_answers", len(tally.wrong), "answers", tally.answers),
        Figure("race_busy_answers", tally.busy, "answers", tally.answers),
        Figure("race_answers", tally.answers, "answers", tally.answers),
    ]


GROUP = Group("answers to writers that race for one network", measure, BARS)


def race(info: Mapping[str, str], answers: int, at_most_s: float) -> tuple[Arena, Tally]:
    """Race until so many answers came, or the time is up."""
    tally, deadline = Tally(), time.monotonic() + at_most_s
    arena = _arena(Caller(info["api_url"], info["api_token"], Tally()))

    def goes_on() -> bool:
        return tally.answers < answers and time.monotonic() < deadline

    def run(writer: "Operator | Machine") -> None:
        while goes_on():
            writer.act()

    def caller() -> Caller:
        return Caller(info["api_url"], info["api_token"], tally)

    writers: list[Operator | Machine] = [Operator(caller(), arena, random.Random(seed)) for seed in range(OPERATORS)]
    writers += [Machine(caller(), peer_id, arena.network) for peer_id in arena.hosts]
    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(run, writers))
    return arena, tally


def _arena(operator: Caller) -> Arena:
    """Made before the race; any refusal ends it."""

    def made(method: str, path: str, body: object = None) -> Any:
        found = operator.ask("setting up", method, path, body, may=("200", "201"))
        if operator.tally.wrong or found is None:
            raise RuntimeError(f"the race could not be set up: {method} {path}: {dict(operator.tally.said)}")
        return found

    cidr = made("GET", "/ipam/suggestions?base=10.64.0.0/10&peers=4000&count=1")["items"][0]
    network = f"/networks/{made('POST', '/networks', {'name': f'race-{uuid.uuid4().hex[:8]}', 'cidr': cidr})['id']}"

    def enrolled(**peer: object) -> dict[str, Any]:
        created = made("POST", f"{network}/peers", peer)
        body = {"token": created["enrollment_token"], "device_key": a_key(), "public_key": a_key(), "host": HOST}
        made("POST", "/agent/enroll", body)
        return {**created["peer"], "public_key": body["public_key"]}

    enrolled(kind="jump", name="hub", endpoint="198.51.100.1")
    anchor = enrolled(kind="dynamic", name="anchor", additional_allowed_ips=["192.168.255.0/24"])
    hosts = [enrolled(kind="dynamic", name=f"host {number}")["id"] for number in range(HOSTS)]
    return Arena(network, cidr, anchor, hosts)
