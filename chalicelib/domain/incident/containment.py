"""What follows from a finding, and whose word counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import NetworkId, PeerId, is_jump
from chalicelib.domain.incident.finding import RULES, Finding, Line, Rule
from chalicelib.domain.incident.rules import Reaction, Rules

LIMITED_WITHIN = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Held(StrEnum):
    """Why less is done than the rules' reaction."""

    SIGNS_ONLY = "signs_only"
    JUMP = "jump"
    OBSERVER_LIMIT = "observer_limit"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Decision:
    """`reaction`: what is done. `wanted`: what the rules ask for, which a shadow records. `held`: why it is less.
    `accuses_observer`: an incident on the observer opens too, for it had more peers blocked than one may."""

    reaction: Reaction
    wanted: Reaction
    held: Held | None = None
    accuses_observer: bool = False


@dataclass(frozen=True, slots=True)
class ObserverBlocks:
    """How many peers were blocked by one jump's word in each minute of the last hour; minutes since 1970."""

    network_id: NetworkId
    observer_id: PeerId
    minutes: Mapping[int, int] = field(default_factory=dict)

    def within(self, now: datetime) -> int:
        """How many in the last hour, the minute that it began in included."""
        first = _minute(now - LIMITED_WITHIN)
        return sum(blocks for minute, blocks in self.minutes.items() if minute >= first)

    def with_one(self, now: datetime) -> "ObserverBlocks":
        """One more; what is older than the hour is forgotten."""
        first, this = _minute(now - LIMITED_WITHIN), _minute(now)
        kept = {minute: blocks for minute, blocks in self.minutes.items() if minute >= first}
        return ObserverBlocks(self.network_id, self.observer_id, {**kept, this: kept.get(this, 0) + 1})


def decided(finding: Finding, rules: Rules, observer_blocks: int, peers: int) -> Decision:
    """What is done about a finding.

    Args:
        observer_blocks: the automatic blocks of the last hour that the finding's observer decided.
        peers: of the network.
    """
    wanted = rules.reaction(finding.type)
    if wanted in (Reaction.OFF, Reaction.ALERT):
        return Decision(wanted, wanted)
    if not finding.is_proof:
        return Decision(Reaction.ALERT, Reaction.ALERT, Held.SIGNS_ONLY)
    if wanted is Reaction.BLOCK and is_jump(finding.peer_id):
        wanted = Reaction.REJECT
        if not rules.shadow:
            return Decision(wanted, wanted, Held.JUMP)
    if rules.shadow:
        return Decision(Reaction.ALERT, wanted, Held.SHADOW)
    if wanted is Reaction.BLOCK and finding.observer_id is not None and observer_blocks >= block_limit(peers, rules):
        return Decision(Reaction.ALERT, wanted, Held.OBSERVER_LIMIT, accuses_observer=True)
    return Decision(wanted, wanted)


def accusation(finding: Finding, rules: Rules) -> Finding:
    """What is found of the observer of a finding that would have had one peer too many blocked."""
    assert finding.observer_id is not None
    kind, is_proof, names = RULES[Rule.MANY_BLOCKS]
    text = f"by its word peer {finding.peer_id} would have been blocked as well"
    return Finding(
        peer_id=finding.observer_id,
        type=kind,
        rule=Rule.MANY_BLOCKS,
        at=finding.at,
        is_proof=is_proof,
        is_later=False,
        summary="By this jump's word as many peers were blocked within an hour as one jump may have blocked. Either "
        "many keys were copied, or the jump says what is not so.",
        lines=(Line(finding.at, text),),
        thresholds=rules.thresholds(names),
    )


def forced(finding: Finding) -> Decision | None:
    """Of an observer that had too many peers blocked people are told, whatever the reactions are; None: as they are."""
    return Decision(Reaction.ALERT, Reaction.ALERT) if finding.rule is Rule.MANY_BLOCKS else None


def block_limit(peers: int, rules: Rules) -> int:
    """How many automatic blocks an hour one observer may decide in a network of so many peers."""
    return max(rules.observer_blocks, peers * rules.observer_percent // 100)


def is_admissible(
    observer_id: PeerId, observer_network: NetworkId, is_observer_blocked: bool, peer_id: PeerId, network: NetworkId
) -> bool:
    """Whether an observation counts: a jump's, not blocked itself, of another peer of its own network."""
    return is_jump(observer_id) and not is_observer_blocked and observer_id != peer_id and observer_network == network


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // int(MINUTE.total_seconds())
