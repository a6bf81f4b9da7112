"""Signing keys, over every engine."""

from dataclasses import replace

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.bundle.signing import SigningKey, SigningKeys
from chalicelib.domain.network.network import SealedSecret


def test_signing_keys_follow_one_another(outside: Outside) -> None:
    store = outside.signing_keys
    first, second = (
        SigningKeys(number, *(SigningKey(SealedSecret(f"{number}{n}".encode()), f"{number}{n}") for n in "ab"))
        for number in (1, 2)
    )

    assert store.get() is None
    others = replace(first, successor=second.successor)
    assert [store.put(second), store.put(first), store.put(first), store.put(others)] == [False, True, True, False]
    assert store.get() == first
    assert [store.put(second), store.put(second), store.put(first)] == [True, True, False]
    assert store.get() == second
