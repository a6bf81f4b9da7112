"""The demo from beginning to end: raise a fleet, ping, change things under a probe, report, hold."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from infra.demo.agent import Agent
from infra.demo.api import Api, ApiRefused
from infra.demo.changes import Changes
from infra.demo.deployment import Deployment
from infra.demo.fleet import SITES, Fleet
from infra.demo.report import Ping, Report
from infra.demo.time_shares import time_shares
from infra.demo.waiting import NotInTime
from infra.lab import Lab, LabFailed
from infra.lab.probe import probe

PROBES = 1000
PROBE_INTERVAL_MS = 10.0
ALL_ANSWERED = " 0% packet loss"


class StepFailed(Exception):
    """A step of the demo failed; says which and why, with the ends of the agents' logs."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`say`: takes lines of progress. `show`: takes the report when it is there."""

    deployment: Deployment
    say: Callable[[str], None]
    show: Callable[[Report], None]
    is_held: bool

    def run(self) -> Report:
        """Leaves nothing behind, however it ends.

        Raises:
            StepFailed
        """
        api = Api(self.deployment.api_url, self.deployment.api_token)
        with self._step("build the laboratory", {}), Lab() as lab:
            origin = lab.publish(self.deployment.port)
            fleet = Fleet(api, lab, origin, self.deployment.agent_command)
            try:
                return self._with_fleet(fleet)
            finally:
                self._clear(fleet)

    def _with_fleet(self, fleet: Fleet) -> Report:
        with self._step("bring up three agents", fleet.agents):
            fleet.raise_up(self.say)
        with self._step("ping", fleet.agents):
            self.say("ping every ordered pair")
            pings = [_ping(source, target) for source, target in itertools.permutations(fleet.agents.values(), 2)]
        with self._step("change things under a probe", fleet.agents):
            report = self._changes(fleet, pings)
        self.show(report)
        if self.is_held:
            self.say("held: everything stays up until standard input closes")
            sys.stdin.read()
        return report

    def _changes(self, fleet: Fleet, pings: list[Ping]) -> Report:
        source, target = (fleet.agents[name] for name in SITES)
        interval = {"interval_ms": PROBE_INTERVAL_MS}
        with probe(source.node, target.node, target.peer.address, at_least=PROBES, **interval) as flow:
            with Changes(fleet, self.say) as changes:
                done = changes.run()
            delivery = flow.finish()
        logs = {name: agent.tail(lines=10_000) for name, agent in fleet.agents.items()}
        peers = len(fleet.api.peers(fleet.network.id))
        return Report(pings, peers, done, delivery, time_shares(done, logs))

    def _clear(self, fleet: Fleet) -> None:
        self.say("clean up")
        for agent in fleet.agents.values():
            if agent.process is not None:
                agent.stop()
        try:
            fleet.remove()
        except (requests.RequestException, ApiRefused) as error:
            self.say(f"network {fleet.network.name} could not be deleted: {error}")

    @contextmanager
    def _step(self, what: str, agents: dict[str, Agent]) -> Iterator[None]:
        try:
            yield
        except (LabFailed, NotInTime, ApiRefused, requests.RequestException) as error:
            tails = [f"--- log of {agent.name}\n{tail}" for agent in agents.values() if (tail := agent.tail())]
            raise StepFailed("\n".join([f"failed: {what}: {error}", *tails])) from error


def _ping(source: Agent, target: Agent) -> Ping:
    command = ("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "2", target.peer.address)
    is_answered = ALL_ANSWERED in source.node.attempt(*command).stdout
    return Ping(source.name, target.name, is_answered)
