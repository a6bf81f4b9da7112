"""What an audit record may say, and where it stands."""

from typing import Any

import pytest

from tests.builders import T0, an_audit_record


@pytest.mark.parametrize("name", ["secret", "private_key", "preshared_key", "psk", "password", "client_secret_hash"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_no_record_is_made_of_a_secret(name: str, side: str) -> None:
    said: dict[str, Any] = {side: {name: "x"}}

    with pytest.raises(ValueError, match=name):
        an_audit_record(**said)


def test_a_public_key_is_no_secret() -> None:
    assert an_audit_record(after={"public_key": "x"}).after == {"public_key": "x"}


def test_places_sort_by_time_and_tell_records_of_one_moment_apart() -> None:
    later = T0.replace(microsecond=1)
    places = [an_audit_record(*made).place for made in ("1", "2")]

    assert len(set(places)) == 2
    assert max(places) < an_audit_record("0", at=later).place
