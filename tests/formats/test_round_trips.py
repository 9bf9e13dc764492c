"""Exporting and importing gives the same masks, objects and ignored pixels; other programs read the export."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.classes import ClassTable
from segstudio.core.instances import find_instances, rasterise_with_instances
from segstudio.core.raster import rasterise, rasterise_shape
from segstudio.core.shape import INSTANCE, Shape
from segstudio.events import Note, Problem
from segstudio.formats.labelme.labelme_json import UNREAD
from segstudio.formats.registry import WRITERS, writer_named
from segstudio.formats.writer import ExportOptions
from segstudio.project.export import Exported, ExportPlan, export, plan_export
from segstudio.project.importing import import_images
from segstudio.project.item import DONE, Item
from segstudio.project.project import Project, open_project
from segstudio.project.store import load, save, with_status
from tests.formats.samples import open_path
from tests.oracles import labelme_reads

TABLE = ClassTable.from_names(["_background_", "cat", "dog", "two words"])
HEIGHT, WIDTH = 37, 53


def make_project(folder: Path, annotation: Annotation, unlabelled: str = "background") -> Project:
    folder.mkdir(parents=True)
    path = folder / "a.png"
    Image.fromarray(np.full((annotation.height, annotation.width, 3), 70, np.uint8)).save(path)
    save(Item("a.png", path, path.with_suffix(".json")), annotation, TABLE, None)
    project = replace(open_project(folder), table=TABLE, unlabelled=unlabelled)
    project.save()
    return project


def export_and_import(project: Project, folder: Path, name: str, options: ExportOptions | None = None) -> Project:
    events = list(export(project, list(project.items()), folder / "out", writer_named(name), options))
    assert not [event for event in events if isinstance(event, Problem)]
    assert isinstance(events[-1], Exported)
    found, dataset = open_path(folder / "out")
    assert found == name
    assert not [event for event in import_images(dataset, folder / "back") if isinstance(event, Problem)]
    return open_project(folder / "back")


def rasterise_labels(project: Project) -> np.ndarray:
    return rasterise(load(next(iter(project.items()))).annotation, TABLE)


def rasterise_numbers(project: Project) -> np.ndarray:
    return rasterise_with_instances(load(next(iter(project.items()))).annotation, TABLE)[1]


def make_noise(seed: int, share: float) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH)) < share


masks = st.builds(make_noise, st.integers(0, 2**31), st.sampled_from([0.001, 0.05, 0.5, 0.97]))
names = st.sampled_from(["cat", "dog", "two words", "__ignore__", "_background_"])
mask_shapes = st.builds(
    lambda name, mask, number: Shape(
        name, "mask", bitmap=Bitmap.from_array(mask), extra={} if number is None else {INSTANCE: number}
    ),
    names,
    masks.filter(np.any),
    st.sampled_from([None, None, 5, 255, 256, 4000]),
)


@given(st.lists(mask_shapes, max_size=6))
@settings(max_examples=30, deadline=None)
def test_voc_keeps_every_label_and_every_object_number(shapes: list[Shape]) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name) / "in", with_status(Annotation(HEIGHT, WIDTH, tuple(shapes)), DONE))
        back = export_and_import(project, Path(name), "voc")
        before, after = rasterise_labels(project), rasterise_labels(back)
        assert (np.where(before == 254, 0, before) == np.where(after == 254, 0, after)).all()
        objects = (before > 0) & (before < 254)
        assert (rasterise_numbers(project)[objects] == rasterise_numbers(back)[objects]).all()


@given(st.lists(mask_shapes, max_size=6), st.sampled_from(["background", "ignore"]))
@settings(max_examples=20, deadline=None)
def test_mask_images_keep_every_pixel(shapes: list[Shape], unlabelled: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        annotation = with_status(Annotation(HEIGHT, WIDTH, tuple(shapes)), DONE)
        project = make_project(Path(name) / "in", annotation, unlabelled)
        back = export_and_import(project, Path(name), "masks")
        before, after = rasterise_labels(project), rasterise_labels(back)
        unlabelled_id = 0 if unlabelled == "background" else 255
        assert (np.where(before == 254, unlabelled_id, before) == np.where(after == 254, 0, after)).all()
        objects = (before > 0) & (before < 254)
        assert (rasterise_numbers(project)[objects] == rasterise_numbers(back)[objects]).all()


points = st.tuples(st.floats(-9, 60, allow_nan=False), st.floats(-9, 45, allow_nan=False))
vector_shapes = st.one_of(
    st.builds(lambda p: Shape("cat", "polygon", tuple(p), group_id=3), st.lists(points, min_size=3, max_size=9)),
    st.builds(lambda p: Shape("dog", "rectangle", tuple(p)), st.lists(points, min_size=2, max_size=2)),
    st.builds(lambda p: Shape("dog", "circle", tuple(p)), st.lists(points, min_size=2, max_size=2)),
    st.builds(lambda p: Shape("cat", "line", tuple(p)), st.lists(points, min_size=2, max_size=2)),
    st.builds(lambda p: Shape("cat", "points", tuple(p)), st.lists(points, min_size=1, max_size=4)),
)


@given(st.lists(st.one_of(vector_shapes, mask_shapes), max_size=6))
@settings(max_examples=20, deadline=None)
def test_labelme_keeps_every_shape(shapes: list[Shape]) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name) / "in", with_status(Annotation(HEIGHT, WIDTH, tuple(shapes)), DONE))
        back = export_and_import(project, Path(name), "labelme")
        assert load(next(iter(back.items()))).annotation.shapes == tuple(shapes)


def test_labelme_itself_reads_the_export(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "polygon", ((1.0, 1.0), (20.0, 1.0), (20.0, 20.0))),
        Shape("dog", "mask", bitmap=Bitmap.from_array(make_noise(1, 0.5))),
        Shape("two words", "circle", ((10.0, 10.0), (12.0, 10.0)), description="é", flags={"hard": True}),
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, shapes))
    list(export(project, list(project.items()), tmp_path / "out", writer_named("labelme")))
    labelme_reads(sorted((tmp_path / "out").glob("*.json")))


polygon_lists = st.lists(
    st.lists(points, min_size=3, max_size=8).map(lambda p: Shape("dog", "polygon", tuple(p))), min_size=1, max_size=4
)


@given(polygon_lists)
@settings(max_examples=25, deadline=None)
def test_importing_and_exporting_yolo_gives_identical_masks(shapes: list[Shape]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = make_project(folder / "in", Annotation(HEIGHT, WIDTH, tuple(shapes)))
        list(export(project, list(project.items()), folder / "yolo", writer_named("yolo")))
        list(import_images(open_path(folder / "yolo")[1], folder / "once"))
        again = export_and_import(open_project(folder / "once"), folder, "yolo")
        assert (rasterise_labels(open_project(folder / "once")) == rasterise_labels(again)).all()


@pytest.mark.parametrize("name", ["voc", "masks", "yolo"])
def test_an_image_of_only_background_stays_one(name: str, tmp_path: Path) -> None:
    project = make_project(tmp_path / "in", with_status(Annotation(HEIGHT, WIDTH), DONE))
    back = export_and_import(project, tmp_path, name)
    *_, report = export(back, list(back.items()), tmp_path / "again", writer_named(name))
    assert (report.images, report.background, report.unannotated) == (1, 1, 0)


@given(masks.filter(np.any))
@settings(max_examples=60, deadline=None)
def test_yolo_reports_for_every_object_by_how_many_pixels_its_outline_differs(mask: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shape = Shape("cat", "mask", bitmap=Bitmap.from_array(mask))
        project = make_project(folder / "in", Annotation(HEIGHT, WIDTH, (shape,)))
        events = list(export(project, list(project.items()), folder / "out", writer_named("yolo")))
        back = open_path(folder / "out")[1].entries[0].read().annotation
        drawn = np.zeros((HEIGHT, WIDTH), bool)
        for each in back.shapes:
            box, pixels = rasterise_shape(each, back.box)
            drawn[box.slices] |= pixels
        notes = [str(event) for event in events if isinstance(event, Note) and "differ" in event.what]
        differing = int((drawn != mask).sum())
        assert (f"differ in {differing} pixels" in notes[0]) if differing else not notes


def test_yolo_keeps_an_object_with_a_hole(tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5:25, 5:25], mask[10:20, 10:20] = True, False
    project = make_project(
        tmp_path / "in", Annotation(HEIGHT, WIDTH, (Shape("cat", "mask", bitmap=Bitmap.from_array(mask)),))
    )
    back = export_and_import(project, tmp_path, "yolo")
    assert ((rasterise_labels(back) == 1) == mask).all()


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", [writer.name for writer in WRITERS])
def test_orientation_is_applied_once_and_images_are_written_upright(name: str, turn: int, tmp_path: Path) -> None:
    """The object covers the bright corner of the image before and after, for every EXIF orientation."""
    stored = np.zeros((40, 60, 3), np.uint8)
    stored[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = turn
    (tmp_path / "in").mkdir()
    Image.fromarray(stored).save(tmp_path / "in" / "a.jpg", quality=100, exif=exif)
    from segstudio.formats.images import image_size, read_image

    upright = read_image(tmp_path / "in" / "a.jpg")
    height, width = image_size(tmp_path / "in" / "a.jpg")
    assert upright.shape[:2] == (height, width)
    bright = Shape("cat", "mask", bitmap=Bitmap.from_array(upright[..., 0] > 128))
    path = tmp_path / "in" / "a.jpg"
    save(Item("a.jpg", path, path.with_suffix(".json")), Annotation(height, width, (bright,)), TABLE, None)
    project = replace(open_project(tmp_path / "in"), table=TABLE)
    back = export_and_import(project, tmp_path, name)
    item = next(iter(back.items()))
    again = read_image(item.image)
    with Image.open(item.image) as image:
        assert image.getexif().get(0x0112, 1) == 1
        assert np.asarray(image).shape[:2] == (height, width)
    assert ((again[..., 0] > 128) == (upright[..., 0] > 128)).mean() > 0.99
    assert ((rasterise_labels(back) == 1) == (upright[..., 0] > 128)).all()


def test_what_a_format_does_not_support_is_planned_before_and_reported_after(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "circle", ((10.0, 10.0), (14.0, 10.0)), description="sleepy"),
        Shape("__ignore__", "rectangle", ((1.0, 1.0), (5.0, 5.0))),
        Shape("dog", "rectangle", ((500.0, 500.0), (600.0, 600.0))),
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, shapes))
    items = list(project.items())
    for writer in WRITERS:
        *_, planned = plan_export(project, items, writer, ExportOptions())
        assert isinstance(planned, ExportPlan)
        assert not (tmp_path / writer.name).exists()
        events = list(export(project, items, tmp_path / writer.name, writer))
        listed = " ".join(event.what for event in events if isinstance(event, Note))
        for reason, _, _ in planned.losses:
            assert reason in listed, writer.name
        if writer.name in ("voc", "masks"):
            assert "object 1 (cat) has a description" in listed
        if writer.name in ("coco", "yolo"):
            assert "object 2 (__ignore__) marks ignored pixels" in listed
        if writer.name != "labelme":
            assert "object 3 (dog)" in listed, "an object outside the image is reported"


def test_more_than_255_objects_are_written_in_16_bits_with_a_note(tmp_path: Path) -> None:
    dots = tuple(
        Shape("cat", "mask", bitmap=Bitmap.from_array(np.ones((1, 1), bool), 2 * (n // 25), 2 * (n % 25)))
        for n in range(300)
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, dots))
    events = list(export(project, list(project.items()), tmp_path / "out", writer_named("voc")))
    assert any("16 bits" in event.what for event in events if isinstance(event, Note))
    with Image.open(tmp_path / "out" / "SegmentationObject" / "a.png") as image:
        assert image.mode.startswith("I;16")
        assert len(np.unique(np.asarray(image))) == 301


def test_a_void_border_is_drawn_around_objects_only(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "rectangle", ((10.0, 10.0), (19.0, 29.0))),
        Shape("cat", "rectangle", ((20.0, 10.0), (30.0, 29.0))),
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, shapes))
    list(export(project, list(project.items()), tmp_path / "out", writer_named("voc"), ExportOptions(border_px=2)))
    found = np.asarray(Image.open(tmp_path / "out" / "SegmentationClass" / "a.png"))
    void = [255] * 4
    assert found[20, 6:34].tolist() == [0, 0, *void, *[1] * 6, *void, *[1] * 7, *void, 0]
    assert (found[:7] == 0).all()


def test_planes_and_visualisations_are_written_if_the_options_are_set(tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "rectangle", ((10.0, 10.0), (19.0, 29.0))),
        Shape("__ignore__", "rectangle", ((0.0, 0.0), (4.0, 4.0))),
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, shapes))
    options = ExportOptions(visualisations=True, npy=True)
    list(export(project, list(project.items()), tmp_path / "out", writer_named("voc"), options))
    plane = np.load(tmp_path / "out" / "SegmentationClassNpy" / "a.npy")
    assert plane.dtype == np.int32
    assert set(np.unique(plane)) == {-1, 0, 1}
    assert np.load(tmp_path / "out" / "SegmentationObjectNpy" / "a.npy")[15, 12] == 1
    shown = np.asarray(Image.open(tmp_path / "out" / "SegmentationClassVisualization" / "a.jpg")).astype(int)
    assert abs(shown[20, 15] - [99, 35, 35]).max() < 12, "half the image, half VOC's first colour"
    assert abs(shown[35, 50] - [70, 70, 70]).max() < 6, "the background shows the image"


def test_objects_below_others_keep_all_their_pixels() -> None:
    shapes = (Shape("cat", "rectangle", ((0.0, 0.0), (9.0, 9.0))), Shape("dog", "rectangle", ((5.0, 5.0), (9.0, 9.0))))
    found = {each.label: int(each.mask.sum()) for each in find_instances(Annotation(HEIGHT, WIDTH, shapes))}
    assert found == {"cat": 100, "dog": 25}


@pytest.mark.parametrize(
    ("name", "classes", "objects"),
    [("voc", "SegmentationClass", "SegmentationObject"), ("masks", "masks", "instances")],
)
def test_ignored_pixels_belong_to_no_object(name: str, classes: str, objects: str, tmp_path: Path) -> None:
    shapes = (
        Shape("cat", "rectangle", ((0.0, 0.0), (9.0, 9.0))),
        Shape("__ignore__", "rectangle", ((5.0, 5.0), (19.0, 19.0))),
    )
    project = make_project(tmp_path / "in", Annotation(HEIGHT, WIDTH, shapes))
    list(export(project, list(project.items()), tmp_path / "out", writer_named(name)))
    labels = np.asarray(Image.open(tmp_path / "out" / classes / "a.png"))
    numbers = np.asarray(Image.open(tmp_path / "out" / objects / "a.png"))
    assert (labels[5:20, 5:20] == 255).all()
    assert (numbers[5:20, 5:20] == 0).all()
    assert (numbers[:5, :10] == 1).all()


def test_a_labelme_export_has_no_unread_shape_and_no_embedded_image(tmp_path: Path) -> None:
    """labelme refuses a file for one shape that it does not know."""
    extra = {UNREAD: [{"label": "a", "shape_type": "cuboid"}], "imageData": "AAAA", "custom": 3}
    annotation = with_status(replace(Annotation(HEIGHT, WIDTH), flags={"checked": True}, extra=extra), DONE)
    project = make_project(tmp_path / "in", annotation)
    events = list(export(project, list(project.items()), tmp_path / "out", writer_named("labelme")))
    assert any(
        "a shape that could not be read is left out" in event.what for event in events if isinstance(event, Note)
    )
    written = json.loads((tmp_path / "out" / "a.json").read_text())
    assert (written["shapes"], written["imageData"], written["custom"]) == ([], None, 3)
    assert written["flags"] == {"checked": True}
