"""The image and the layers over it as painters of arrays: rebuilt for another array, else only recoloured."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QPainter

from segstudio.app.layers import (
    BOTH,
    ERRORS,
    FILL,
    LABELS,
    OUTLINE,
    PREDICTION,
    PROBABILITY_MAP,
    class_colours,
    error_colours,
    probability_colours,
)
from segstudio.app.line_colours import list_outlines
from segstudio.app.state import State
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.document import Document
from segstudio.ui.canvas import painters
from segstudio.ui.canvas.panes import Pane

_SELECTED = [0xE6000000, 0xFFFFFFFF] + [0] * 254  # outside and inside of a selected object's border


class LayerStack:
    """Draws image, labels, outlines, prediction, probability map, errors and the selection of the open image."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._levels = painters.ImageLevels([])
        self._planes: dict[str, painters.PlaneImage] = {}
        self._outlines = painters.Outlines()
        self._outline_style: tuple[object, ...] = ()  # colours and hidden classes
        self._outlined: tuple[Annotation, frozenset[int], object] | None = None
        state.prediction_changed.connect(self.rebuild_prediction)
        state.layers_changed.connect(self._on_layers)
        state.classes_changed.connect(self._on_layers)

    def rebuild(self) -> None:
        """Follow another image, or other pyramid levels of the same image."""
        image = self._state.image
        self._planes.clear()
        self._outlined = None
        self._levels = painters.ImageLevels([] if image is None else image.levels)
        self.rebuild_prediction()

    def rebuild_prediction(self) -> None:
        """Follow another prediction, or none."""
        image = self._state.image
        for name in (PREDICTION, PROBABILITY_MAP, ERRORS):
            self._planes.pop(name, None)
        if image is not None and image.prediction is not None:
            self._planes[PREDICTION] = painters.PlaneImage(image.prediction.labels, self._colours(PREDICTION))
            self._rebuild_derived()

    def draw(self, painter: QPainter, pane: Pane, visible: Box, dirty: QRect, ratio: float) -> None:
        """Draw the part `visible`, in image pixels; `dirty` is the same part on the canvas, rounded."""
        layers, image = self._state.layers, self._state.image
        if image is None:
            return
        view, document = pane.view, image.document
        whole = view.visible(QRectF(pane.area), *document.plane.shape)  # clipped to the dirty part by the painter
        self._levels.draw(painter, view, whole, ratio, layers.display)
        if layers.held_hidden:
            return
        self._follow_document(document)
        self._draw_planes(painter, pane, visible, dirty)
        if pane.only in ("", LABELS) and layers.labels.visible:
            if layers.style == FILL:
                self._outlines.draw(painter, view, visible)
            if image.visible_labels.selected is not None:
                painters.draw_borders(painter, image.visible_labels.selected, _SELECTED, view, dirty)

    def _draw_planes(self, painter: QPainter, pane: Pane, visible: Box, dirty: QRect) -> None:
        layers, view = self._state.layers, pane.view
        for name in (PREDICTION, PROBABILITY_MAP, LABELS, ERRORS):
            layer, plane = layers.named(name), self._planes.get(name)
            if plane is None or not (name == pane.only if pane.only else layer.visible):
                continue
            outlined = name in (LABELS, PREDICTION) and layers.style in (OUTLINE, BOTH)
            if not outlined or layers.style == BOTH:
                painters.draw_plane(painter, plane, view, visible, layer.opacity)
            if outlined:
                painters.draw_borders(painter, plane.plane, plane.colours, view, dirty)

    def _follow_document(self, document: Document) -> None:
        """Follow another annotation with the outlines, and another label plane while objects are hidden."""
        key = (document.annotation, document.marks.hidden, self._outline_style)
        if self._outlined is None or any(a is not b for a, b in zip(key, self._outlined, strict=True)):
            self._outlined = key
            outlines = list_outlines(self._state, document)
            self._outlines.set([(shape, QColor(*colour).lighter(125)) for shape, colour in outlines])
        image = self._state.image
        assert image is not None
        labels = self._planes.get(LABELS)
        if labels is None or labels.plane is not image.visible_labels.plane:
            self._planes[LABELS] = painters.PlaneImage(image.visible_labels.plane, self._colours(LABELS))

    def _rebuild_derived(self) -> None:
        """The planes that the state computes from the prediction: probability map and errors."""
        image, probability_map = self._state.image, self._state.probability_map
        for name in (PROBABILITY_MAP, ERRORS):
            self._planes.pop(name, None)
        if probability_map is not None:
            self._planes[PROBABILITY_MAP] = painters.PlaneImage(probability_map, probability_colours())
        if image is not None and image.errors is not None:
            self._planes[ERRORS] = painters.PlaneImage(image.errors, error_colours())

    def _colours(self, name: str) -> list[int]:
        """Class 0 is transparent if it is a background class, unless background has to be drawn by the user."""
        table = self._state.table
        drawn_by_user = name == LABELS and self._state.unlabelled == "ignore"
        return class_colours(table, self._state.layers, background=drawn_by_user or not table.has_background)

    def _on_layers(self) -> None:
        """List the outlines again only if their colours or the hidden classes changed: there may be thousands."""
        layers, table = self._state.layers, self._state.table
        style = (layers.hidden_classes(table), layers.palette, table)
        if style != self._outline_style:
            self._outline_style = style
        for name in (LABELS, PREDICTION):
            if name in self._planes:
                self._planes[name].recolour(self._colours(name))
        self._rebuild_derived()
