"""New credentials for a peer that exists: an agent's token, a static peer's file.

Requests: a token 2 reads + 1 transaction; a file 4 + 1, and 1 or 2 when CIDRs stand behind
regular peers.
"""

from dataclasses import dataclass, replace

from chalicelib.application.peers.new_peer import ENROLLMENT_LIFETIME, FileIssued, TokenIssued
from chalicelib.application.peers.peer_edit import Edit, Edits, Order
from chalicelib.application.peers.peer_view import PeerView, PeerViews
from chalicelib.domain.change.change import What
from chalicelib.domain.change.writes import RevokeAgent, claims_of_keys
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import JumpNotReady, KindMismatch, PeerIsBlocked
from chalicelib.domain.peer.home import first_home, home_of, serving
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, Peer, PeerRecord
from chalicelib.domain.tunnel.portable_profile import digests
from chalicelib.domain.tunnel.psk import preshared_keys
from chalicelib.domain.tunnel.sections import Tunnel, regular_tunnel
from chalicelib.ports.outside import Clock, Randomness, Vault
from chalicelib.ports.peer import PeerStore


@dataclass(frozen=True, slots=True)
class Credentials:
    edits: Edits
    peers: PeerStore
    vault: Vault
    clock: Clock
    randomness: Randomness
    views: PeerViews

    def reissue_token(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> tuple[TokenIssued, PeerView]:
        """Give an agent's peer a new one-time token: it may move to another machine.

        The device key of the old machine ends with it, and whatever its sessions say counts no more; its tunnel
        goes on until another enrols.

        Raises:
            KindMismatch: a static peer has no agent.
        """
        by.require_grant(network_id)
        token = Token("wirety_enroll", f"{network_id}:{peer_id}", self.randomness.secret())
        issued = TokenIssued(token, self.clock.now() + ENROLLMENT_LIFETIME)

        def reissued(network: Network, before: PeerRecord) -> Edit:
            if not before.peer.is_run_by_agent:
                raise KindMismatch("A static peer has no agent to enrol. Re-issue its file instead.")
            ended = () if before.device_key is None else (RevokeAgent(peer_id, network.revision),)
            return Edit(network, replace(before, enrollment=EnrollmentToken(token.hashed(), issued.expires_at)), ended)

        order = Order(network_id, peer_id, by.caller, What.TOKEN_REISSUED, only_of=by.own_only)
        network, peer = self.edits.make(order, reissued)
        return issued, self.views.shown(network, [peer])[0]

    def reissue_file(
        self, network_id: NetworkId, peer_id: PeerId, public_key: str | None, generate_key: bool, by: Principal
    ) -> tuple[FileIssued, PeerView]:
        """Issue a static peer's file, the first time or anew, with its key, another, or a generated one.

        Raises:
            KindMismatch: the peer is run by an agent.
            JumpNotReady: no jump serves yet. KeyInUse.
        """
        by.require_grant(network_id)
        private_key = self.randomness.private_key() if generate_key else None
        key = self.randomness.public_key(private_key) if private_key is not None else public_key
        tunnels: list[Tunnel] = []

        def reissued(network: Network, before: PeerRecord) -> Edit:
            if before.peer.kind is not Kind.STATIC:
                raise KindMismatch("Only static peers have files. An agent keeps its configuration by itself.")
            if before.peer.is_blocked:
                raise PeerIsBlocked(before.peer.name)
            peer, tunnel = self._issued(network, replace(before.peer, public_key=key or before.peer.public_key))
            tunnels[:] = [tunnel]
            return Edit(network, replace(before, peer=peer), claims_of_keys(before.peer, peer))

        order = Order(network_id, peer_id, by.caller, What.PEER_REISSUED, only_of=by.own_only)
        network, peer = self.edits.make(order, reissued)
        return FileIssued(tunnels[0], private_key), self.views.shown(network, [peer])[0]

    def _issued(self, network: Network, peer: Peer) -> tuple[Peer, Tunnel]:
        """The peer with a home that serves, at the present epoch, and what its file says then."""
        jumps = self.peers.jumps(network.id)
        hubs = serving(jumps)
        home = home_of(peer, hubs, network.down)
        if all(jump.id != home for jump in jumps):
            home = first_home(peer, hubs, network.down)
        peer = replace(peer, home_id=home, epoch=network.epoch)
        routers = self.peers.routers(network.id) if network.routers else []
        psk = preshared_keys(self.vault.open(network.id, network.secret))
        tunnel = regular_tunnel(network, peer, jumps, routers, psk)
        if not tunnel.sections:
            raise JumpNotReady
        return replace(peer, issued=digests(tunnel)), tunnel
