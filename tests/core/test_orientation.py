"""EXIF orientation of annotations, compared with that of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.orientation import orient_annotation, orient_pixels
from segstudio.core.raster import rasterise
from segstudio.core.shape import COCO, FILL_RULE, Shape

TABLE = ClassTable.from_names(["_background_", "a"])
CORNERS = ((3.0, 2.0), (12.0, 2.0), (12.0, 6.0), (3.0, 6.0))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "shape",
    [
        Shape("a", "mask", bitmap=Bitmap.from_array(np.tri(5, 9, dtype=bool), 1, 4)),
        Shape("a", "polygon", CORNERS),
        Shape("a", "rectangle", (CORNERS[0], CORNERS[2])),
        Shape("a", "polygon", CORNERS, extra={FILL_RULE: COCO}),
    ],
    ids=["mask", "polygon", "rectangle", "coco polygon"],
)
def test_orienting_an_annotation_equals_orienting_its_pixels(shape: Shape, orientation: int) -> None:
    annotation = Annotation(9, 20, (shape,))
    expected = orient_pixels(rasterise(annotation, TABLE), orientation)
    found = orient_annotation(annotation, orientation)
    assert (found.height, found.width) == expected.shape
    assert (rasterise(found, TABLE) == expected).all()
