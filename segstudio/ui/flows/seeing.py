"""How the picture and its labels are shown: styles, palette, comparison, aids, brightness and window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from segstudio.core.display import Display
from segstudio.core.pyramid import levels_of
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.layers import BOTH, FILL, NO_COMPARE, OUTLINE, OWN_COLOURS, SAFE_COLOURS, SIDE_BY_SIDE, SWIPE
from segstudio.ui.session import Session

_ZOOM_STEP = 1.25
_STYLES = (FILL, OUTLINE, BOTH)


class SeeingFlow(QObject):
    """Everything here is view only; the labels stay as they are."""

    def __init__(self, session: Session, canvas: Canvas) -> None:
        super().__init__(session)
        self._session = session
        self._canvas = canvas
        self._busy = False
        session.picture_changed.connect(self._on_picture)

    def zoom_in(self) -> None:
        self._canvas.zoom(_ZOOM_STEP)

    def zoom_out(self) -> None:
        self._canvas.zoom(1 / _ZOOM_STEP)

    def next_style(self) -> None:
        """Fill, outline, both, fill…"""
        layers = self._session.layers
        layers.style = _STYLES[(_STYLES.index(layers.style) + 1) % len(_STYLES)]
        self._session.layers_changed.emit()

    def toggle_palette(self) -> None:
        layers = self._session.layers
        layers.palette = SAFE_COLOURS if layers.palette == OWN_COLOURS else OWN_COLOURS
        self._session.layers_changed.emit()
        self._session.classes_changed.emit()

    def swipe(self) -> None:
        self._compare(SWIPE)

    def side_by_side(self) -> None:
        self._compare(SIDE_BY_SIDE)

    def toggle_crosshair(self) -> None:
        self._session.layers.crosshair = not self._session.layers.crosshair
        self._session.layers_changed.emit()

    def toggle_grid(self) -> None:
        self._session.layers.pixel_grid = not self._session.layers.pixel_grid
        self._session.layers_changed.emit()

    def toggle_navigator(self) -> None:
        self._session.layers.navigator = not self._session.layers.navigator
        self._session.layers_changed.emit()

    def reset_display(self) -> None:
        self.set_display(Display())

    def set_display(self, display: Display) -> None:
        """Brightness, contrast and gamma at once; another window in the background."""
        before = self._session.layers.display
        self._session.layers.display = display
        self._session.layers_changed.emit()
        if display.window != before.window:
            self._window_again()

    def _compare(self, how: str) -> None:
        layers = self._session.layers
        layers.compare = NO_COMPARE if layers.compare == how else how
        self._session.layers_changed.emit()

    def _on_picture(self) -> None:
        """A window belongs to one picture's values; the curve stays."""
        layers, picture = self._session.layers, self._session.picture
        if layers.display.window is not None and picture is not None and layers.display.window != picture.window:
            layers.display = replace(layers.display, window=picture.window)
            self._session.layers_changed.emit()

    def _window_again(self) -> None:
        """The newest wish wins; a result for a picture left behind is dropped."""
        picture, window = self._session.picture, self._session.layers.display.window
        if picture is None or self._busy:
            return
        self._busy = True

        def events() -> Iterator[list[NDArray[np.uint8]]]:
            yield levels_of(picture.pixels, window)

        def on_levels(levels: list[NDArray[np.uint8]]) -> None:
            if self._session.picture is picture:
                picture.set_levels(levels, window)
                self._session.sight.image = levels[0]
                self._canvas.rebuild()

        def on_end() -> None:
            self._busy = False
            if self._session.picture is picture and self._session.layers.display.window != window:
                self._window_again()

        self._session.jobs.start(events, on_levels, on_end)
