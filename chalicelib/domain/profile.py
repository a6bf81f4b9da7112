"""A tunnel as the file `wg-quick` and every official app accept.

Only keys all of them know, no comments, nothing that is not in the tunnel.
"""

from chalicelib.domain.tunnel import Section, Tunnel


def portable_profile(tunnel: Tunnel, private_key: str | None) -> str:
    """Render the file; without `private_key` the line is left for the owner to add."""
    interface = ["[Interface]"]
    if private_key is not None:
        interface.append(f"PrivateKey = {private_key}")
    interface.append(f"Address = {', '.join(tunnel.prefixes)}")
    if tunnel.listen_port is not None:
        interface.append(f"ListenPort = {tunnel.listen_port}")
    interface.append(f"MTU = {tunnel.mtu}")
    blocks = [interface, *(_peer(section) for section in tunnel.sections)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _peer(section: Section) -> list[str]:
    lines = ["[Peer]", f"PublicKey = {section.public_key}"]
    if section.allowed_ips:
        lines.append(f"AllowedIPs = {', '.join(map(str, section.allowed_ips))}")
    if section.endpoint is not None:
        lines.append(f"Endpoint = {section.endpoint}")
    if section.keepalive_s:
        lines.append(f"PersistentKeepalive = {section.keepalive_s}")
    return lines
