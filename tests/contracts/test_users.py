"""People and tokens as administrators look at them, and what people own, over every engine."""

from dataclasses import replace

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.identity.api_token import token_id
from chalicelib.domain.identity.writes import (
    DisownPeers,
    EnterAdministrators,
    LeaveAdministrators,
    OwnPeers,
    PutToken,
    PutUser,
)
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.ports.transactions import ConditionFailed
from tests.contracts.test_accounts import OWN, TOKEN, WHOLE, write

ANA, BEN = PrincipalId("usr_ana"), PrincipalId("usr_ben")
NET = NetworkId("net_1")


def test_people_are_listed_by_pages(outside: Outside) -> None:
    people = [replace(WHOLE, id=PrincipalId(f"usr_{n}")) for n in range(5)]
    write(outside, *(PutUser(person) for person in people), PutToken(TOKEN))

    first, after = outside.users.page(2, None)
    second, later = outside.users.page(2, after)
    third, last = outside.users.page(2, later)

    assert [*first, *second, *third] == people
    assert (len(first), len(second), len(third), last) == (2, 2, 1, None)
    assert outside.users.page(5, None) == (people, None)
    assert outside.users.get(people[3].id) == people[3]
    assert outside.users.get(ANA) is None
    assert outside.users.known([people[3].id, people[0].id, ANA]) == {people[3].id, people[0].id}


def test_tokens_are_listed_of_one_maker_or_all(outside: Outside) -> None:
    ana = [replace(TOKEN, id=token_id(ANA, f"{n}")) for n in range(3)]
    near = replace(TOKEN, id=token_id(PrincipalId(f"{ANA}x"), "1"))
    write(outside, *(PutToken(token) for token in (*ana, near, OWN)))

    assert outside.tokens.page(10, None, ANA) == (ana, None)
    first, after = outside.tokens.page(2, None, ANA)
    assert (first, outside.tokens.page(2, after, ANA)) == (ana[:2], (ana[2:], None))
    every, after = outside.tokens.page(4, None)
    assert every == [*ana, near]
    assert outside.tokens.page(4, after) == ([OWN], None)
    assert outside.tokens.get(ana[1].id) == ana[1]
    assert outside.tokens.get(token_id(BEN, "1")) is None


def test_the_last_administrator_stays(outside: Outside) -> None:
    assert outside.users.administrators() == frozenset()
    write(outside, LeaveAdministrators(BEN))
    write(outside, EnterAdministrators(ANA))
    write(outside, LeaveAdministrators(BEN))

    with pytest.raises(ConditionFailed):
        write(outside, LeaveAdministrators(ANA))
    write(outside, EnterAdministrators(BEN))
    write(outside, LeaveAdministrators(ANA))
    assert outside.users.administrators() == {BEN}


def test_who_is_no_administrator_by_their_providers_word_does_not_stay_one(outside: Outside) -> None:
    write(outside, EnterAdministrators(ANA))

    write(outside, LeaveAdministrators(ANA, is_fact=True))

    assert outside.users.administrators() == frozenset()


def test_a_person_owns_no_more_peers_than_the_limit(outside: Outside) -> None:
    first, second, third = (OwnPeers(ANA, NET, (PeerId(f"dyn_{n}"),), 2) for n in range(3))
    write(outside, first)
    write(outside, second)

    with pytest.raises(ConditionFailed):
        write(outside, third)
    assert outside.users.owned(ANA) == [(NET, *first.peer_ids), (NET, *second.peer_ids)]
    assert outside.users.owned_counts([ANA, BEN]) == {ANA: 2}

    write(outside, DisownPeers(ANA, NET, first.peer_ids))
    write(outside, DisownPeers(ANA, NET, first.peer_ids))
    write(outside, third)
    write(outside, replace(third, peer_ids=(PeerId("dyn_8"), PeerId("dyn_9")), limit=None))
    assert outside.users.owned(ANA) == [(NET, PeerId(f"dyn_{n}")) for n in (1, 2, 8, 9)]
    assert outside.users.owned(BEN) == []


def test_a_limit_of_none_at_all_keeps_everybody_out(outside: Outside) -> None:
    with pytest.raises(ConditionFailed):
        write(outside, OwnPeers(ANA, NET, (PeerId("dyn_1"),), 0))
