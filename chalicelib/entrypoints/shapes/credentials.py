"""What a peer is given once: an agent's token, a static peer's file."""

from chalicelib.application.peers.new_peer import FileIssued, PeerCreated, TokenIssued
from chalicelib.application.peers.peer_view import PeerView
from chalicelib.domain.tunnel.portable_profile import notes, portable_profile, without_ipv6
from chalicelib.domain.tunnel.sections import Tunnel
from chalicelib.entrypoints.shapes.peers import shown
from chalicelib.wire import peers as wire


def created(created: PeerCreated, asked: wire.FileQuery) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    match created.issued:
        case TokenIssued():
            return token_shown(created.view, created.issued)
        case FileIssued():
            return file_shown(created.view, created.issued, asked)
        case None:
            return wire.StaticPeerCreated(peer=shown(created.view), config=None)


def token_shown(view: PeerView, issued: TokenIssued) -> wire.AgentPeerCreated:
    token, expires_at = issued.token.text(), issued.expires_at
    return wire.AgentPeerCreated(peer=shown(view), enrollment_token=token, enrollment_expires_at=expires_at)


def file_shown(view: PeerView, issued: FileIssued, asked: wire.FileQuery) -> wire.StaticPeerCreated:
    text, said = file_of(issued.tunnel, issued.private_key, asked)
    return wire.StaticPeerCreated(peer=shown(view), config=text, notes=said)


def without_secrets(peer: wire.Peer) -> wire.AgentPeerCreated | wire.StaticPeerCreated:
    """What is told again of a peer that was given a token or a file before."""
    if peer.kind == "static":
        return wire.StaticPeerCreated(peer=peer, config=None, replayed=True)
    return wire.AgentPeerCreated(peer=peer, enrollment_token=None, enrollment_expires_at=None, replayed=True)


def file_of(tunnel: Tunnel, private_key: str | None, asked: wire.FileQuery) -> tuple[str, list[str]]:
    """The file as it was asked for, and what its owner has to know."""
    written = without_ipv6(tunnel) if asked.ipv6 == "off" else tunnel
    return portable_profile(written, private_key), list(notes(tunnel, written))
