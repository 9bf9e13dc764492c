"""COCO read and written, compared with pycocotools."""

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
from segstudio.core.raster import rasterise, rasterise_shape
from segstudio.core.shape import Shape
from segstudio.errors import FormatError, SegstudioError
from segstudio.formats.coco import coco_json, coco_rle
from segstudio.formats.coco.writer import COCO_WRITER
from segstudio.formats.writer import ExportOptions
from segstudio.project.export import export
from segstudio.project.importing import IGNORED, ImportOptions, import_images
from segstudio.project.project import open_project
from segstudio.project.store import load
from tests.formats import samples
from tests.formats.layouts import png, square
from tests.formats.samples import HEIGHT, WIDTH, open_path, read_first

number = st.floats(-5, 60, allow_nan=False).map(lambda value: round(value, 2))
part = st.lists(number, min_size=6, max_size=16).filter(lambda values: len(values) % 2 == 0)
mask = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).random((HEIGHT, WIDTH)) < (0.02, 0.5, 0.98)[seed % 3]
)


def encode_compressed(pixels: np.ndarray) -> dict:
    runs = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    return {"size": [HEIGHT, WIDTH], "counts": runs["counts"].decode("ascii")}


def encode_uncompressed(pixels: np.ndarray) -> dict:
    flat = pixels.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]])))
    return {"size": [HEIGHT, WIDTH], "counts": np.diff(np.concatenate([[0], edges])).tolist()}


segmentation = st.one_of(
    st.lists(part, min_size=1, max_size=3), mask.map(encode_compressed), mask.map(encode_uncompressed)
)


def load_quietly(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def rasterise_union(annotation: Annotation, shapes: list[Shape]) -> np.ndarray:
    out = np.zeros((annotation.height, annotation.width), bool)
    for shape in shapes:
        box, pixels = rasterise_shape(shape, annotation.box)
        out[box.slices] |= pixels
    return out


def rasterise_records(annotation: Annotation) -> dict[int, np.ndarray]:
    ids = list(dict.fromkeys(shape.extra[coco_json.KEPT]["id"] for shape in annotation.shapes))
    return {
        n: rasterise_union(annotation, [s for s in annotation.shapes if s.extra[coco_json.KEPT]["id"] == n])
        for n in ids
    }


@given(st.lists(segmentation, min_size=1, max_size=5))
@settings(max_examples=120, deadline=None)
def test_every_mask_equals_that_of_pycocotools(segmentations: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = samples.make_coco_json(Path(folder) / "f.json", [{"segmentation": each} for each in segmentations])
        found = rasterise_records(read_first(path).annotation)
        truth = load_quietly(path)
        for record in truth.loadAnns(truth.getAnnIds()):
            theirs = truth.annToMask(record).astype(bool)
            ours = found.get(record["id"], np.zeros_like(theirs))
            assert (ours == theirs).all(), record


def test_all_annotations_of_a_real_file_equal_pycocotools(shared: Path) -> None:
    path = shared / "interop" / "isat_coco_tiny" / "coco_tiny.json"
    truth = load_quietly(path)
    _, dataset = open_path(path)
    compared = 0
    for entry in dataset.entries:
        for number, ours in rasterise_records(entry.read().annotation).items():
            assert (ours == truth.annToMask(truth.anns[number]).astype(bool)).all(), number
            compared += 1
    assert compared == len(truth.anns) == 63


def test_a_results_file_takes_images_by_number_and_names_from_another_file(shared: Path, tmp_path: Path) -> None:
    path = shared / "interop" / "coco_results" / "instances_val2014_fakesegm100_results.json"
    records = json.loads(path.read_text())
    image_id = records[0]["image_id"]
    height, width = records[0]["segmentation"]["size"]
    samples.make_image(tmp_path / "pics" / f"COCO_val2014_{image_id:012d}.png", height, width)
    samples.make_coco_json(
        tmp_path / "names.json", [], categories=[{"id": n, "name": f"thing {n}"} for n in range(1, 91)]
    )
    _, dataset = open_path(path, images=tmp_path / "pics", labels=tmp_path / "names.json")
    entry = next(entry for entry in dataset.entries if entry.name == str(image_id))
    imported = entry.read()
    own = [record for record in records if record["image_id"] == image_id]
    assert len(imported.annotation.shapes) == len(own)
    assert imported.annotation.shapes[0].label == f"thing {own[0]['category_id']}"
    for shape, record in zip(imported.annotation.shapes, own, strict=True):
        theirs = coco_mask.decode(record["segmentation"]).astype(bool)
        assert (rasterise_union(imported.annotation, [shape]) == theirs).all()
        assert shape.extra[coco_json.KEPT]["score"] == record["score"]


def test_categories_with_gaps_become_classes_and_a_background_category_becomes_class_0(tmp_path: Path) -> None:
    categories = [{"id": 90, "name": "z"}, {"id": 0, "name": "background"}, {"id": 5, "name": "a"}]
    path = samples.make_coco_json(
        tmp_path / "f.json", [{"category_id": 90, "bbox": [2, 3, 4, 5]}], categories=categories
    )
    _, dataset = open_path(path)
    assert dataset.table.names == ["_background_", "a", "z"]
    imported = dataset.entries[0].read()
    assert [shape.label for shape in imported.annotation.shapes] == ["z"]
    assert rasterise_union(imported.annotation, list(imported.annotation.shapes))[3:8, 2:6].all()
    assert rasterise_union(imported.annotation, list(imported.annotation.shapes)).sum() == 20
    assert "only a box" in imported.notes[0]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"segmentation": {"size": [40, 50], "counts": [0, 1500, 501]}}, "cover 2001 pixels"),
        ({"segmentation": {"size": [40, 50], "counts": [2**39] * 5}}, "do not fit"),
        ({"segmentation": {"size": [40, 50], "counts": "ooooooo7" * 5}}, "do not fit"),
        ({"segmentation": [[1e7 * (-1) ** n for n in range(60)], [1, 1, 5, 5]]}, "has no pixels"),
        ({"segmentation": {"size": [40, 50], "counts": [-1, 2001]}}, "whole numbers"),
        ({"segmentation": {"size": [10**9, 10**9], "counts": [0, 10**18]}}, "for size"),
        ({"segmentation": {"size": [40, 50], "counts": "~~~"}}, "cannot have"),
        ({"segmentation": {"size": [40, 50], "counts": "oooooooooooooooooooooooooooo0"}}, "longer than any"),
        ({"segmentation": [[0, 0, float("nan"), 4, 5, 5]]}, "nan"),
        ({"segmentation": [[0, 0, 1e300, 4, 5, 5]]}, "outside any image"),
        ({"segmentation": [["a", 0, 3, 4, 5, 5]]}, "not a number"),
        ({"segmentation": "polygon"}, "is str"),
        ({"segmentation": [], "bbox": None}, "neither"),
        ({"category_id": 99, "bbox": [0, 0, 3, 3]}, "not declared"),
    ],
)
def test_an_invalid_record_is_reported_and_the_others_are_imported(record: dict, words: str, tmp_path: Path) -> None:
    good = {"segmentation": [[1, 1, 9, 1, 9, 9]]}
    imported = read_first(samples.make_coco_json(tmp_path / "f.json", [record, good]))
    assert len(imported.annotation.shapes) == 1
    assert len(imported.notes) == 1
    assert words in imported.notes[0]
    assert "annotation 1 " in imported.notes[0]


