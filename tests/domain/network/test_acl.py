"""Selectors and ports of a rule, as they are written."""

from typing import Any

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.network.acl import (
    Protocol,
    parse_ports,
    parse_selector,
)


@pytest.mark.parametrize("text", ["*", "10.0.0.0/8", "fd00::/8", "peer:dyn_1", "tag:web"])
def test_a_selector_comes_back_as_its_text(text: str) -> None:
    assert str(parse_selector("source", text)) == text


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.1/8", "peer:", "peer:x_1", "tag:Web", "web", "**", "tag:"])
def test_what_selects_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_selector("source", text)


@pytest.mark.parametrize(
    ("texts", "protocol", "fits"),
    [
        (["1", "65535", "22-22", "8000-8010"], Protocol.TCP, True),
        (["22"], Protocol.UDP, True),
        ([], None, True),
        (["22"], None, False),
        (["22"], Protocol.ICMP, False),
        (["0"], Protocol.TCP, False),
        (["65536"], Protocol.TCP, False),
        (["9-8"], Protocol.TCP, False),
        (["22 "], Protocol.TCP, False),
        (["1"] * 65, Protocol.TCP, False),
    ],
)
def test_ports_are_numbers_and_ranges_of_tcp_and_udp(texts: list[str], protocol: Any, fits: bool) -> None:
    if fits:
        assert [str(ports) for ports in parse_ports("ports", texts, protocol)] == [
            "22" if text == "22-22" else text for text in texts
        ]
    else:
        with pytest.raises(Invalid):
            parse_ports("ports", texts, protocol)
