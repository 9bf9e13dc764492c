"""COCO in and out, against pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.box import Box
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise, shape_mask
from segstudio.core.shape import Shape
from segstudio.errors import FormatError, SegstudioError
from segstudio.formats.coco import coco_json
from segstudio.formats.coco.writer import COCO_WRITER
from segstudio.formats.writer import ExportOptions
from segstudio.project.export import export
from segstudio.project.importing import IGNORED, ImportOptions, import_source
from segstudio.project.project import open_project
from segstudio.project.store import load
from tests.formats import samples
from tests.formats.samples import HEIGHT, WIDTH, first, opened

number = st.floats(-5, 60, allow_nan=False).map(lambda value: round(value, 2))
part = st.lists(number, min_size=6, max_size=16).filter(lambda values: len(values) % 2 == 0)
mask = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).random((HEIGHT, WIDTH)) < (0.02, 0.5, 0.98)[seed % 3]
)


def compressed(pixels: np.ndarray) -> dict:
    runs = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    return {"size": [HEIGHT, WIDTH], "counts": runs["counts"].decode("ascii")}


def uncompressed(pixels: np.ndarray) -> dict:
    flat = pixels.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]])))
    return {"size": [HEIGHT, WIDTH], "counts": np.diff(np.concatenate([[0], edges])).tolist()}


segmentation = st.one_of(st.lists(part, min_size=1, max_size=3), mask.map(compressed), mask.map(uncompressed))


def quiet(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def union(annotation: Annotation, shapes: list[Shape]) -> np.ndarray:
    out = np.zeros((annotation.height, annotation.width), bool)
    for shape in shapes:
        box, pixels = shape_mask(shape, annotation.box)
        out[box.slices] |= pixels
    return out


def by_record(annotation: Annotation) -> dict[int, np.ndarray]:
    ids = list(dict.fromkeys(shape.extra[coco_json.KEPT]["id"] for shape in annotation.shapes))
    return {n: union(annotation, [s for s in annotation.shapes if s.extra[coco_json.KEPT]["id"] == n]) for n in ids}


@given(st.lists(segmentation, min_size=1, max_size=5))
@settings(max_examples=120, deadline=None)
def test_every_mask_is_the_one_that_pycocotools_gives(segmentations: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = samples.coco(Path(folder) / "f.json", [{"segmentation": each} for each in segmentations])
        found = by_record(first(path).annotation)
        truth = quiet(path)
        for record in truth.loadAnns(truth.getAnnIds()):
            theirs = truth.annToMask(record).astype(bool)
            ours = found.get(record["id"], np.zeros_like(theirs))
            assert (ours == theirs).all(), record


def test_all_annotations_of_a_real_file_equal_pycocotools(shared: Path) -> None:
    path = shared / "interop" / "isat_coco_tiny" / "coco_tiny.json"
    truth = quiet(path)
    _, source = opened(path)
    compared = 0
    for entry in source.entries:
        for number, ours in by_record(entry.read().annotation).items():
            assert (ours == truth.annToMask(truth.anns[number]).astype(bool)).all(), number
            compared += 1
    assert compared == len(truth.anns) == 63


def test_a_results_file_takes_images_by_number_and_names_from_another_file(shared: Path, tmp_path: Path) -> None:
    path = shared / "interop" / "coco_results" / "instances_val2014_fakesegm100_results.json"
    records = json.loads(path.read_text())
    wanted = records[0]["image_id"]
    height, width = records[0]["segmentation"]["size"]
    samples.image(tmp_path / "pics" / f"COCO_val2014_{wanted:012d}.png", height, width)
    samples.coco(tmp_path / "names.json", [], categories=[{"id": n, "name": f"thing {n}"} for n in range(1, 91)])
    _, source = opened(path, images=tmp_path / "pics", labels=tmp_path / "names.json")
    entry = next(entry for entry in source.entries if entry.name == str(wanted))
    reading = entry.read()
    own = [record for record in records if record["image_id"] == wanted]
    assert len(reading.annotation.shapes) == len(own)
    assert reading.annotation.shapes[0].label == f"thing {own[0]['category_id']}"
    for shape, record in zip(reading.annotation.shapes, own, strict=True):
        theirs = coco_mask.decode(record["segmentation"]).astype(bool)
        assert (union(reading.annotation, [shape]) == theirs).all()
        assert shape.extra[coco_json.KEPT]["score"] == record["score"]


def test_categories_with_gaps_become_classes_and_a_background_category_becomes_class_0(tmp_path: Path) -> None:
    categories = [{"id": 90, "name": "z"}, {"id": 0, "name": "background"}, {"id": 5, "name": "a"}]
    path = samples.coco(tmp_path / "f.json", [{"category_id": 90, "bbox": [2, 3, 4, 5]}], categories=categories)
    _, source = opened(path)
    assert source.table.names == ["_background_", "a", "z"]
    reading = source.entries[0].read()
    assert [shape.label for shape in reading.annotation.shapes] == ["z"]
    assert union(reading.annotation, list(reading.annotation.shapes))[3:8, 2:6].all()
    assert union(reading.annotation, list(reading.annotation.shapes)).sum() == 20
    assert "only a box" in reading.notes[0]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"segmentation": {"size": [40, 50], "counts": [0, 1500, 501]}}, "cover 2001 pixels"),
        ({"segmentation": {"size": [40, 50], "counts": [2**39] * 5}}, "do not fit"),
        ({"segmentation": {"size": [40, 50], "counts": "ooooooo7" * 5}}, "do not fit"),
        ({"segmentation": [[1e7 * (-1) ** n for n in range(60)], [1, 1, 5, 5]]}, "has no pixels"),
        ({"segmentation": {"size": [40, 50], "counts": [-1, 2001]}}, "whole numbers"),
        ({"segmentation": {"size": [10**9, 10**9], "counts": [0, 10**18]}}, "for size"),
        ({"segmentation": {"size": [40, 50], "counts": "~~~"}}, "never have"),
        ({"segmentation": {"size": [40, 50], "counts": "oooooooooooooooooooooooooooo0"}}, "longer than any"),
        ({"segmentation": [[0, 0, float("nan"), 4, 5, 5]]}, "nan"),
        ({"segmentation": [[0, 0, 1e300, 4, 5, 5]]}, "no image"),
        ({"segmentation": [["a", 0, 3, 4, 5, 5]]}, "not a number"),
        ({"segmentation": "polygon"}, "is str"),
        ({"segmentation": [], "bbox": None}, "neither"),
        ({"category_id": 99, "bbox": [0, 0, 3, 3]}, "not declared"),
    ],
)
def test_a_bad_record_is_named_and_the_rest_comes_in(record: dict, words: str, tmp_path: Path) -> None:
    good = {"segmentation": [[1, 1, 9, 1, 9, 9]]}
    reading = first(samples.coco(tmp_path / "f.json", [record, good]))
    assert len(reading.annotation.shapes) == 1
    assert len(reading.notes) == 1
    assert words in reading.notes[0]
    assert "annotation 1 " in reading.notes[0]


def test_doubled_ids_and_records_of_no_image_are_counted(tmp_path: Path) -> None:
    record = {"segmentation": [[1, 1, 9, 1, 9, 9]]}
    path = samples.coco(tmp_path / "f.json", [{**record, "id": 5}, {**record, "id": 5}, {**record, "image_id": 8}])
    _, source = opened(path)
    assert any("1 annotation ids are used twice" in note for note in source.notes)
    assert any("1 annotations were left out (their image_id is of no image)" in note for note in source.notes)


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/secret.jpg", "C:\\secret.jpg"])
def test_a_path_that_leaves_the_folder_is_never_opened(name: str, tmp_path: Path) -> None:
    samples.image(tmp_path / "secret.jpg")
    images = [{"id": 3, "file_name": name, "height": HEIGHT, "width": WIDTH}]
    path = samples.coco(tmp_path / "in" / "f.json", [], images=images)
    _, source = opened(path)
    assert source.entries[0].name == "secret"
    with pytest.raises(SegstudioError, match=r"no image secret\.jpg"):
        source.entries[0].read()


def test_labels_of_another_size_than_the_image_are_refused(tmp_path: Path) -> None:
    images = [{"id": 3, "file_name": "a.jpg", "height": 41, "width": WIDTH}]
    with pytest.raises(SegstudioError, match=r"says a\.jpg is 50x41 but the image is 50x40"):
        first(samples.coco(tmp_path / "f.json", [], images=images))


def test_panoptic_segments_and_stuff_maps(tmp_path: Path) -> None:
    samples.image(tmp_path / "a.jpg")
    ids = np.zeros((HEIGHT, WIDTH), np.int64)
    ids[:10], ids[20:30] = 70_000, 5
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=2).astype(np.uint8)
    (tmp_path / "panoptic_val").mkdir()
    Image.fromarray(colours).save(tmp_path / "panoptic_val" / "a.png")
    segments = [{"id": 70_000, "category_id": 1, "isthing": 1}, {"id": 5, "category_id": 7}]
    record = {"file_name": "a.png", "segments_info": segments}
    path = samples.coco(tmp_path / "panoptic_val.json", [record])
    found = samples.plane(first(path), "cat", "dog")
    assert (found == np.where(ids == 70_000, 1, np.where(ids == 5, 2, 0))).all()
    samples.coco(path, [{**record, "segments_info": segments[:1]}])
    with pytest.raises(FormatError, match="500 pixels of segments"):
        first(path)
    stuff = samples.coco(tmp_path / "stuff" / "stuff_val.json", [])
    (stuff.parent / "stuff_val_pixelmaps").mkdir()
    Image.fromarray(np.where(ids == 5, 7, 0).astype(np.uint8)).save(stuff.parent / "stuff_val_pixelmaps" / "a.png")
    assert (samples.plane(first(stuff), "cat", "dog") == np.where(ids == 5, 2, 0)).all()


def brought_in(path: Path, project: Path) -> None:
    list(import_source(opened(path)[1], project))


def written(project: Path, out: Path, options: ExportOptions | None = None) -> COCO:
    opened_project = open_project(project)
    list(export(opened_project, list(opened_project.items()), out, COCO_WRITER, options))
    return quiet(next((out / "annotations").glob("*.json")))


@given(st.lists(segmentation, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_coco_in_and_out_again_has_identical_masks(segmentations: list) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd = [{"segmentation": each, "iscrowd": index % 2} for index, each in enumerate(segmentations)]
        path = samples.coco(folder / "f" / "f.json", crowd)
        before = quiet(path)
        brought_in(path, folder / "project")
        after = written(folder / "project", folder / "out")
        masks = [before.annToMask(each) for each in before.anns.values()]
        theirs = [each for each in masks if each.any()]
        ours = [after.annToMask(each) for each in after.anns.values()]
        assert len(ours) == len(theirs)
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))
        kept = [each["iscrowd"] for each, mask in zip(before.anns.values(), masks, strict=True) if mask.any()]
        assert [each["iscrowd"] for each in after.anns.values()] == kept


def test_what_is_written_evaluates_to_1_against_itself_and_has_pycocotools_areas(tmp_path: Path) -> None:
    hole = np.ones((20, 20), bool)
    hole[5:9, 5:9] = False
    shapes = (
        Shape("cat", "polygon", ((1.5, 1.5), (20.0, 2.0), (12.0, 18.0))),
        Shape("dog", "mask", bitmap=Bitmap.from_array(hole, 15, 25)),
        Shape("cat", "circle", ((30.0, 8.0), (34.0, 8.0))),
        Shape("dog", "rectangle", ((2.0, 25.0), (9.0, 33.0))),
    )
    save_as_project(tmp_path / "in", shapes)
    truth = written(tmp_path / "in", tmp_path / "out")
    kinds = [type(each["segmentation"]).__name__ for each in truth.anns.values()]
    assert kinds == ["list", "dict", "dict", "list"], "run lengths where there is a hole or no polygon"
    for record in truth.anns.values():
        runs = truth.annToRLE(record)
        assert record["area"] == coco_mask.area(runs)
        assert record["bbox"] == coco_mask.toBbox(runs).tolist()
    assert truth.annToMask(truth.anns[4])[25:34, 2:10].all(), "a rectangle keeps every pixel"
    assert truth.annToMask(truth.anns[4]).sum() == 72
    results = [{**each, "score": 0.9} for each in truth.anns.values()]
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(truth, truth.loadRes(results), "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] == 1.0


def save_as_project(folder: Path, shapes: tuple[Shape, ...]) -> None:
    from segstudio.project.item import Item
    from segstudio.project.store import save

    path = samples.image(folder / "a.png")
    table = ClassTable.from_names(["_background_", "cat", "dog"])
    save(Item("a.png", path, path.with_suffix(".json")), Annotation(HEIGHT, WIDTH, shapes), table, None)
    samples.text(folder / "labels.txt", "__ignore__\n_background_\ncat\ndog\n")


def test_pixels_are_kept_to_the_border_where_asked(tmp_path: Path) -> None:
    shape = Shape("cat", "polygon", ((1.3, 1.7), (30.2, 2.0), (12.0, 28.6)))
    save_as_project(tmp_path / "in", (shape,))
    truth = written(tmp_path / "in", tmp_path / "out", ExportOptions(exact=True))
    box, pixels = shape_mask(shape, Box(0, 0, HEIGHT, WIDTH))
    theirs = truth.annToMask(truth.anns[1]).astype(bool)
    assert (theirs[box.slices] == pixels).all()
    assert theirs.sum() == pixels.sum()


def test_background_painted_over_an_object_is_cut_out_and_ignored_pixels_are_named(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "rectangle", ((0.0, 0.0), (19.0, 19.0))),
        Shape("_background_", "rectangle", ((5.0, 5.0), (9.0, 9.0))),
        Shape("__ignore__", "rectangle", ((30.0, 5.0), (39.0, 9.0))),
    )
    save_as_project(tmp_path / "in", shapes)
    project = open_project(tmp_path / "in")
    events = list(export(project, list(project.items()), tmp_path / "out", COCO_WRITER))
    truth = quiet(tmp_path / "out" / "annotations" / "instances.json")
    assert len(truth.anns) == 1
    assert truth.annToMask(truth.anns[1]).sum() == 400 - 25
    told = " ".join(str(event) for event in events if hasattr(event, "what"))
    assert "object 3 (__ignore__)" in told
    assert "object 2 (_background_)" in told


def test_overlaps_are_ignored_where_the_user_asks(tmp_path: Path) -> None:
    squares = [{"bbox": [0, 0, 20, 20]}, {"bbox": [10, 10, 20, 20], "category_id": 7}]
    path = samples.coco(tmp_path / "f" / "f.json", squares)
    list(import_source(opened(path)[1], tmp_path / "p", ImportOptions(overlap=IGNORED)))
    project = open_project(tmp_path / "p")
    plane = rasterise(load(next(iter(project.items()))).annotation, project.table)
    assert (plane[10:20, 10:20] == 255).all()
    assert (plane == 255).sum() == 100
    assert (plane[0:10, 0:10] == 1).all()
    assert plane[25, 25] == 2
