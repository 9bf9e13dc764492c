"""How labels are shown: layers, styles, palette, comparison, aids."""

from __future__ import annotations

from PySide6.QtCore import QObject

from segstudio.app.layers import (
    BOTH,
    ERRORS,
    FILL,
    HEAT,
    LABELS,
    NO_COMPARE,
    OUTLINE,
    OWN_COLOURS,
    PREDICTION,
    SAFE_COLOURS,
    SIDE_BY_SIDE,
    SWIPE,
)
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.session import Session

_ZOOM_STEP = 1.25
_STYLES = (FILL, OUTLINE, BOTH)


class SeeingFlow(QObject):
    """Everything here is view only; the labels stay as they are."""

    def __init__(self, session: Session, canvas: Canvas) -> None:
        super().__init__(session)
        self._session = session
        self._canvas = canvas

    def zoom_in(self) -> None:
        self._canvas.zoom(_ZOOM_STEP)

    def zoom_out(self) -> None:
        self._canvas.zoom(1 / _ZOOM_STEP)

    def next_style(self) -> None:
        """Fill, outline, both, fill…"""
        layers = self._session.layers
        layers.style = _STYLES[(_STYLES.index(layers.style) + 1) % len(_STYLES)]
        self._session.layers_changed.emit()

    def toggle_labels(self) -> None:
        self._toggle(LABELS)

    def toggle_prediction(self) -> None:
        self._toggle(PREDICTION)

    def toggle_heat(self) -> None:
        self._toggle(HEAT)

    def toggle_errors(self) -> None:
        self._toggle(ERRORS)

    def stronger(self) -> None:
        self._fade(0.1)

    def weaker(self) -> None:
        self._fade(-0.1)

    def _toggle(self, name: str) -> None:
        layer = self._session.layers.named(name)
        layer.visible = not layer.visible
        self._session.layers_changed.emit()

    def _fade(self, by: float) -> None:
        labels = self._session.layers.labels
        labels.opacity = min(1.0, max(0.0, labels.opacity + by))
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

    def _compare(self, how: str) -> None:
        layers = self._session.layers
        layers.compare = NO_COMPARE if layers.compare == how else how
        self._session.layers_changed.emit()
