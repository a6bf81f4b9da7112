"""Settings in, use cases out, built on first use and piece by piece."""

import gc
import os
from functools import cached_property

from chalicelib.application.agents.absences import Absences
from chalicelib.application.agents.bundles import Bundles
from chalicelib.application.agents.enrollment import Enrollment
from chalicelib.application.agents.failover import Failover
from chalicelib.application.agents.floods import Floods
from chalicelib.application.agents.heartbeats import Heartbeats
from chalicelib.application.agents.joining import Joining
from chalicelib.application.agents.observations import Observations
from chalicelib.application.agents.signing import Signing
from chalicelib.application.agents.snapshots import Tunnels
from chalicelib.application.agents.sockets import Connections
from chalicelib.application.identity.access import Access
from chalicelib.application.identity.api_tokens import ApiTokens
from chalicelib.application.identity.audit import AuditLog
from chalicelib.application.identity.join_keys import JoinKeys
from chalicelib.application.identity.limits import Limits
from chalicelib.application.identity.people import People
from chalicelib.application.identity.refusals import Refusals
from chalicelib.application.identity.settings import SettingsEdits
from chalicelib.application.identity.users import Users
from chalicelib.application.networks.change_log import History
from chalicelib.application.notifications.hooks import Hooks
from chalicelib.application.push.browser_sockets import Browsers
from chalicelib.application.push.deliveries import Deliveries
from chalicelib.application.push.lost_revocations import LostRevocations
from chalicelib.application.push.plans import Announcements, Plans
from chalicelib.application.push.replans import Replans
from chalicelib.application.push.revocations import Revocations
from chalicelib.application.push.rollouts import Horizons, Rollouts
from chalicelib.bootstrap.aws import Aws
from chalicelib.bootstrap.networks import NetworkUseCases
from chalicelib.domain.identity.limits import Limit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Admission
from chalicelib.ports.change import StreamRecords
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.queues import DeadLetters, QueueMessages, Redelivery, RemovalQueue
from chalicelib.ports.sockets import Gateway
from chalicelib.settings import settings_from

COLLECT_AFTER = 100_000  # values that may hold others, made and not dropped; Python's default is 700