def test_repeated_ids_and_records_without_an_image_are_counted(tmp_path: Path) -> None:
    record = {"segmentation": [[1, 1, 9, 1, 9, 9]]}
    path = samples.make_coco_json(
        tmp_path / "f.json", [{**record, "id": 5}, {**record, "id": 5}, {**record, "image_id": 8}]
    )
    _, dataset = open_path(path)
    assert any("1 annotation ids are used twice" in note for note in dataset.notes)
    assert any("1 annotations were left out (no image has their image_id)" in note for note in dataset.notes)


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/secret.jpg", "C:\\secret.jpg"])
def test_a_path_that_leaves_the_folder_is_never_opened(name: str, tmp_path: Path) -> None:
    samples.make_image(tmp_path / "secret.jpg")
    images = [{"id": 3, "file_name": name, "height": HEIGHT, "width": WIDTH}]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", [], images=images)
    _, dataset = open_path(path)
    assert dataset.entries[0].name == "secret"
    with pytest.raises(SegstudioError, match=r"no image secret\.jpg"):
        dataset.entries[0].read()


def test_labels_of_another_size_than_the_image_are_refused(tmp_path: Path) -> None:
    images = [{"id": 3, "file_name": "a.jpg", "height": 41, "width": WIDTH}]
    with pytest.raises(SegstudioError, match=r"size of a\.jpg as 50x41 but the image is 50x40"):
        read_first(samples.make_coco_json(tmp_path / "f.json", [], images=images))


