"""Every layout that can be imported: found by itself, read to the pixel, its faults named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.colours import voc_palette
from segstudio.core.raster import rasterise
from segstudio.errors import FormatError, SegstudioError
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.images import read_image
from segstudio.formats.masks import label_map
from segstudio.formats.registry import READERS, detect, explain_refusals
from tests.formats import samples
from tests.formats.samples import HEIGHT, WIDTH, first, opened, plane

SQUARE = [[5.0, 5.0], [14.0, 5.0], [14.0, 14.0], [5.0, 14.0]]


def square() -> np.ndarray:
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    out[5:15, 5:15] = 1
    return out


def png(path: Path, values: np.ndarray, palette: list[int] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        image.putpalette(palette)
    image.save(path)
    return path


def make_labelme(root: Path) -> None:
    samples.image(root / "a.jpg")
    shape = {"label": "cat", "points": SQUARE, "shape_type": "polygon"}
    samples.text(root / "a.json", json.dumps({"shapes": [shape], "imagePath": "a.jpg"}))


def make_isat(root: Path) -> None:
    samples.image(root / "a.jpg")
    objects = [
        {"category": "__background__", "segmentation": SQUARE, "layer": 2.0, "group": 1, "note": ""},
        {"category": "cat", "segmentation": [[0, 0], [30, 0], [30, 30], [0, 30]], "layer": 1.0, "group": 1},
    ]
    info = {"name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    samples.text(root / "a.json", json.dumps({"info": info, "objects": objects}))
    samples.text(
        root / "isat.yaml", "label:\n- color: '#000000'\n  name: __background__\n- color: '#f00'\n  name: cat\n"
    )


def make_eiseg(root: Path) -> None:
    samples.image(root / "a.jpg")
    record = {"name": "cat", "labelIdx": 1, "color": [255, 0, 0], "points": SQUARE}
    samples.text(root / "label" / "a.json", json.dumps([record]))


def make_coco(root: Path) -> None:
    samples.coco(root / "annotations" / "instances_val.json", [{"bbox": [5, 5, 10, 10]}])
    (root / "annotations" / "a.jpg").rename(root / "a.jpg")


def make_cvat(root: Path) -> None:
    samples.image(root / "images" / "a.jpg")
    runs = "5,10," + ",".join(["10,10"] * 9) + ",5"  # rows of 20: 5 outside, 10 inside, 5 outside
    samples.text(
        root / "annotations.xml",
        f"""<?xml version="1.0"?><annotations><meta><task><labels>
        <label><name>cat</name><color>#ff0000</color></label></labels></task></meta>
        <image id="0" name="a.jpg" width="{WIDTH}" height="{HEIGHT}">
        <mask label="cat" rle="{runs}" left="0" top="5" width="20" height="10" z_order="0"/></image></annotations>""",
    )


def make_labelme_web(root: Path) -> None:
    samples.image(root / "Images" / "set" / "a.jpg")
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in SQUARE)
    samples.text(
        root / "Annotations" / "set" / "a.xml",
        "<annotation><filename>a.jpg</filename><folder>set</folder>"
        f"<object><name>cat</name><deleted>0</deleted><polygon>{points}</polygon></object>"
        f"<object><name>gone</name><deleted>1</deleted><polygon>{points}</polygon></object></annotation>",
    )


def make_voc(root: Path) -> None:
    samples.image(root / "JPEGImages" / "a.jpg")
    png(root / "SegmentationClass" / "a.png", square())
    samples.text(root / "class_names.txt", "_background_\ncat")
    samples.text(root / "ImageSets" / "Segmentation" / "val.txt", "a\n")


def make_cityscapes(root: Path) -> None:
    samples.image(root / "leftImg8bit" / "val" / "ulm" / "ulm_000001_leftImg8bit.png")
    ids = np.where(square() == 1, 26_001, 7).astype(np.uint16)
    png(root / "gtFine" / "val" / "ulm" / "ulm_000001_gtFine_instanceIds.png", ids)


def make_camvid(root: Path) -> None:
    samples.image(root / "val" / "a.png")
    colours = np.where((square() == 1)[..., None], (64, 0, 128), (128, 128, 128)).astype(np.uint8)
    png(root / "valannot" / "a.png", colours)


def make_yolo(root: Path) -> None:
    samples.image(root / "images" / "val" / "a.jpg")
    row = " ".join(f"{x / WIDTH:.9g} {y / HEIGHT:.9g}" for x, y in SQUARE)
    samples.text(root / "labels" / "val" / "a.txt", f"1 {row}\n")
    samples.text(root / "data.yaml", "path: .\nnames:\n  0: dog\n  1: 'cat'\n")


def make_masks(root: Path) -> None:
    samples.image(root / "images" / "a.jpg")
    png(root / "masks" / "a_mask.png", square())
    samples.text(root / "classes.txt", "_background_\ncat\n")


LAYOUTS = {
    "labelme": make_labelme,
    "isat": make_isat,
    "eiseg": make_eiseg,
    "coco": make_coco,
    "cvat": make_cvat,
    "labelme-web": make_labelme_web,
    "voc": make_voc,
    "cityscapes": make_cityscapes,
    "camvid": make_camvid,
    "yolo": make_yolo,
    "masks": make_masks,
}


def test_there_is_a_sample_of_every_format() -> None:
    assert set(LAYOUTS) == {reader.name for reader in READERS}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_is_found_by_itself_and_every_other_format_says_why_not(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    found = detect(tmp_path, ReadOptions())
    assert found.reader is not None
    assert found.reader.name == name
    for reader in READERS:
        reason = reader.reason_not(tmp_path, ReadOptions())
        assert (reason is None) == (reader.name == name) or {name, reader.name} <= {"voc", "masks"}, reader.name


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - {"isat", "cityscapes", "camvid"}))
def test_each_layout_gives_the_same_square(name: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    assert (plane(first(tmp_path), "cat") == square()).all()


def test_isats_background_cuts_a_hole_whatever_its_place_in_the_file(tmp_path: Path) -> None:
    make_isat(tmp_path)
    found = plane(first(tmp_path), "cat")
    assert not found[5:15, 5:15].any()
    assert (found[16:30, 0:30] == 1).all()
    assert opened(tmp_path)[1].table.names == ["_background_", "cat"]


def test_cityscapes_offers_train_ids_and_label_ids_and_keeps_objects_apart(tmp_path: Path) -> None:
    make_cityscapes(tmp_path)
    for ids, car, road, classes in (("trainIds", 13, 0, 19), ("labelIds", 26, 7, 34)):
        _, source = opened(tmp_path, ids=ids)
        assert len(source.table) == classes
        reading = source.entries[0].read()
        found = rasterise(reading.annotation, source.table)
        assert (found == np.where(square() == 1, car, road)).all()
        assert {shape.instance for shape in reading.annotation.shapes} == {26_001, None}
    assert source.held_out == {"val/ulm/ulm_000001"}


def test_camvids_colours_are_known_and_its_void_is_ignored(tmp_path: Path) -> None:
    make_camvid(tmp_path)
    _, source = opened(tmp_path)
    found = rasterise(source.entries[0].read().annotation, source.table)
    assert {source.table.name_of(value) for value in np.unique(found)} == {"Car", "Sky"}
    png(tmp_path / "valannot" / "a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert (rasterise(first(tmp_path).annotation, source.table) == IGNORE).all()


def test_cvat_reads_every_shape_in_z_order(tmp_path: Path) -> None:
    samples.image(tmp_path / "a.jpg")
    samples.text(
        tmp_path / "annotations.xml",
        f"""<annotations><image id="0" name="a.jpg" width="{WIDTH}" height="{HEIGHT}">
        <polygon label="top" points="5,5;14,5;14,14;5,14" z_order="5" group_id="3"/>
        <box label="under" xtl="0" ytl="0" xbr="20" ybr="20" z_order="1"/>
        <box label="turned" xtl="30" ytl="10" xbr="40" ybr="14" rotation="90"/>
        <ellipse label="round" cx="30" cy="30" rx="6" ry="4"/>
        <polyline label="line" points="1,30;9,30"/><points label="dots" points="3,3;4,4"/>
        <cuboid label="c" xtl1="1"/><tag label="sunny"/></image></annotations>""",
    )
    reading = first(tmp_path)
    kinds = [(shape.label, shape.kind) for shape in reading.annotation.shapes]
    assert kinds[-2:] == [("under", "rectangle"), ("top", "polygon")]
    assert ("turned", "oriented_rectangle") in kinds
    assert ("line", "linestrip") in kinds
    assert reading.annotation.shapes[-1].group_id == 3
    found = plane(reading, "under", "top")
    assert (found[0:5, 0:20] == 1).all()
    assert not found[20, 0:20].any(), "a box from 0 to 20 covers 20 pixels"
    assert len([note for note in reading.notes if "left out" in note]) == 2
    assert any("ellipse" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("lowest", "told", "expected"), [(1, "counted from 1, as VOC", 4), (0, "counted from 0, because", 5)]
)
def test_voc_boxes_say_from_which_number_they_were_counted(
    lowest: int, told: str, expected: int, tmp_path: Path
) -> None:
    samples.image(tmp_path / "JPEGImages" / "a.jpg")
    boxes = "".join(
        f"<object><name>cat</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + 9}</xmax><ymax>{y + 9}</ymax>"
        "</bndbox></object>"
        for x, y in ((5, 5), (30, lowest))
    )
    samples.text(tmp_path / "Annotations" / "a.xml", f"<annotation><filename>a.jpg</filename>{boxes}</annotation>")
    _, source = opened(tmp_path)
    assert any(told in note for note in source.notes)
    found = plane(source.entries[0].read(), "cat")
    assert found[expected : expected + 10, expected : expected + 10].all()
    assert not found[expected - 1, expected]
    again = opened(tmp_path, first_pixel=0)[1].entries[0].read()
    assert plane(again, "cat")[5:15, 5:15].all()


def test_voc_objects_keep_their_numbers_and_colours_are_read_by_the_label_map(tmp_path: Path) -> None:
    make_voc(tmp_path)
    numbers = np.where(square() == 1, 300, 0).astype(np.uint16)
    numbers[8:15, 5:15] = 7
    png(tmp_path / "SegmentationObject" / "a.png", numbers)
    shapes = first(tmp_path).annotation.shapes
    assert [(shape.label, shape.instance) for shape in shapes] == [("cat", 7), ("cat", 300)]
    colours = np.where((square() == 1)[..., None], (9, 8, 7), (0, 0, 0)).astype(np.uint8)
    png(tmp_path / "SegmentationClass" / "a.png", colours)
    samples.text(tmp_path / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,8,7::\n")
    assert (plane(first(tmp_path), "cat") == square()).all()


def test_undeclared_colours_are_counted_and_refused(tmp_path: Path) -> None:
    make_masks(tmp_path)
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colours[0, :7] = (1, 2, 3)
    png(tmp_path / "masks" / "a_mask.png", colours)
    (tmp_path / "classes.txt").unlink()
    samples.text(tmp_path / "labelmap.txt", "background:0,0,0::\ncat:9,8,7::\n")
    with pytest.raises(FormatError, match=r"7 pixels of 1 undeclared colours: \(1,2,3\)"):
        first(tmp_path)


def test_a_palette_with_declared_colours_is_read_by_colour_and_any_other_by_number(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    samples.text(tmp_path / "labelmap.txt", "background:0,0,0::\ndog:50,50,50::\ncat:9,8,7::\n")
    png(tmp_path / "masks" / "a_mask.png", square(), [0, 0, 0, 9, 8, 7])
    assert (plane(first(tmp_path), "dog", "cat") == 2 * square()).all()
    png(tmp_path / "masks" / "a_mask.png", square(), [0, 0, 0, 1, 1, 1])
    assert (plane(first(tmp_path), "dog", "cat") == square()).all()


def test_lossy_masks_are_refused_with_the_count_of_stray_pixels_and_snapped_where_asked(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "masks" / "a_mask.png").unlink()
    Image.fromarray(square() * 255).save(tmp_path / "masks" / "a_mask.jpg", quality=30)
    with Image.open(tmp_path / "masks" / "a_mask.jpg") as image:
        strays = int((~np.isin(np.asarray(image), (0, 255))).sum())
    assert strays > 0
    with pytest.raises(FormatError, match=f"{strays} of its 2000 pixels.*--snap"):
        first(tmp_path)
    reading = first(tmp_path, snap=True)
    assert (plane(reading, "cat") == square()).mean() > 0.99
    assert f"{strays} pixels" in reading.notes[0]


def test_sixteen_bit_masks_without_classes_are_objects(tmp_path: Path) -> None:
    samples.image(tmp_path / "images" / "a.jpg")
    numbers = np.zeros((HEIGHT, WIDTH), np.uint16)
    numbers[2, 3], numbers[10:20, 10:20], numbers[30:35] = 1, 700, 65_535
    png(tmp_path / "masks" / "a.png", numbers)
    reading = first(tmp_path)
    assert [shape.instance for shape in reading.annotation.shapes] == [1, 700, 65_535]
    assert (plane(reading, "object") == (numbers > 0)).all()


def test_masks_of_another_size_than_the_image_are_refused(tmp_path: Path) -> None:
    make_masks(tmp_path)
    png(tmp_path / "masks" / "a_mask.png", square().T.copy())
    with pytest.raises(SegstudioError, match="is 40x50 but the image is 50x40"):
        first(tmp_path)


def test_yolo_without_names_says_so_and_pixel_coordinates_are_refused(tmp_path: Path) -> None:
    make_yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    samples.text(tmp_path / "labels" / "val" / "a.txt", "0 5 5 14 5 14 14\n0 0.5 0.5 0.2 0.2\n9 0.1\n\n")
    _, source = opened(tmp_path, "yolo")
    reading = source.entries[0].read()
    assert "by their numbers" in source.notes[0]
    assert [shape.kind for shape in reading.annotation.shapes] == ["rectangle"]
    assert "pixels, not parts" in reading.notes[0]


@pytest.mark.parametrize(
    ("yaml", "names"),
    [
        ("names: [dog, 'a cat']", ["dog", "a cat"]),
        ('nc: 2\nnames:\n- dog\n- "it\'s"\n', ["dog", "it's"]),
        ("names:\n  0: dog  # a comment\n  1: cat\nval: x", ["dog", "cat"]),
        ("names: {0: dog, 1: 'it''s'}", ["dog", "it's"]),
    ],
)
def test_names_in_yolos_yaml(yaml: str, names: list[str], tmp_path: Path) -> None:
    make_yolo(tmp_path)
    samples.text(tmp_path / "data.yaml", yaml)
    assert opened(tmp_path)[1].table.names[1:] == names


def test_a_labelme_web_mask_covers_what_was_painted(shared: Path) -> None:
    root = shared / "interop" / "datumaro_assets" / "labelme_dataset"
    reading = first(root)
    masks = [shape for shape in reading.annotation.shapes if shape.kind == "mask"]
    assert [shape.bitmap.count for shape in masks] == [10, 130]


def test_an_entity_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotations>&b;</annotations>'
    samples.text(tmp_path / "annotations.xml", bomb)
    found = detect(tmp_path, ReadOptions(), "cvat")
    assert "declares entities" in found.declined["cvat"]


@pytest.mark.parametrize(
    ("content", "names", "colours"),
    [
        ("__ignore__\n_background_\ncat\n\n", ["_background_", "cat"], 0),
        ("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,8,7::\nignored:224,224,192::\n", None, 3),
        ("64 128 64\tAnimal\n192 0 128\tArchway\n", ["Animal", "Archway"], 2),
        ("0: unlabeled\n1: person\n", ["unlabeled", "person"], 0),
        ("name,r,g,b\nSky,1,2,3\nCar,4,5,6\n", ["Sky", "Car"], 2),
    ],
)
def test_class_lists_of_every_kind(content: str, names: list[str] | None, colours: int, tmp_path: Path) -> None:
    path = samples.text(tmp_path / ("l.csv" if content.startswith("name,") else "l.txt"), content)
    found = label_map.read(path)
    assert found.table.names == (names or ["background", "cat"])
    assert len(found.colours) == colours
    assert found.values[0] == 0
    if names is None:
        assert found.colours[224, 224, 192] == IGNORE


SHARED = [
    ("datumaro_assets/coco_dataset/coco", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_instances", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_person_keypoints", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_roboflow", "coco", 2, 3),
    ("datumaro_assets/coco_dataset/coco_stuff", "coco", 2, 2),
    ("datumaro_assets/coco_dataset/mmdet_coco", "coco", 2, 3),
    ("datumaro_assets/labelme_dataset", "labelme-web", 1, 7),
    ("datumaro_assets/cityscapes_dataset/dataset", "cityscapes", 4, 8),
    ("datumaro_assets/cityscapes_dataset/train_dataset", "cityscapes", 4, 9),
    ("datumaro_assets/voc_dataset/voc_dataset1", "voc", 1, 1),
    ("datumaro_assets/voc_dataset/voc_dataset3", "voc", 1, 1),
    ("datumaro_assets/camvid_dataset", "camvid", 4, 10),
    ("datumaro_assets/common_semantic_segmentation_dataset/dataset", "masks", 2, 4),
    ("datumaro_assets/common_semantic_segmentation_dataset/non_standard_dataset", "masks", 2, 5),
    ("isat_coco_tiny/isat", "isat", 5, 54),
    ("isat_coco_tiny/yolo", "yolo", 5, 61),
]


@pytest.mark.parametrize(("place", "name", "images", "shapes"), SHARED, ids=[row[0] for row in SHARED])
def test_real_data_sets_come_in_whole(place: str, name: str, images: int, shapes: int, shared: Path) -> None:
    found, source = opened(shared / "interop" / place)
    assert found == name
    readings = [entry.read() for entry in source.entries]
    assert (len(readings), sum(len(reading.annotation.shapes) for reading in readings)) == (images, shapes)


def test_the_same_five_images_in_isat_and_coco_agree(shared: Path) -> None:
    """The ISAT project redrew the objects, so their outlines are near to COCO's, not equal."""
    home = shared / "interop" / "isat_coco_tiny"
    isat = {reading.image.name: reading for reading in (e.read() for e in opened(home / "isat")[1].entries)}
    coco = {reading.image.name: reading for reading in (e.read() for e in opened(home / "coco_tiny.json")[1].entries)}
    name = "000000549930.jpg"
    table = ClassTable.from_names(["_background_", "person", "umbrella"])
    a, b = rasterise(isat[name].annotation, table) == 1, rasterise(coco[name].annotation, table) == 1
    assert (a & b).sum() / (a | b).sum() > 0.85


