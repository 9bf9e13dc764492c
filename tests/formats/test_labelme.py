"""labelme JSON: read leniently, written so that labelme reads it, without loss."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.bitmap import Bitmap
from segstudio.core.shape import Shape
from segstudio.errors import FileError, FormatError
from segstudio.formats.labelme import labelme_json
from tests.formats import samples
from tests.formats.samples import open_path, read_first
from tests.oracles import labelme_reads

ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="  # one 0
SQUARE = [[1, 2], [9, 2], [9, 8]]


def write_file(path: Path, **changes: object) -> Path:
    plain = {
        "version": "5.0.1",
        "flags": {},
        "shapes": [],
        "imagePath": "a.jpg",
        "imageData": None,
        "imageHeight": 40,
        "imageWidth": 50,
    }
    return samples.write_text(path, json.dumps({**plain, **changes}))


def make_shape(**changes: object) -> dict[str, object]:
    return {"label": "a", "points": SQUARE, "group_id": None, "shape_type": "polygon", "flags": {}, **changes}


def test_the_oldest_files_are_read(tmp_path: Path) -> None:
    old = {"label": "a", "points": SQUARE, "line_color": None, "fill_color": None}
    path = write_file(tmp_path / "a.json", version="3.16.7", shapes=[old], lineColor=[0, 255, 0, 128])
    found = labelme_json.read(path)
    assert found.annotation.shapes[0].kind == "polygon"
    assert found.annotation.extra["lineColor"] == [0, 255, 0, 128]
    assert found.annotation.shapes[0].extra == {"line_color": None, "fill_color": None}
    assert not found.notes


def test_kinds_of_shapes_of_related_programs_become_those_of_labelme(tmp_path: Path) -> None:
    corners = [[1, 1], [9, 1], [9, 5], [1, 5]]
    shapes = [
        make_shape(shape_type="rectangle", points=corners),
        make_shape(shape_type="rotation", points=corners, direction=0.3),
        make_shape(shape_type=None),
        make_shape(group_id="7"),
    ]
    found = labelme_json.read(write_file(tmp_path / "a.json", shapes=shapes))
    kinds = [(shape.kind, len(shape.points)) for shape in found.annotation.shapes]
    assert kinds == [("rectangle", 2), ("polygon", 4), ("polygon", 3), ("polygon", 3)]
    assert found.annotation.shapes[1].extra == {"direction": 0.3}
    assert found.annotation.shapes[3].group_id == 7


def test_a_backslash_path_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.json", imagePath="..\\bilder\\été.jpg")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert labelme_json.read(path).image == "../bilder/été.jpg"


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"points": [[0, 0], [float("nan"), 1], [2, 2]]}, "nan"),
        ({"points": [[0, 0], [1e300, 1], [2, 2]]}, "outside any image"),
        ({"points": [[0, 0], [1, 1]]}, "2 points"),
        ({"points": [[0, 0], [True, 1], [2, 2]]}, "not a number"),
        ({"points": None}, "no list of points"),
        ({"label": 3}, "not text"),
        ({"shape_type": "cuboid"}, "unknown"),
        ({"shape_type": ["polygon"]}, "not text"),
        ({"shape_type": "mask", "points": [[-9, -9], [-8, -8]], "mask": ONE_PIXEL}, "no pixel inside"),
        ({"shape_type": "mask", "mask": "!!"}, "mask"),
        ({"shape_type": "mask", "mask": base64.b64encode(b"no png").decode()}, "mask"),
    ],
)
def test_a_shape_that_cannot_be_read_is_reported_and_written_back(fault: dict, word: str, tmp_path: Path) -> None:
    raw = make_shape(**fault)
    found = labelme_json.read(write_file(tmp_path / "a.json", shapes=[raw, make_shape()]))
    assert len(found.annotation.shapes) == 1
    assert word in found.notes[0]
    written = json.loads(labelme_json.encode(found.annotation, "a.jpg"))
    assert len(written["shapes"]) == 2
    if "nan" not in word:
        assert written["shapes"][1] == raw


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"shapes": 3}', "{}", "\x00\xff", "[" * 100_000])
def test_a_file_that_is_not_labelme_json_is_refused_with_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, "latin-1")
    with pytest.raises(FormatError) as caught:
        labelme_json.read(tmp_path / "a.json", (5, 5))
    assert "\n" not in str(caught.value)
    assert "a.json" in str(caught.value)


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        labelme_json.read(tmp_path / "none.json")


def test_the_size_of_the_image_overrides_the_stated_one_with_a_note(tmp_path: Path) -> None:
    found = labelme_json.read(write_file(tmp_path / "a.json"), (100, 200))
    assert (found.annotation.height, found.annotation.width) == (100, 200)
    assert "50x40" in found.notes[0]


def test_the_first_mask_pixel_is_at_the_first_point(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[1, 0], [1, 1]], np.uint8)).save(buffer, "PNG")
    mask = base64.b64encode(buffer.getvalue()).decode()
    raw = make_shape(shape_type="mask", points=[[3.0, 5.0], [4.0, 6.0]], mask=mask)
    bitmap = labelme_json.read(write_file(tmp_path / "a.json", shapes=[raw])).annotation.shapes[0].bitmap
    assert bitmap == Bitmap.from_array(np.array([[True, False], [True, True]]), 5, 3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
keys = st.text("abcdefghXYZ_é", min_size=1, max_size=10).filter(
    lambda key: key not in {"version", "flags", "shapes", "label", "points", "mask", "description"}
)
coordinates = st.floats(-50, 400, allow_nan=False).map(float)


@st.composite
def draw_shapes(draw: st.DrawFn) -> Shape:
    extra = draw(st.dictionaries(keys.map(lambda key: f"x{key}"), json_values, max_size=2))
    common = {
        "group_id": draw(st.none() | st.integers(0, 9)),
        "description": draw(st.text("abc é", max_size=6)),
        "flags": draw(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.booleans(), max_size=2)),
        "extra": extra,
    }
    label = draw(st.sampled_from(["a", "straße", "__ignore__"]))
    if draw(st.booleans()):
        mask = np.zeros((300, 320), bool)
        for _ in range(draw(st.integers(1, 4))):
            y, x = draw(st.integers(0, 299)), draw(st.integers(0, 319))
            mask[y : y + draw(st.integers(1, 90)), x : x + draw(st.integers(1, 90))] ^= True
        if mask.any():
            return Shape(label, "mask", bitmap=Bitmap.from_array(mask), **common)
    count = draw(st.integers(3, 6))
    points = tuple((draw(coordinates), draw(coordinates)) for _ in range(count))
    return Shape(label, "polygon", points, **common)


@settings(max_examples=60, deadline=None)
@given(st.lists(draw_shapes(), max_size=4), st.dictionaries(keys.map(lambda key: f"x{key}"), json_values, max_size=3))
def test_writing_and_reading_gives_the_same_annotation(shapes: list, extra: dict) -> None:
    import tempfile

    annotation = Annotation(300, 320, tuple(shapes), {"seen": True}, {"version": "4.5.6", "imageData": None, **extra})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_bytes(labelme_json.encode(annotation, "a.jpg"))
        assert labelme_json.read(path, (300, 320)).annotation == annotation


def test_labelme_itself_reads_every_kind_of_shape(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (300, 320, 3), dtype=np.uint8)).save(tmp_path / "ä.png")
    bitmap = Bitmap.from_array(rng.random((40, 30)) < 0.5, 250, 260)
    kinds = [("polygon", 3), ("rectangle", 2), ("circle", 2), ("line", 2), ("linestrip", 4), ("point", 1)]
    drawn = [Shape("a", kind, tuple((float(i), 2.0 * i) for i in range(1, count + 1))) for kind, count in kinds]
    annotation = Annotation(
        300, 320, (*drawn, Shape("b", "mask", bitmap=bitmap)), extra={"segstudio": {"status": "done"}}
    )
    (tmp_path / "ä.json").write_bytes(labelme_json.encode(annotation, "ä.png"))
    labelme_reads([tmp_path / "ä.json"])


def test_every_example_of_labelme_is_read_and_written_without_loss(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "labelme_examples").rglob("*.json"))
    files_read = 0
    for path in files:
        raw = json.loads(path.read_text("utf-8"))
        if "shapes" not in raw:
            continue
        files_read += 1
        found = labelme_json.read(path, (raw.get("imageHeight") or 1000, raw.get("imageWidth") or 1000))
        assert not found.notes
        written = json.loads(labelme_json.encode(found.annotation, found.image))
        for key in raw:
            if key not in ("shapes", "imagePath", "imageHeight", "imageWidth"):
                assert written[key] == raw[key], (path.name, key)
        for before, after in zip(raw["shapes"], written["shapes"], strict=True):
            for key, value in before.items():
                if key not in ("mask", "description", "points"):
                    assert after[key] == value
            exact = np.trunc if before.get("shape_type") == "mask" else np.asarray  # as labelme's rasteriser takes them
            assert np.allclose(exact(before["points"]), after["points"])
    assert files_read > 15


def test_an_image_of_labelme_is_not_taken_as_completely_labelled(tmp_path: Path) -> None:
    samples.make_image(tmp_path / "a.jpg")
    write_file(tmp_path / "a.json", shapes=[make_shape()])
    assert not read_first(tmp_path).complete


def test_an_image_stored_inside_the_json_is_unpacked_unless_it_is_on_disk(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (50, 40)).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    write_file(tmp_path / "in" / "a.json", imagePath="gone.png", imageData=data)
    imported = read_first(tmp_path / "in")
    assert imported.image.name == "a.png"
    assert imported.notes == ("its image was unpacked from the labels file",)
    samples.make_image(tmp_path / "in" / "gone.png")
    assert read_first(tmp_path / "in").image == tmp_path / "in" / "gone.png"
    write_file(tmp_path / "other" / "a.json", imagePath="gone.png")
    with pytest.raises(FileError, match=r"has no image gone\.png"):
        read_first(tmp_path / "other")


def test_a_mask_much_larger_than_its_image_is_not_decoded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (10, 2 * 40 + 4096 + 1)).save(buffer, "PNG")
    raw = make_shape(shape_type="mask", mask=base64.b64encode(buffer.getvalue()).decode())
    found = labelme_json.read(write_file(tmp_path / "a.json", shapes=[raw]))
    assert "header for 10 x 4177 pixels" in found.notes[0]


def test_hidden_folders_are_not_read(tmp_path: Path) -> None:
    for folder in ("", ".cache"):
        samples.make_image(tmp_path / folder / "a.jpg")
        write_file(tmp_path / folder / "a.json")
    assert [entry.name for entry in open_path(tmp_path)[1].entries] == ["a"]
