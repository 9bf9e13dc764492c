"""The layers over the picture as images that look at arrays; rebuilt when an array is another, else recoloured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainter

from segstudio.core.box import Box
from segstudio.core.classes import is_background
from segstudio.core.shape import Shape
from segstudio.ui.canvas import items
from segstudio.ui.canvas.transform import ViewTransform
from segstudio.ui.layers import ENTROPY, ERRORS, HEAT, LABELS, PREDICTION, class_colours, error_colours, heat_colours
from segstudio.ui.session import Session


class LayerStack:
    """Draws picture, labels, outlines, prediction, heat and errors of the session's picture."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._levels: list[QImage] = []
        self._planes: dict[str, items.PlaneImage] = {}
        session.prediction_changed.connect(self.rebuild_prediction)
        session.layers_changed.connect(self._on_layers)
        session.classes_changed.connect(self._on_layers)

    def rebuild(self) -> None:
        """Another picture."""
        picture = self._session.picture
        self._planes.clear()
        self._levels = [] if picture is None else [items.picture_image(level) for level in picture.levels]
        if picture is not None:
            self._planes[LABELS] = items.PlaneImage(picture.document.plane, self._colours(LABELS))
        self.rebuild_prediction()

    def rebuild_prediction(self) -> None:
        """Another prediction, or none."""
        picture = self._session.picture
        for name in (PREDICTION, HEAT, ERRORS):
            self._planes.pop(name, None)
        if picture is None or picture.prediction is None:
            return
        self._planes[PREDICTION] = items.PlaneImage(picture.prediction.labels, self._colours(PREDICTION))
        heat = self._heat()
        if heat is not None:
            self._planes[HEAT] = items.PlaneImage(heat, heat_colours())
        self._rebuild_errors()

    def draw(self, painter: QPainter, view: ViewTransform, seen: Box, ratio: float) -> None:
        """`seen` is the part to draw, in picture pixels; `ratio` the screen's device pixels a logical pixel."""
        layers, picture = self._session.layers, self._session.picture
        if picture is None:
            return
        items.draw_picture(painter, self._levels, view, seen, ratio)
        if layers.held_hidden:
            return
        for name in (PREDICTION, HEAT, LABELS, ERRORS):
            layer, plane = layers.named(name), self._planes.get(name)
            if layer.visible and plane is not None:
                items.draw_plane(painter, plane, view, seen, layer.opacity)
        if layers.labels.visible:
            items.draw_outlines(painter, self._outlines(), view, seen)

    def _rebuild_errors(self) -> None:
        """Only when they are to be seen: comparing two planes is a pass over the picture."""
        picture = self._session.picture
        if picture is not None and picture.prediction is not None and self._session.layers.errors.visible:
            picture.compute_errors(self._session.unlabelled)
            if picture.errors is not None and ERRORS not in self._planes:
                self._planes[ERRORS] = items.PlaneImage(picture.errors, error_colours())

    def _outlines(self) -> list[tuple[Shape, QColor]]:
        assert self._session.picture is not None
        table, hidden = self._session.table, self._session.layers.hidden
        out = []
        for shape in self._session.picture.document.annotation.shapes:
            class_id = table.id_of(shape.label)
            if shape.bitmap is None and class_id not in hidden:
                colour = table[class_id].colour if class_id is not None and class_id < len(table) else (224, 224, 192)
                out.append((shape, QColor(*colour).lighter(125)))
        return out

    def _heat(self) -> NDArray[np.uint8] | None:
        assert self._session.picture is not None and self._session.picture.prediction is not None
        prediction, wanted = self._session.picture.prediction, self._session.layers.heat_of
        if wanted in prediction.classes and len(prediction.probabilities):
            return prediction.probabilities[prediction.classes.index(wanted)]
        return prediction.entropy if wanted == ENTROPY else None

    def _colours(self, name: str) -> list[int]:
        """Background is seen through, unless it had to be painted by hand or class 0 is a thing of its own."""
        table = self._session.table
        by_hand = name == LABELS and self._session.unlabelled == "ignore"
        thing = not is_background(table[0].name)
        return class_colours(table, self._session.layers.hidden, background=by_hand or thing)

    def _on_layers(self) -> None:
        for name in (LABELS, PREDICTION):
            if name in self._planes:
                self._planes[name].recolour(self._colours(name))
        if self._session.picture is not None and self._session.picture.prediction is not None:
            heat = self._heat()
            self._planes.pop(HEAT, None)
            if heat is not None:
                self._planes[HEAT] = items.PlaneImage(heat, heat_colours())
        self._rebuild_errors()
