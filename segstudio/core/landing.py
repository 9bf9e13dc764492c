"""How a stroke lands: which shapes its pixels join when the button goes up."""

from __future__ import annotations

from segstudio.core import regions
from segstudio.core import stroke_commit as folding
from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import IGNORE, UNLABELLED, ClassTable
from segstudio.core.hit_test import at_pixel
from segstudio.core.rules import OBJECTS
from segstudio.core.stroke import Stroke


def landed(stroke: Stroke, now: Annotation, table: ClassTable, last_uid: int | None) -> tuple[Annotation, int | None]:
    """The annotation with the stroke's pixels in it, and the object that it painted on last."""
    limits = stroke.limits
    for class_id, painted in stroke.bitmaps().items():
        label = "" if class_id == UNLABELLED else table.name_of(class_id)
        fold = folding.Fold(label, limits.patch, table.canonical, limits.untouchable, limits.marks.hidden)
        if class_id == UNLABELLED:
            now = folding.erased(now, painted, fold)
        elif limits.rules.mode == OBJECTS and class_id not in (0, IGNORE):
            uid = None if stroke.fresh else _object_of(stroke, label, table, last_uid)
            for part in _parts(painted) if stroke.fresh else [painted]:
                now = folding.onto_object(now, part, fold, uid)
            last_uid = uid if uid is not None else now.shapes[-1].uid
        else:
            now = folding.onto_class(now, painted, fold)
    return now, last_uid


def _parts(painted: Bitmap) -> list[Bitmap]:
    """Each connected part by itself."""
    home = painted.box
    found = regions.parts(painted.to_array(home))
    return [Bitmap.from_array(mask, home.y0 + box.y0, home.x0 + box.x0) for box, mask in found]


def _object_of(stroke: Stroke, label: str, table: ClassTable, last_uid: int | None) -> int | None:
    """The object that a stroke belongs to: the selected or last one if so wished, else the one it began on."""
    limits, shapes = stroke.limits, stroke.before.shapes
    mine = {shape.uid for shape in shapes if table.canonical(shape.label) == label} - limits.untouchable
    if limits.rules.same_object:
        chosen = limits.marks.selected & mine
        return min(chosen) if chosen else last_uid if last_uid in mine else None
    passed = limits.marks.hidden | limits.untouchable
    hit = None if stroke.at is None else at_pixel(stroke.before, stroke.at, limits.patch, passed)
    return shapes[hit].uid if hit is not None and shapes[hit].uid in mine else None
