"""Facts are within their bounds, or are none."""

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.incident.evidence import Frame, HostIdentity, address_of, site_of
from tests.domain.incident.facts import a_look, at


@pytest.mark.parametrize("endpoint", ["198.51.100.7:51820", "[2001:db8::7]:1", "[fe80::1%eth0]:65535"])
def test_an_endpoint_is_an_address_and_a_port(endpoint: str) -> None:
    assert address_of(endpoint) is not None


@pytest.mark.parametrize(
    "endpoint", ["", "198.51.100.7", "198.51.100.7:0", "198.51.100.7:65536", "vpn.example:1", "1" * 65]
)
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(Invalid, match="endpoint"):
        a_look(0, endpoint)


def test_a_handshake_is_not_dated_after_the_look() -> None:
    a_look(0, handshake=10)

    with pytest.raises(Invalid, match="handshake_at"):
        a_look(0, handshake=11)


@pytest.mark.parametrize(("instance_id", "seq"), [("", 0), ("x" * 257, 0), ("x", -1)])
def test_a_frame_names_its_instance_and_number(instance_id: str, seq: int) -> None:
    with pytest.raises(Invalid):
        Frame(instance_id, seq, at(0))


def test_a_host_is_named_in_few_words() -> None:
    with pytest.raises(Invalid, match="host"):
        HostIdentity("x" * 257, "Linux")


def test_a_host_stays_at_its_site_when_it_renews_its_privacy_address() -> None:
    assert site_of("[2001:db8::7]:1") == site_of("[2001:db8::8]:2")
    assert site_of("[2001:db8:0:1::7]:1") != site_of("[2001:db8::7]:1")
    assert site_of("198.51.100.7:1") != site_of("198.51.100.8:1")
