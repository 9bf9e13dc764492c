"""Predicting all images: uncertainty of each, a confusion matrix where it is annotated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.metrics import compute_metrics
from segstudio.core.prediction import Prediction
from segstudio.core.shape import Shape
from segstudio.errors import FileError
from segstudio.events import Problem
from segstudio.project.index import Index
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.store import save
from segstudio.review.predict_all import ImagePredicted, predict_all

TABLE = ClassTable.from_names(["_background_", "car"])


def test_every_image_is_predicted_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    project = Project(tmp_path, TABLE)
    for name in ("a", "b", "c"):
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / f"{name}.png")
    items = [Item(f"{n}.png", tmp_path / f"{n}.png", tmp_path / f"{n}.json") for n in ("a", "b", "c")]
    shape = Shape("car", "rectangle", ((5.0, 5.0), (14.0, 9.0)))
    save(items[0], Annotation(20, 30, (shape,)), TABLE, None)

    def predict(item: Item) -> Prediction:
        if item.name == "c.png":
            raise FileError(item.image, "is broken", "replace it")
        labels = np.zeros((20, 30), np.uint8)
        labels[5:10, 5:10] = 1
        entropy = np.full((20, 30), 51, np.uint8)
        return Prediction(item.name, 1, ("_background_", "car"), labels, np.zeros((0, 20, 30), np.uint8), entropy)

    events = list(predict_all(project, items, predict, "run"))
    found = {event.name: event for event in events if isinstance(event, ImagePredicted)}
    assert found["a.png"].uncertainty == pytest.approx(0.2)
    assert compute_metrics(found["a.png"].confusion).iou[1] == pytest.approx(25 / 50)
    assert found["b.png"].confusion is None
    assert ["is broken" in str(event) for event in events if isinstance(event, Problem)] == [True]
    with Index(project.index_file) as index:
        assert index.read_uncertainties("run").keys() == {"a.png", "b.png"}
        assert index.read_matrices("run", TABLE.names).keys() == {"a.png"}
