"""Agents as processes for whoever asks for them; the process's log is left as it was, for commands set it up."""

import logging
from collections.abc import Iterator

import pytest

from tests.agent.laboratory import laboratory

__all__ = ["laboratory"]  # a fixture


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
