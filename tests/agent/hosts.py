"""Hosts as they are: each function makes one of a bare namespace."""

from tests.agent.namespace import Namespace


def without_names_of_protocols(inside: Namespace) -> None:
    """As in containers and the smallest Debian: no package has brought /etc/protocols, /etc/services, or iproute2's."""
    inside.sh("for file in protocols services; do mount --bind /dev/null /etc/$file; done")
    inside.sh("mount -t tmpfs none /etc/iproute2")
