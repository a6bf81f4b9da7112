"""Several things at once, one request to the outside at a time: in the order that a test chooses."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

PATIENCE_S = 60.0


class Turns:
    """Acts in threads of which one runs, from a request to the next. `choose` picks from how many.

    An act that raises ends; what it raised is among `raised`.
    """

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._back = threading.Semaphore(0)
        self._turns: dict[int, threading.Semaphore] = {}
        self.raised: list[Exception] = []

    def interrupts(self, store: object, *methods: str) -> None:
        """Let others have their turns before and after each of these requests of an act."""
        for name in methods:
            setattr(store, name, self._pausing(getattr(store, name)))

    def run(self, acts: Sequence[Callable[[], None]]) -> None:
        waiting = [threading.Thread(target=self._acted, args=(act,), daemon=True) for act in acts]
        for thread in waiting:
            thread.start()
            self._taken_back()
        while waiting:
            thread = waiting[self._choose(len(waiting))]
            assert thread.ident is not None
            self._turns[thread.ident].release()
            self._taken_back()
            waiting = [one for one in waiting if one.ident in self._turns]

    def pause(self) -> None:
        """Wait for the next turn; no effect outside of acts."""
        own = self._turns.get(threading.get_ident())
        if own is not None:
            self._back.release()
            assert own.acquire(timeout=PATIENCE_S)

    def _acted(self, act: Callable[[], None]) -> None:
        self._turns[threading.get_ident()] = threading.Semaphore(0)
        self.pause()
        try:
            act()
        except Exception as error:  # noqa: BLE001  the test looks at them
            self.raised.append(error)
        del self._turns[threading.get_ident()]
        self._back.release()

    def _taken_back(self) -> None:
        assert self._back.acquire(timeout=PATIENCE_S)

    def _pausing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def paused(*args: Any, **named: Any) -> Any:
            self.pause()
            answer = method(*args, **named)
            self.pause()  # it is on its way back
            return answer

        return paused
