"""The time that counts against a bundle on trial: while the host is awake and has a default route; pure."""

from dataclasses import dataclass, replace
from typing import Self

CONFIRM_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """`left_s`: how much of it is left. `looked_at_s`: the last look, on the monotonic clock, which stands still while
    the host sleeps. `had_route`: whether there was a default route then."""

    left_s: float
    looked_at_s: float
    had_route: bool = True

    def looked(self, at_s: float, has_route: bool) -> Self:
        """The time since the last look counts if there was a default route then and there is one now."""
        passed_s = at_s - self.looked_at_s if has_route and self.had_route else 0.0
        return replace(self, left_s=self.left_s - passed_s, looked_at_s=at_s, had_route=has_route)

    @property
    def is_over(self) -> bool:
        return self.left_s <= 0.0
