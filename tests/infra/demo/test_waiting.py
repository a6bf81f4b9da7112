"""Waiting, never for ever."""

import pytest

from infra.demo.waiting import NotInTime, until


def test_waiting_ends_with_the_name_of_what_did_not_come() -> None:
    with pytest.raises(NotInTime, match="the moon"):
        until(lambda: False, "the moon", timeout_s=0.0)
