"""Why something about a network is refused."""

from collections.abc import Sequence

from chalicelib.domain.errors import Conflict, NotFound, listed


class NetworkNameInUse(Conflict):
    """Network names are unique in a deployment."""

    code = "name_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another network is named {name}. Choose another name.")


class NetworksOverlap(Conflict):
    """Networks of one deployment never overlap, nor touch a CIDR behind a peer."""

    code = "network_overlap"

    def __init__(self, asked: str, taken: str) -> None:
        super().__init__(f"{asked} overlaps {taken}. Choose a range outside it.")


class NetworkNotEmpty(Conflict):
    """Deleting a network would cut its peers off."""

    code = "network_not_empty"

    def __init__(self, peers: int) -> None:
        count = f"{peers} peer{'s' if peers != 1 else ''}"
        super().__init__(f"The network still has {count}. Delete them first, or repeat with ?force=true.")


class StaticPeersExist(Conflict):
    """Their files name addresses of the old range, and nobody can change the files for them."""

    code = "static_peers_exist"

    def __init__(self, names: Sequence[str], more: bool) -> None:
        """`more`: there are others that are not among the names."""
        others = " and others" if more else ""
        super().__init__(
            f"The files of static peers could not follow: {listed(names)}{others}. Delete them first, or grow the "
            "range in place: the same first address, a shorter prefix."
        )


class CidrDoesNotFit(Conflict):
    """The new range is too small for what the network holds."""

    code = "cidr_does_not_fit"

    def __init__(self, cidr: str, why: str) -> None:
        super().__init__(f"{cidr} is too small: {why}.")


class MtuTooSmall(Conflict):
    """IPv6 does not go through tunnels of so small packets."""

    code = "mtu_too_small"

    def __init__(self, names: Sequence[str], least: int) -> None:
        super().__init__(
            f"IPv6 needs an MTU of at least {least}, and these peers have less: {listed(names)}. Raise it first."
        )


class DirectoryFull(Conflict):
    """The ranges of a block of the address space are kept apart in one item of bounded size."""

    code = "directory_full"

    def __init__(self, block: str) -> None:
        super().__init__(f"{block} holds as many ranges as a deployment can keep apart there. Use another range.")


class TooManyBlocks(Conflict):
    """What one change touches has to fit into one transaction."""

    code = "too_many_blocks"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"One change reaches CIDRs in at most {most} blocks of the address space (IPv4 /8, IPv6 /16). "
            "Make it in steps."
        )


class ReservationsOverlap(Conflict):
    """Reserved ranges of a network are apart."""

    code = "reservation_overlap"

    def __init__(self, taken: str) -> None:
        super().__init__(f"{taken} is reserved already. Choose a range outside it, or remove it first.")


class ReservationNotFound(NotFound):
    """No reservation has exactly this range."""

    code = "reservation_not_found"

    def __init__(self, asked: str) -> None:
        super().__init__(f"{asked} is not a reserved range of this network.")


class TooManyReservations(Conflict):
    """Each reservation is looked at by every allocation."""

    code = "too_many_reservations"

    def __init__(self, most: int) -> None:
        super().__init__(f"A network has at most {most} reserved ranges. Unite some.")


class AddressReserved(Conflict):
    """An address of a reserved range is handed out to nobody."""

    code = "address_reserved"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} lies in a reserved range. Ask for another address, or remove the reservation.")


class AddressPoolExhausted(Conflict):
    """Every host address of the network is taken."""

    code = "address_pool_exhausted"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"Every address of {cidr} is taken. Delete peers, or create a larger network.")


class CidrInUse(Conflict):
    """A CIDR behind a peer would be ambiguous or shadow something."""

    code = "cidr_in_use"

    def __init__(self, cidr: str, why: str) -> None:
        super().__init__(f"{cidr} cannot stand behind this peer: {why}.")