def test_panoptic_segments_and_stuff_maps_become_masks(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "a.jpg")
    ids = np.zeros((HEIGHT, WIDTH), np.int64)
    ids[:10], ids[20:30] = 70_000, 5
    colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=2).astype(np.uint8)
    (tmp_path / "panoptic_val").mkdir()
    Image.fromarray(colours).save(tmp_path / "panoptic_val" / "a.png")
    segments = [{"id": 70_000, "category_id": 1, "isthing": 1}, {"id": 5, "category_id": 7}]
    record = {"file_name": "a.png", "segments_info": segments}
    path = samples.make_coco_json(tmp_path / "panoptic_val.json", [record])
    found = samples.rasterise_classes(read_first(path), "cat", "dog")
    assert (found == np.where(ids == 70_000, 1, np.where(ids == 5, 2, 0))).all()
    samples.make_coco_json(path, [{**record, "segments_info": segments[:1]}])
    with pytest.raises(FormatError, match="500 pixels of segments"):
        read_first(path)
    stuff = samples.make_coco_json(tmp_path / "stuff" / "stuff_val.json", [])
    (stuff.parent / "stuff_val_pixelmaps").mkdir()
    Image.fromarray(np.where(ids == 5, 7, 0).astype(np.uint8)).save(stuff.parent / "stuff_val_pixelmaps" / "a.png")
    assert (samples.rasterise_classes(read_first(stuff), "cat", "dog") == np.where(ids == 5, 2, 0)).all()


def import_into(path: Path, project: Path) -> None:
    list(import_images(open_path(path)[1], project))


def export_coco(project: Path, out: Path, options: ExportOptions | None = None) -> COCO:
    opened_project = open_project(project)
    list(export(opened_project, list(opened_project.items()), out, COCO_WRITER, options))
    return load_quietly(next((out / "annotations").glob("*.json")))


@given(st.lists(segmentation, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_importing_and_exporting_gives_identical_masks(segmentations: list) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd = [{"segmentation": each, "iscrowd": index % 2} for index, each in enumerate(segmentations)]
        path = samples.make_coco_json(folder / "f" / "f.json", crowd)
        before = load_quietly(path)
        import_into(path, folder / "project")
        after = export_coco(folder / "project", folder / "out")
        masks = [before.annToMask(each) for each in before.anns.values()]
        theirs = [each for each in masks if each.any()]
        ours = [after.annToMask(each) for each in after.anns.values()]
        assert len(ours) == len(theirs)
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))
        kept = [each["iscrowd"] for each, mask in zip(before.anns.values(), masks, strict=True) if mask.any()]
        assert [each["iscrowd"] for each in after.anns.values()] == kept


def test_an_export_scores_1_against_itself_and_has_the_areas_of_pycocotools(tmp_path: Path) -> None:
    hole = np.ones((20, 20), bool)
    hole[5:9, 5:9] = False
    shapes = (
        Shape("cat", "polygon", ((1.5, 1.5), (20.0, 2.0), (12.0, 18.0))),
        Shape("dog", "mask", bitmap=Bitmap.from_array(hole, 15, 25)),
        Shape("cat", "circle", ((30.0, 8.0), (34.0, 8.0))),
        Shape("dog", "rectangle", ((2.0, 25.0), (9.0, 33.0))),
    )
    save_as_project(tmp_path / "in", shapes)
    truth = export_coco(tmp_path / "in", tmp_path / "out")
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
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == 1.0


def save_as_project(folder: Path, shapes: tuple[Shape, ...]) -> None:
    from segstudio.project.item import Item
    from segstudio.project.store import save

    path = samples.make_image(folder / "a.png")
    table = ClassTable.from_names(["_background_", "cat", "dog"])
    save(Item("a.png", path, path.with_suffix(".json")), Annotation(HEIGHT, WIDTH, shapes), table, None)
    samples.write_text(folder / "labels.txt", "__ignore__\n_background_\ncat\ndog\n")


def test_an_exact_export_keeps_every_pixel(tmp_path: Path) -> None:
    shape = Shape("cat", "polygon", ((1.3, 1.7), (30.2, 2.0), (12.0, 28.6)))
    save_as_project(tmp_path / "in", (shape,))
    truth = export_coco(tmp_path / "in", tmp_path / "out", ExportOptions(exact=True))
    box, pixels = rasterise_shape(shape, Box(0, 0, HEIGHT, WIDTH))
    theirs = truth.annToMask(truth.anns[1]).astype(bool)
    assert (theirs[box.slices] == pixels).all()
    assert theirs.sum() == pixels.sum()


def test_background_painted_over_an_object_is_cut_out_and_ignored_shapes_are_reported(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "rectangle", ((0.0, 0.0), (19.0, 19.0))),
        Shape("_background_", "rectangle", ((5.0, 5.0), (9.0, 9.0))),
        Shape("__ignore__", "rectangle", ((30.0, 5.0), (39.0, 9.0))),
    )
    save_as_project(tmp_path / "in", shapes)
    project = open_project(tmp_path / "in")
    events = list(export(project, list(project.items()), tmp_path / "out", COCO_WRITER))
    truth = load_quietly(tmp_path / "out" / "annotations" / "instances.json")
    assert len(truth.anns) == 1
    assert truth.annToMask(truth.anns[1]).sum() == 400 - 25
    notes = " ".join(str(event) for event in events if hasattr(event, "what"))
    assert "object 3 (__ignore__)" in notes
    assert "object 2 (_background_)" in notes