class Container(NetworkUseCases):
    """The use cases over one outside."""

    @cached_property
    def history(self) -> History:
        return History(self._outside.networks, self._outside.changes, self.rollouts)

    @cached_property
    def enrollment(self) -> Enrollment:
        out = self._outside
        return Enrollment(
            self.network_edits,
            out.networks,
            out.peers,
            self.ranges,
            out.sessions,
            out.assertions,
            out.clock,
            out.randomness,
        )

    @cached_property
    def joining(self) -> Joining:
        out = self._outside
        return Joining(self.network_edits, self.creation, out.join_keys, lambda: out.failover_tasks, out.clock)

    @cached_property
    def absences(self) -> Absences:
        out = self._outside
        return Absences(self.network_edits, out.peers, self.ranges, out.liveness, out.failover_tasks, out.clock)

    @cached_property
    def bundles(self) -> Bundles:
        out = self._outside
        tunnels = Tunnels(out.networks, out.peers, out.changes, out.vault)
        return Bundles(tunnels, out.peers, out.progress, out.changes, self.signing, self.settings.generation)

    @cached_property
    def signing(self) -> Signing:
        out = self._outside
        return Signing(out.signing_keys, out.vault, out.clock)

    @cached_property
    def heartbeats(self) -> Heartbeats:
        out = self._outside
        observations = Observations(out.sightings, out.facts, out.peers)
        return Heartbeats(out.presence, observations, self.rollouts, lambda: out.failover_tasks, out.clock)

    @cached_property
    def failover(self) -> Failover:
        out = self._outside
        return Failover(
            self.settings.return_after,
            self.edits,
            self.network_edits,
            out.networks,
            out.peers,
            out.liveness,
            out.facts,
            out.failover_tasks,
            out.gateway,
            out.clock,
        )

    @cached_property
    def rollouts(self) -> Rollouts:
        out = self._outside
        return Rollouts(out.rollouts, out.presence, out.progress, out.facts, out.clock, Horizons(out.networks))

    @cached_property
    def connections(self) -> Connections:
        out = self._outside
        return Connections(
            self.settings.return_after,
            out.sessions,
            out.connections,
            out.presence,
            out.facts,
            lambda: out.failover_tasks,
            out.clock,
        )

    @cached_property
    def plans(self) -> Plans:
        out = self._outside
        return Plans(
            out.networks, out.peers, out.progress, out.connections, self.rollouts, out.queue, out.removals, out.clock
        )

    @cached_property
    def replans(self) -> Replans:
        return Replans(self.plans, self._outside.networks, self._outside.changes)

    @cached_property
    def announcements(self) -> Announcements:
        return Announcements(self._outside.connections, self._outside.queue)

    @cached_property
    def revocations(self) -> Revocations:
        return Revocations(self._outside.users, self._outside.connections, self._outside.queue, self.admission)

    @cached_property
    def lost_revocations(self) -> LostRevocations:
        return LostRevocations(self.revocations, self._outside.audit, self._outside.users)

    @cached_property
    def browsers(self) -> Browsers:
        out = self._outside
        access = Access(out.accounts, self.admission, out.clock)
        return Browsers(out.sessions, out.connections, access, out.clock, out.randomness)

    @cached_property
    def deliveries(self) -> Deliveries:
        out = self._outside
        return Deliveries(
            out.connections, out.sessions, out.progress, out.queue, out.gateway, out.clock, out.randomness
        )

    @cached_property
    def admission(self) -> Admission:
        oidc = self.settings.oidc
        return Admission(oidc.administrator or None, Role(oidc.default_role) if oidc.default_role else None)

    @cached_property
    def api_tokens(self) -> ApiTokens:
        out = self._outside
        return ApiTokens(
            out.accounts, out.tokens, out.networks, out.transactions, self.admission, out.clock, out.randomness
        )

    @cached_property
    def join_keys(self) -> JoinKeys:
        out = self._outside
        return JoinKeys(out.transactions, out.join_keys, out.networks, out.clock, out.randomness)

    @cached_property
    def hooks(self) -> Hooks:
        out = self._outside
        return Hooks(
            out.hooks,
            out.networks,
            out.transactions,
            out.vault,
            lambda: self._outside.hook_tasks,
            out.clock,
            out.randomness,
        )

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self._outside.audit)

    @cached_property
    def floods(self) -> Floods:
        return Floods(self._outside.sessions, self._outside.clock)

    @cached_property
    def limits(self) -> Limits:
        most = self.settings.calls_per_minute
        return Limits(self._outside.limits, {limit: getattr(most, limit.value) for limit in Limit}, self._outside.clock)

    @cached_property
    def refusals(self) -> Refusals:
        return Refusals(self._outside.transactions, self._outside.clock)

    @cached_property
    def people(self) -> People:
        out = self._outside
        return People(out.accounts, out.transactions, out.identities, self.admission, out.clock, out.randomness)

    @cached_property
    def users(self) -> Users:
        out = self._outside
        return Users(
            out.users,
            out.accounts,
            out.networks,
            lambda: self._outside.pool,
            out.transactions,
            self.admission,
            out.clock,
            out.randomness,
        )

    @cached_property
    def settings_edits(self) -> SettingsEdits:
        out = self._outside
        return SettingsEdits(out.accounts, out.transactions, self.admission, out.clock, out.randomness)

    @property
    def removal_queue(self) -> RemovalQueue:
        return self._outside.removals

    @property
    def records(self) -> StreamRecords:
        return self._outside.records

    @property
    def messages(self) -> QueueMessages:
        return self._outside.messages

    @property
    def redelivery(self) -> Redelivery:
        return self._outside.redelivery

    @property
    def dead_letters(self) -> DeadLetters:
        return self._outside.dead_letters

    @property
    def gateway(self) -> Gateway:
        return self._outside.gateway

    @property
    def clock(self) -> Clock:
        return self._outside.clock

    @property
    def randomness(self) -> Randomness:
        return self._outside.randomness


_installed: list[Container] = []


def container() -> Container:
    """The process's container, from its environment unless one was installed."""
    if not _installed:
        calm_collector()
        settings = settings_from(os.environ)
        install(Container(settings, Aws(settings)))
    return _installed[0]


def calm_collector() -> None:
    """Have the garbage collector look seldom, and never at what was imported.

    A bundle of thousands of peers is hundreds of thousands of values without a cycle among them: by
    its default the collector would go through all of them again and again while they are made.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def install(container: Container) -> None:
    """Put a container in place: tests install one over memory."""
    _installed[:] = [container]