@pytest.mark.parametrize("turn", [5, 6, 7, 8])
def test_labels_made_on_the_stored_rows_turn_with_the_image(turn: int, tmp_path: Path) -> None:
    """Tools that do not know EXIF label the image lying on its side."""
    stored = np.zeros((HEIGHT, WIDTH), np.uint8)
    stored[3:12, 30:47] = 1
    stored[20:22, 2:9] = 1
    exif = Image.Exif()
    exif[0x0112] = turn
    for folder in ("coco", "masks/images"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(stored * 255).save(tmp_path / folder / "a.jpg", quality=100, exif=exif)
    seen = read_image(tmp_path / "coco" / "a.jpg") > 128
    png(tmp_path / "masks" / "masks" / "a.png", stored)
    samples.text(tmp_path / "masks" / "classes.txt", "_background_\ncat\n")
    flat = np.concatenate([[0], np.flatnonzero(np.diff(stored.T.ravel())) + 1, [stored.size]])
    whole = {"segmentation": {"size": [HEIGHT, WIDTH], "counts": np.diff(flat).tolist()}}
    outlines = {"segmentation": [[30, 3, 47, 3, 47, 12, 30, 12], [2, 20, 9, 20, 9, 22, 2, 22]]}
    images = [{"id": 3, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}]
    for record in (whole, outlines):
        plain = {"images": images, "annotations": [{"id": 1, "image_id": 3, "category_id": 1, **record}]}
        samples.text(tmp_path / "coco" / "f.json", json.dumps({**plain, "categories": [{"id": 1, "name": "cat"}]}))
        reading = first(tmp_path / "coco")
        assert ((plane(reading, "cat") == 1) == seen).all()
        assert "turned with it" in reading.notes[-1]
    reading = first(tmp_path / "masks")
    assert ((plane(reading, "cat") == 1) == seen).all()
    assert "turned with it" in reading.notes[0]


def test_numbers_in_vocs_palette_are_numbers_whatever_colours_the_label_map_gives(tmp_path: Path) -> None:
    """The palette is for eyes; a label map in other colours may not swap classes."""
    make_voc(tmp_path)
    (tmp_path / "class_names.txt").unlink()
    samples.text(tmp_path / "labelmap.txt", "background:0,0,0::\ncat:0,128,0::\ndog:128,0,0::\n")
    image = Image.fromarray(square())
    image.putpalette(voc_palette().tobytes())
    image.save(tmp_path / "SegmentationClass" / "a.png")
    assert (plane(first(tmp_path), "cat", "dog") == square()).all()


def test_a_mask_is_never_taken_for_its_own_image(tmp_path: Path) -> None:
    make_voc(tmp_path)
    (tmp_path / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(SegstudioError, match="has no image a below"):
        first(tmp_path)


def test_splits_in_folders_come_in_whole_and_images_without_labels_are_named(tmp_path: Path) -> None:
    for split, names in (("train", "ab"), ("val", "c")):
        for name in names:
            samples.image(tmp_path / split / "images" / f"{name}.png")
            png(tmp_path / split / "masks" / f"{name}_mask.png", square())
    samples.image(tmp_path / "train" / "images" / "lone.png")
    samples.text(tmp_path / "classes.txt", "_background_\ncat\n")
    _, source = opened(tmp_path)
    assert [entry.name for entry in source.entries] == ["train/a", "train/b", "val/c"]
    assert source.held_out == {"val/c"}
    assert any("1 images have no labels and were left out: lone" in note for note in source.notes)
    for folder in ("images", "masks"):
        for split in ("train", "val"):
            (tmp_path / "turned" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / split / folder).rename(tmp_path / "turned" / folder / split)
    assert opened(tmp_path / "turned", "masks")[1].held_out == {"val/c"}


def test_blurred_binary_masks_are_refused_with_a_count_and_snapped_where_asked(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    blurred = square() * 255
    blurred[4, 5:15] = np.arange(20, 220, 20)
    png(tmp_path / "masks" / "a_mask.png", blurred)
    with pytest.raises(FormatError, match=r"10 pixels of value.*--snap"):
        first(tmp_path)
    assert (plane(first(tmp_path, snap=True), "foreground")[5:] == square()[5:]).all()


def test_what_masks_hold_can_be_told(tmp_path: Path) -> None:
    make_masks(tmp_path)
    (tmp_path / "classes.txt").unlink()
    png(tmp_path / "masks" / "a_mask.png", square().astype(np.uint16) * 2)
    _, source = opened(tmp_path)
    assert source.table.names == ["_background_", "object"]
    assert "numbers of objects" in source.notes[0]
    _, source = opened(tmp_path, masks="index")
    assert source.table.names == ["_background_", "class_1", "class_2"]


def test_gray_masks_stored_as_rgb_are_numbers(tmp_path: Path) -> None:
    make_masks(tmp_path)
    png(tmp_path / "masks" / "a_mask.png", np.repeat(square()[..., None], 3, axis=2))
    assert (plane(first(tmp_path), "cat") == square()).all()


def test_what_no_panoptic_segment_claims_counts_for_nothing(tmp_path: Path) -> None:
    ids = square().astype(np.uint8) * 5
    (tmp_path / "panoptic").mkdir()
    png(tmp_path / "panoptic" / "a.png", np.stack([ids, ids * 0, ids * 0], axis=2))
    record = {"file_name": "a.png", "segments_info": [{"id": 5, "category_id": 1}]}
    path = samples.coco(tmp_path / "panoptic.json", [record])
    assert opened(path)[1].unlabelled == "ignore"


def test_cambridges_own_folders_and_label_colours_are_known(tmp_path: Path) -> None:
    samples.image(tmp_path / "701_StillsRaw_full" / "a.png")
    colours = np.where((square() == 1)[..., None], (64, 0, 128), (0, 0, 0)).astype(np.uint8)
    png(tmp_path / "LabeledApproved_full" / "a_L.png", colours)
    samples.text(tmp_path / "label_colors.txt", "64 0 128\tCar\n0 0 0\t\tVoid\n")
    name, source = opened(tmp_path)
    assert name == "camvid"
    found = rasterise(source.entries[0].read().annotation, source.table)
    assert (found == np.where(square() == 1, 0, IGNORE)).all()


def test_coco_of_two_years_with_the_same_names_and_records_without_sizes(tmp_path: Path) -> None:
    for split in ("train2017", "val2017"):
        samples.image(tmp_path / split / "0001.jpg")
        images = [{"id": 1, "file_name": "0001.jpg"}]
        records = [{"image_id": 1, "bbox": [0, 0, 9, 9]}]
        path = samples.coco(tmp_path / "annotations" / f"instances_{split}.json", records, images=images)
        (path.parent / "a.jpg").unlink()
    _, source = opened(tmp_path)
    assert [entry.read().image.parent.name for entry in source.entries] == ["train2017", "val2017"]
    assert len({entry.name for entry in source.entries}) == 2
    assert len(source.held_out) == 1


def test_yolo_images_without_a_text_file_are_background_and_data_yaml_names_the_split(tmp_path: Path) -> None:
    make_yolo(tmp_path)
    samples.image(tmp_path / "images" / "set2" / "b.jpg")
    samples.text(tmp_path / "data.yaml", "train: images/val\nval: images/set2\nnames: [dog, cat]\n")
    _, source = opened(tmp_path)
    readings = {entry.name: entry.read() for entry in source.entries}
    assert readings["set2/b"].complete
    assert not readings["set2/b"].annotation.shapes
    assert "set2/b" in source.held_out


def test_the_user_can_name_what_is_held_out_in_every_format(tmp_path: Path) -> None:
    make_labelme(tmp_path / "in")
    samples.text(tmp_path / "val.list", "a\n")
    assert opened(tmp_path / "in", held_out=tmp_path / "val.list")[1].held_out == {"a"}
    samples.text(tmp_path / "val.list", "zzz\n")
    with pytest.raises(FormatError, match="names no image"):
        opened(tmp_path / "in", held_out=tmp_path / "val.list")


def test_every_other_format_says_why_it_is_not_it(tmp_path: Path) -> None:
    make_coco(tmp_path)
    found = detect(tmp_path, ReadOptions())
    reasons = explain_refusals(found, ReadOptions())
    assert set(reasons) == {reader.name for reader in READERS} - {"coco"}
    assert all(reasons.values())


def test_a_depth_map_in_place_of_masks_is_refused_by_name(tmp_path: Path) -> None:
    samples.image(tmp_path / "images" / "a.png", 200, 200)
    noise = np.random.default_rng(0).integers(0, 65536, (200, 200), dtype=np.uint16)
    png(tmp_path / "masks" / "a.png", noise)
    with pytest.raises(FormatError, match=r"a: cannot be read .*depth map"):
        first(tmp_path)
