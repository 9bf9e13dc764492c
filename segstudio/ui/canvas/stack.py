"""The layers over the image as images that look at arrays; rebuilt when an array is another, else recoloured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QPainter

from segstudio.app.layers import (
    BOTH,
    ENTROPY,
    ERRORS,
    FILL,
    HEAT,
    IGNORE_COLOUR,
    LABELS,
    OUTLINE,
    PREDICTION,
    class_colours,
    error_colours,
    heat_colours,
)
from segstudio.core.annotation import Annotation
from segstudio.core.box import Box
from segstudio.core.classes import is_background
from segstudio.core.document import Document
from segstudio.core.shape import Shape
from segstudio.ui.canvas import items
from segstudio.ui.canvas.panes import Pane
from segstudio.ui.session import Session

_SELECTED = [0xE6000000, 0xFFFFFFFF] + [0] * 254  # outside and inside of a selected object's border


class LayerStack:
    """Draws image, labels, outlines, prediction, heat, errors and the selection of the session's image."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._levels = items.ImageLevels([])
        self._planes: dict[str, items.PlaneImage] = {}
        self._outlines = items.Outlines()
        self._looks = object()  # another one whenever classes or layers look otherwise
        self._outlined: tuple[Annotation, frozenset[int], object] | None = None
        session.prediction_changed.connect(self.rebuild_prediction)
        session.layers_changed.connect(self._on_layers)
        session.classes_changed.connect(self._on_layers)

    def rebuild(self) -> None:
        """Another image, or the same with other levels."""
        image = self._session.image
        self._planes.clear()
        self._outlined = None
        self._levels = items.ImageLevels([] if image is None else image.levels)
        self.rebuild_prediction()

    def rebuild_prediction(self) -> None:
        """Another prediction, or none."""
        image, sight = self._session.image, self._session.sight
        for name in (PREDICTION, HEAT, ERRORS):
            self._planes.pop(name, None)
        sight.predicted = sight.heat = None
        if image is None or image.prediction is None:
            return
        self._planes[PREDICTION] = items.PlaneImage(image.prediction.labels, self._colours(PREDICTION))
        sight.predicted = image.prediction.labels
        self._rebuild_heat()
        self._rebuild_errors()

    def draw(self, painter: QPainter, pane: Pane, seen: Box, dirty: QRect, ratio: float) -> None:
        """`seen` is the part to draw, in image pixels; `dirty` the same on the screen, rounded."""
        layers, image = self._session.layers, self._session.image
        if image is None:
            return
        view, document = pane.view, image.document
        whole = view.visible(QRectF(pane.area), *document.plane.shape)  # the clip spares what is not dirty
        self._levels.draw(painter, view, whole, ratio, layers.display)
        if layers.held_hidden:
            return
        self._follow_document(document)
        self._draw_planes(painter, pane, seen, dirty)
        if pane.only in ("", LABELS) and layers.labels.visible:
            if layers.style == FILL:
                self._outlines.draw(painter, view, seen)
            if image.shown.selected is not None:
                items.draw_borders(painter, image.shown.selected, _SELECTED, view, dirty)

    def _draw_planes(self, painter: QPainter, pane: Pane, seen: Box, dirty: QRect) -> None:
        layers, view = self._session.layers, pane.view
        for name in (PREDICTION, HEAT, LABELS, ERRORS):
            layer, plane = layers.named(name), self._planes.get(name)
            if plane is None or not (name == pane.only if pane.only else layer.visible):
                continue
            outlined = name in (LABELS, PREDICTION) and layers.style in (OUTLINE, BOTH)
            if not outlined or layers.style == BOTH:
                items.draw_plane(painter, plane, view, seen, layer.opacity)
            if outlined:
                items.draw_borders(painter, plane.plane, plane.colours, view, dirty)

    def _follow_document(self, document: Document) -> None:
        """Outlines are listed again when there is another annotation; with hidden objects another plane is shown."""
        key = (document.annotation, document.marks.hidden, self._looks)
        if self._outlined is None or any(a is not b for a, b in zip(key, self._outlined, strict=True)):
            self._outlined = key
            self._outlines.set(self._vector_shapes())
        image = self._session.image
        assert image is not None
        held = self._planes.get(LABELS)
        if held is None or held.plane is not image.shown.plane:
            self._planes[LABELS] = items.PlaneImage(image.shown.plane, self._colours(LABELS))

    def _rebuild_errors(self) -> None:
        """Only when they are to be seen: comparing two planes is a pass over the image."""
        image = self._session.image
        if image is not None and image.prediction is not None and self._session.layers.errors.visible:
            image.compute_errors(self._session.unlabelled)
            if image.errors is not None and ERRORS not in self._planes:
                self._planes[ERRORS] = items.PlaneImage(image.errors, error_colours())

    def _rebuild_heat(self) -> None:
        heat = self._heat()
        self._session.sight.heat = heat
        self._planes.pop(HEAT, None)
        if heat is not None:
            self._planes[HEAT] = items.PlaneImage(heat, heat_colours())

    def _vector_shapes(self) -> list[tuple[Shape, QColor]]:
        assert self._session.image is not None
        table, layers, document = self._session.table, self._session.layers, self._session.image.document
        unseen, hidden = layers.unseen(table), document.marks.hidden
        tones: dict[str, QColor | None] = {}
        for label in document.annotation.labels:
            class_id = table.id_of(label)
            known = class_id is not None and class_id < len(table)
            colour = layers.colour_of(table, class_id) if known and class_id is not None else IGNORE_COLOUR
            tones[label] = None if class_id in unseen else QColor(*colour).lighter(125)
        out = []
        for shape in document.annotation.shapes:
            tone = tones[shape.label]
            if shape.bitmap is None and tone is not None and shape.uid not in hidden:
                out.append((shape, tone))
        return out

    def _heat(self) -> NDArray[np.uint8] | None:
        assert self._session.image is not None and self._session.image.prediction is not None
        prediction, wanted = self._session.image.prediction, self._session.layers.heat_of
        if wanted in prediction.classes and len(prediction.probabilities):
            return prediction.probabilities[prediction.classes.index(wanted)]
        return prediction.entropy if wanted == ENTROPY else None

    def _colours(self, name: str) -> list[int]:
        """Background is seen through, unless it had to be painted by hand or class 0 is a thing of its own."""
        table = self._session.table
        by_hand = name == LABELS and self._session.unlabelled == "ignore"
        thing = not is_background(table[0].name)
        return class_colours(table, self._session.layers, background=by_hand or thing)

    def _on_layers(self) -> None:
        self._looks = object()
        for name in (LABELS, PREDICTION):
            if name in self._planes:
                self._planes[name].recolour(self._colours(name))
        if self._session.image is not None and self._session.image.prediction is not None:
            self._rebuild_heat()
        self._rebuild_errors()
