"""Queries of the local cloud that cost one parse of their key condition, not one an item of the partition.

MiniStack 1.5.33 reads the text of a key condition anew for each item. Here the first item of a query goes
MiniStack's way, errors included; the others are judged by the condition as it was read once. What is not
plain (another type than text, an operator that no key takes) goes MiniStack's way throughout.

Exit: `test_key_conditions.py` says when the pinned emulator no longer needs this.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any

from ministack.services import dynamodb

Item = Mapping[str, Mapping[str, Any]]
Predicate = Callable[[Item], bool]
Token = tuple[str, str]
Clause = tuple[Token, str, tuple[str, ...]]  # the attribute, how it is compared, and with which values

COMPARISONS: dict[str, Callable[..., bool]] = {
    "EQ": eq,
    "LT": lt,
    "LE": le,
    "GT": gt,
    "GE": ge,
    "BEGINS_WITH": bytes.startswith,
    "BETWEEN": lambda have, low, high: low <= have <= high,
}


def install() -> None:
    """Have MiniStack's queries judge items by conditions that are read once."""
    dynamodb._evaluate_condition = _OncePerQuery(dynamodb._evaluate_condition)


class _OncePerQuery:
    """Takes the place of `_evaluate_condition`. A query passes the same objects for each of its items."""

    def __init__(self, evaluate: Callable[..., bool]) -> None:
        self._evaluate = evaluate
        self._last: tuple[str, object, object, Predicate | None] = ("", None, None, None)

    def __call__(self, text: str, item: Item, values: Any, names: Any, slot: str = "ConditionExpression") -> bool:
        if slot != "KeyConditionExpression":
            return self._evaluate(text, item, values, names, slot)
        last_text, last_values, last_names, predicate = self._last
        if text != last_text or values is not last_values or names is not last_names:
            answer = self._evaluate(text, item, values, names, slot)
            self._last = (text, values, names, _predicate(text, values or {}, names or {}))
            return answer
        return self._evaluate(text, item, values, names, slot) if predicate is None else predicate(item)


def _predicate(text: str, values: Item, names: Mapping[str, str]) -> Predicate | None:
    """The condition on text attributes; None: it is not plain."""
    clauses = _clauses(text)
    if clauses is None or any("S" not in values.get(value, {}) for _, _, compared in clauses for value in compared):
        return None
    tests = [
        (names.get(name, name), COMPARISONS[operator], [values[value]["S"].encode() for value in compared])
        for (_, name), operator, compared in clauses
    ]

    def holds(item: Item) -> bool:
        return all(
            "S" in item.get(name, {}) and compare(item[name]["S"].encode(), *operands)
            for name, compare, operands in tests
        )

    return holds


@lru_cache(maxsize=256)
def _clauses(text: str) -> tuple[Clause, ...] | None:
    """The clauses of a condition; None: one is not plain."""
    clauses = [_clause(clause) for clause in dynamodb._key_condition_clauses(_unwrapped(dynamodb._tokenize(text)))]
    plain = [clause for clause in clauses if clause is not None]
    return tuple(plain) if len(plain) == len(clauses) else None


def _unwrapped(tokens: list[Token]) -> list[Token]:
    """Without the one pair of parentheses that PynamoDB puts around a condition."""
    plain = [token for token in tokens if token[0] != "EOF"]
    return plain[1:-1] if plain and plain[0][0] == "LPAREN" and plain[-1][0] == "RPAREN" else plain


def _clause(tokens: list[Token]) -> Clause | None:
    match tokens:
        case [("IDENT" | "NAME_REF", _) as name, (operator, _), ("VALUE_REF", value)] if operator in COMPARISONS:
            return name, operator, (value,)
        case [("IDENT", function), ("LPAREN", _), ("IDENT" | "NAME_REF", _) as name, _, ("VALUE_REF", value), _] if (
            function == "begins_with"
        ):
            return name, "BEGINS_WITH", (value,)
        case [("IDENT" | "NAME_REF", _) as name, ("IDENT", word), ("VALUE_REF", low), _, ("VALUE_REF", high)] if (
            word.upper() == "BETWEEN"
        ):
            return name, "BETWEEN", (low, high)
        case _:
            return None