def test_overlaps_are_ignored_if_the_option_is_set(tmp_path: Path) -> None:
    squares = [{"bbox": [0, 0, 20, 20]}, {"bbox": [10, 10, 20, 20], "category_id": 7}]
    path = samples.make_coco_json(tmp_path / "f" / "f.json", squares)
    list(import_images(open_path(path)[1], tmp_path / "p", ImportOptions(overlap=IGNORED)))
    project = open_project(tmp_path / "p")
    plane = rasterise(load(next(iter(project.items()))).annotation, project.table)
    assert (plane[10:20, 10:20] == 255).all()
    assert (plane == 255).sum() == 100
    assert (plane[0:10, 0:10] == 1).all()
    assert plane[25, 25] == 2


def test_pixels_outside_every_panoptic_segment_are_ignored(tmp_path: Path) -> None:
    ids = square().astype(np.uint8) * 5
    (tmp_path / "panoptic").mkdir()
    png(tmp_path / "panoptic" / "a.png", np.stack([ids, ids * 0, ids * 0], axis=2))
    record = {"file_name": "a.png", "segments_info": [{"id": 5, "category_id": 1}]}
    path = samples.make_coco_json(tmp_path / "panoptic.json", [record])
    assert open_path(path)[1].unlabelled == "ignore"


def test_two_coco_files_may_use_the_same_names_and_records_may_lack_sizes(tmp_path: Path) -> None:
    for split in ("train2017", "val2017"):
        samples.make_image(tmp_path / split / "0001.jpg")
        images = [{"id": 1, "file_name": "0001.jpg"}]
        records = [{"image_id": 1, "bbox": [0, 0, 9, 9]}]
        path = samples.make_coco_json(tmp_path / "annotations" / f"instances_{split}.json", records, images=images)
        (path.parent / "a.jpg").unlink()
    _, dataset = open_path(tmp_path)
    assert [entry.read().image.parent.name for entry in dataset.entries] == ["train2017", "val2017"]
    assert len({entry.name for entry in dataset.entries}) == 2
    assert len(dataset.held_out) == 1


@given(st.integers(0, 2**31), st.sampled_from([0.02, 0.5, 0.98, 1.0]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_run_lengths_equal_those_of_pycocotools(seed: int, fraction: float, to_the_corner: bool) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 30, 2).tolist()
    y0, x0 = rng.integers(0, height), rng.integers(0, width)
    y1 = height if to_the_corner else rng.integers(y0 + 1, height + 1)
    x1 = width if to_the_corner else rng.integers(x0 + 1, width + 1)
    pixels = np.zeros((height, width), np.uint8, order="F")
    pixels[y0:y1, x0:x1] = rng.random((y1 - y0, x1 - x0)) < fraction
    box = Box(int(y0), int(x0), int(y1), int(x1))
    rle = coco_rle.encode_rle(box, pixels[box.slices].astype(bool), (height, width))
    assert rle == coco_mask.encode(pixels)
    text = {"size": [height, width], "counts": rle["counts"].decode()}
    assert (coco_rle.decode_rle(text, (height, width)) == pixels.astype(bool)).all()


def test_an_image_is_completely_labelled_only_if_every_record_was_read(tmp_path: Path) -> None:
    good, bad = {"segmentation": [[1, 1, 9, 1, 9, 9]]}, {"segmentation": "polygon"}
    assert read_first(samples.make_coco_json(tmp_path / "f.json", [good])).complete
    assert not read_first(samples.make_coco_json(tmp_path / "f.json", [good, bad])).complete
    assert not read_first(samples.make_coco_json(tmp_path / "f.json", [])).complete, "perhaps a list of images only"


def test_a_dataset_of_validation_images_only_has_no_split(tmp_path: Path) -> None:
    path = samples.make_coco_json(tmp_path / "instances_val.json", [{"bbox": [0, 0, 9, 9]}])
    assert open_path(path)[1].held_out is None


def test_exported_records_get_new_unique_ids_and_keep_their_other_keys(tmp_path: Path) -> None:
    records = [{"id": 5, "bbox": [0, 0, 9, 9], "score": 0.5}, {"id": 5, "bbox": [20, 20, 9, 9], "iscrowd": 1}]
    import_into(samples.make_coco_json(tmp_path / "f" / "f.json", records), tmp_path / "project")
    exported = export_coco(tmp_path / "project", tmp_path / "out").dataset["annotations"]
    assert [each["id"] for each in exported] == [1, 2]
    assert (exported[0]["score"], exported[1]["iscrowd"]) == (0.5, 1)
