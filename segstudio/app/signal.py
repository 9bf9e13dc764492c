"""Change notification without a toolkit: a state object owns a Signal and emits it when its own state has changed."""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Signal(Generic[P]):
    """Callbacks in the order in which they were connected, called at once in the caller's thread.

    Bound methods are held weakly, so that a connected object can be garbage-collected; functions are held. As in Qt,
    an exception in a callback goes to `sys.excepthook`, and neither the emitter nor another callback is cut short.
    """

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Callable[P, object] | None]] = []

    def connect(self, callback: Callable[P, object]) -> None:
        """Call `callback` with the arguments of every later `emit`."""
        if inspect.ismethod(callback):
            self._callbacks.append(weakref.WeakMethod(callback))
        else:
            self._callbacks.append(lambda: callback)

    def emit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all callbacks; those of objects that are gone are removed."""
        for reference in tuple(self._callbacks):
            callback = reference()
            if callback is None:
                if reference in self._callbacks:  # a callback that emits may have removed it
                    self._callbacks.remove(reference)
                continue
            try:
                callback(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # the border between listeners, as in Qt
                sys.excepthook(type(error), error, error.__traceback__)
