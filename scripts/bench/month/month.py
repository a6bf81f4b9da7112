"""Half a day of one idle agent, and the month it adds up to."""

import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.identity.principal import Role
from chalicelib.observability import logger
from chalicelib.settings import Settings, settings_from
from infra.stack.dynamodb_local import dynamodb_local
from infra.stack.tables import environment
from scripts.bench.figures import Bar, Figure, Group, Say
from scripts.bench.month.deployment import Deployment, Enrolled, deployment, enrolled
from scripts.bench.month.in_process import SECRET
from scripts.bench.month.life import Life
from scripts.cost_estimate import HOURS, SOCKET_MINUTE, Use

SETTLED_S = 2 * 3600.0  # enrolment and the first bundle are no part of an idle month
COUNTED_S = 12 * 3600.0
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
BARS = (Bar("agent_month_dollars", 0.045), Bar("jump_month_dollars", 0.30))


def month(settings: Settings, is_jump: bool, counted_s: float = COUNTED_S) -> dict[str, float]:
    """Dollars of an idle month: of `requests`, and of the `minutes` a socket is open."""
    world = deployment(replace(settings, origin_secrets=(SECRET,)))
    life = Life(world, world.jump if is_jump else _regular(world))
    life.live(SETTLED_S)
    world.tally.use, life.connected_s = Use(), 0.0
    life.live(counted_s)
    months = counted_s / 3600 / HOURS
    return {
        "requests": world.tally.use.dollars() / months,
        "minutes": life.connected_s / 60 * SOCKET_MINUTE / months,
    }


def _regular(world: Deployment) -> Enrolled:
    operator = world.container.api_tokens.create_for_deployment("bench", Role.ADMINISTRATOR).text()
    return enrolled(world.jump.http, operator, world.network_id, {"kind": "dynamic", "name": "laptop"})


def measure(say: Say) -> Sequence[Figure]:
    say("starting DynamoDB Local")
    logger.setLevel(logging.WARNING)  # a line a frame would stand among the figures
    figures = []
    os.environ.update(CREDENTIALS)
    with dynamodb_local() as url:
        for name, is_jump in (("agent", False), ("jump", True)):
            say(f"half a day of an idle {name}, simulated")
            variables = {**environment(f"bench-{uuid.uuid4().hex}"), "AWS_ENDPOINT_URL": url}
            spent = month(settings_from(variables), is_jump)
            figures.append(Figure(f"{name}_month_dollars", round(sum(spent.values()), 4), "$", 1))
    return figures


GROUP = Group("what an idle agent and an idle jump cost a month, counted", measure, BARS)
