"""The use cases of networks and of their peers."""

from functools import cached_property

from chalicelib.application.agents.key_rotation import Rotations
from chalicelib.application.idempotency import Requests
from chalicelib.application.incidents.incidents import Incidents
from chalicelib.application.network_edit import NetworkEdits
from chalicelib.application.networks.acls import Acls
from chalicelib.application.networks.addresses import Ipam
from chalicelib.application.networks.networks import Networks
from chalicelib.application.networks.removal import Removals
from chalicelib.application.peers.allocation import Allocator
from chalicelib.application.peers.bulk_creation import BulkCreation
from chalicelib.application.peers.creation import Creation
from chalicelib.application.peers.credentials import Credentials
from chalicelib.application.peers.ownership import Owners
from chalicelib.application.peers.peer_edit import Edits
from chalicelib.application.peers.peer_pages import PeerPages
from chalicelib.application.peers.peer_view import PeerViews
from chalicelib.application.peers.peers import Peers
from chalicelib.application.ranges import Ranges
from chalicelib.bootstrap.outside import Outside
from chalicelib.settings import Settings


class NetworkUseCases:
    """What people do with networks and peers, over one outside."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self.settings = settings
        self._outside = outside

    @cached_property
    def networks(self) -> Networks:
        out = self._outside
        return Networks(
            self.network_edits,
            out.networks,
            self.ranges,
            out.peers,
            out.allocations,
            out.vault,
            out.clock,
            out.randomness,
            self.settings.hosts,
        )

    @cached_property
    def network_edits(self) -> NetworkEdits:
        out = self._outside
        return NetworkEdits(out.transactions, out.networks, out.clock, out.randomness)

    @cached_property
    def ranges(self) -> Ranges:
        return Ranges(self._outside.networks)

    @cached_property
    def ipam(self) -> Ipam:
        out = self._outside
        return Ipam(self.network_edits, out.networks, self.ranges, out.peers, out.allocations, out.clock)

    @cached_property
    def acls(self) -> Acls:
        out = self._outside
        return Acls(self.network_edits, out.networks, out.peers)

    @cached_property
    def views(self) -> PeerViews:
        return PeerViews(self._outside.peers, self._outside.presence, self._outside.sightings)

    @cached_property
    def edits(self) -> Edits:
        return Edits(self.network_edits, self._outside.peers)

    @cached_property
    def creation(self) -> Creation:
        out = self._outside
        return Creation(
            self.network_edits,
            out.networks,
            self.ranges,
            out.peers,
            Allocator(out.allocations),
            out.vault,
            out.clock,
            out.randomness,
            self.owners,
        )

    @cached_property
    def owners(self) -> Owners:
        return Owners(self._outside.users)

    @cached_property
    def bulk_creation(self) -> BulkCreation:
        return BulkCreation(self.creation, self.views, self.requests)

    @cached_property
    def peers(self) -> Peers:
        out = self._outside
        return Peers(self.edits, self.views, self.network_edits, out.networks, self.ranges, out.peers, self.owners)

    @cached_property
    def peer_pages(self) -> PeerPages:
        out = self._outside
        return PeerPages(self.views, out.networks, out.peers, out.users, out.clock)

    @cached_property
    def credentials(self) -> Credentials:
        out = self._outside
        return Credentials(self.edits, out.peers, out.vault, out.clock, out.randomness, self.views)

    @cached_property
    def rotations(self) -> Rotations:
        out = self._outside
        return Rotations(
            self.edits,
            self.network_edits,
            out.networks,
            out.peers,
            out.presence,
            lambda: self._outside.held,
            self.views,
            out.clock,
        )

    @cached_property
    def incidents(self) -> Incidents:
        out = self._outside
        return Incidents(
            self.network_edits, out.transactions, out.networks, out.peers, out.incidents, out.clock, out.randomness
        )

    @cached_property
    def removals(self) -> Removals:
        out = self._outside
        return Removals(self.network_edits, out.networks, self.ranges, out.peers, out.leftovers, out.clock)

    @cached_property
    def requests(self) -> Requests:
        return Requests(self._outside.requests, self._outside.clock, self._outside.randomness)
