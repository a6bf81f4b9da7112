"""Files for clients of others: what every one of them accepts."""

from hypothesis import given

from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.tunnel.portable_profile import (
    PREFIXES_A_LINE,
    SEVERAL_LINES,
    changed_keys,
    digests,
    notes,
    portable_profile,
)
from chalicelib.domain.tunnel.sections import Tunnel
from tests.builders import a_dynamic, a_jump, a_network, a_static
from tests.dialects.validator import refusals
from tests.domain.populations import Population, populations
from tests.domain.tunnel.lines import of_jump, of_regular


def test_a_search_domain_stands_in_the_dns_line_where_it_is_asked_for() -> None:
    asked = of_regular(a_static(2, dns=("10.0.0.1", "lab.internal")), [a_jump(1)])

    assert "DNS = 10.0.0.1, lab.internal\n" in portable_profile(asked, None)
    assert "DNS" not in portable_profile(of_regular(a_static(2), [a_jump(1)]), None)


def test_a_file_holds_only_what_every_client_accepts() -> None:
    tunnel = of_regular(a_static(3), [a_jump(1)], network=a_network())

    assert portable_profile(tunnel, "PRIVATE").splitlines() == [
        "[Interface]",
        "PrivateKey = PRIVATE",
        "Address = 10.0.0.3/24",
        "MTU = 1420",
        "",
        "[Peer]",
        f"PublicKey = {tunnel.sections[0].public_key}",
        f"PresharedKey = {tunnel.sections[0].preshared_key}",
        "AllowedIPs = 10.0.0.0/24",
        "Endpoint = 198.51.100.1:51820",
        "PersistentKeepalive = 25",
    ]


def lines_of(tunnel: Tunnel) -> list[str]:
    return [line for line in portable_profile(tunnel, None).splitlines() if line.startswith("AllowedIPs")]


def test_thirty_prefixes_stand_in_one_line() -> None:
    lans = tuple(f"172.16.{2 * n}.0/24" for n in range(30))

    assert lines_of(of_regular(a_static(3), [a_jump(1, behind=lans)], network=a_network())) == [
        "AllowedIPs = " + ", ".join(("10.0.0.0/24", *lans))
    ]


def test_prefixes_that_are_more_than_one_line_s_stand_in_several_and_it_is_said() -> None:
    def told(count: int) -> tuple[int, tuple[str, ...]]:
        lans = tuple(f"fd00:1234:5678:9abc:{2 * n:x}::/80" for n in range(count))
        tunnel = of_regular(a_static(3), [a_jump(1, behind=lans)])
        return len(lines_of(tunnel)), notes(tunnel, tunnel)

    fits = next(count for count in range(200, 0, -1) if told(count)[0] == 1)

    assert 80 <= fits < 200
    assert told(fits) == (1, ())
    assert told(fits + 1) == (-(-(fits + 3) // PREFIXES_A_LINE), (SEVERAL_LINES,))
    assert SEVERAL_LINES.isascii()


def test_adjacent_prefixes_of_a_file_are_joined_and_no_wider_than_they_were() -> None:
    lans = ("172.20.0.0/24", "172.20.1.0/24", "172.20.3.0/24", "fd00:0:0:1::/65", "fd00:0:0:1:8000::/65")
    tunnel = of_regular(a_static(3), [a_jump(1, behind=lans)])

    assert lines_of(tunnel) == ["AllowedIPs = 10.0.0.0/24, 172.20.0.0/23, 172.20.3.0/24, fd00::/63"]


def test_prefixes_that_another_section_may_claim_stay_apart() -> None:
    """Joined, the first peer's would be the second's; of equal prefixes WireGuard keeps the last."""
    router, wider = a_dynamic(2, behind=("172.20.0.0/24", "172.20.1.0/24")), a_dynamic(3, behind=("172.20.0.0/23",))

    text = "\n".join(lines_of(of_jump(a_jump(1), [a_jump(1), router, wider], network=a_network())))

    assert text.count("172.20.0.0/23") == text.count("172.20.0.0/24") == text.count("172.20.1.0/24") == 1


def test_a_file_is_not_out_of_date_for_how_its_prefixes_are_written() -> None:
    halves, whole = (("172.20.0.0/24", "172.20.1.0/24"), ("172.20.0.0/23",))
    before, after = (digests(of_regular(a_static(3), [a_jump(1, behind=lans)])) for lans in (halves, whole))

    assert changed_keys(before, after) == ()


def test_what_changed_in_a_file_is_named_and_preshared_keys_are_not_digested() -> None:
    before = of_regular(a_static(3), [a_jump(1)])
    after = of_regular(a_static(3, mtu=1300, epoch=7), [a_jump(1, endpoint="h.example")])

    assert changed_keys(digests(before), digests(before)) == ()
    assert changed_keys(digests(before), digests(after)) == ("Endpoint", "MTU")


@given(populations())
def test_every_file_is_accepted_by_all_official_clients(population: Population) -> None:
    for peer in population.regular:
        tunnel = population.bundle(peer).tunnel
        if peer.kind is Kind.STATIC and tunnel.sections and peer.public_key:
            assert refusals(portable_profile(tunnel, peer.public_key), "wg-lab") == {}
