"""No file, however broken, ends in anything but a line for a person; and the rest comes in."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.errors import SegstudioError
from segstudio.formats.dataset import ReadOptions
from segstudio.formats.registry import NAMES, open_dataset
from segstudio.project.importing import import_source
from tests.formats import samples
from tests.formats.test_readers import LAYOUTS

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [float("nan"), float("inf"), -1, 0, 1e308, 2**63, 10**400, "", "../x", "/etc/passwd", "\x00", "\ud800"]
    ),
    st.text(max_size=5),
    st.lists(st.integers(-5, 5), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def survives(root: Path, name: str) -> None:
    """Opens and imports; only SegstudioError may come of it, for the source or for one entry."""
    with tempfile.TemporaryDirectory() as home:
        try:
            _, source = open_dataset(root, ReadOptions(), name)
        except SegstudioError as error:
            assert "\n" not in str(error)
            return
        for event in import_source(source, Path(home) / "project"):
            assert "\n" not in str(event)
        assert [path.name for path in Path(home).iterdir()] == ["project"], "nothing is written beside the project"


def places(value: Any, way: tuple = ()) -> list[tuple]:
    """Every place in a JSON value."""
    found = [way]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*way, index))
    return found


def put(value: Any, way: tuple, new: Any) -> Any:
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = put(copy[way[0]], way[1:], new)
    return copy


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_broken_bytes_end_in_a_line(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "in"
        LAYOUTS[name](root)
        files = sorted(path for path in root.rglob("*") if path.is_file())
        for _ in range(data.draw(st.integers(1, 3))):
            path = data.draw(st.sampled_from(files))
            content = bytearray(path.read_bytes())
            if content and data.draw(st.booleans()):
                at = data.draw(st.integers(0, len(content) - 1))
                content[at : at + data.draw(st.integers(1, 9))] = data.draw(st.binary(max_size=9))
            else:
                content = content[: data.draw(st.integers(0, len(content)))]
            path.write_bytes(bytes(content))
        survives(root, data.draw(st.sampled_from(["auto", name])))


@pytest.mark.parametrize("name", ["labelme", "isat", "eiseg", "coco"])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_wrong_values_anywhere_in_json_end_in_a_line(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "in"
        LAYOUTS[name](root)
        path = next(iter(sorted(root.rglob("*.json"))))
        plain = json.loads(path.read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            plain = put(plain, data.draw(st.sampled_from(places(plain))), data.draw(odd))
        path.write_text(json.dumps(plain))
        survives(root, data.draw(st.sampled_from(["auto", name])))


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_folder_that_is_another_formats_or_none_ends_in_a_line(name: str, tmp_path: Path) -> None:
    for other, make in LAYOUTS.items():
        make(tmp_path / other)
        survives(tmp_path / other, name)
    (tmp_path / "empty").mkdir()
    survives(tmp_path / "empty", name)
    survives(samples.text(tmp_path / "file.json", "[" * 100_000), name)
    survives(samples.text(tmp_path / "file.xml", "<a>" * 1000), name)


SHARED = [
    ("interop/isat_coco_tiny/isat", "isat"),
    ("interop/isat_coco_tiny/yolo", "yolo"),
    ("interop/datumaro_assets/coco_dataset/coco_panoptic", "coco"),
    ("interop/datumaro_assets/labelme_dataset", "labelme-web"),
    ("interop/datumaro_assets/cityscapes_dataset/dataset", "cityscapes"),
    ("interop/datumaro_assets/voc_dataset/voc_dataset1", "voc"),
    ("interop/datumaro_assets/camvid_dataset", "camvid"),
    ("labelme_examples/primitives", "labelme"),
]


@pytest.mark.parametrize(("place", "name"), SHARED, ids=[row[0] for row in SHARED])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_mutations_of_real_files_end_in_a_line(
    place: str, name: str, real: Callable[[str], Path], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "in"
        shutil.copytree(real(place), root, copy_function=shutil.copyfile)
        path = data.draw(st.sampled_from(sorted(path for path in root.rglob("*") if path.is_file())))
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 20))):
            if content:
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
        survives(root, name)


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    from tests.conftest import SHARED as HOME

    if not HOME.is_dir():
        pytest.skip("the shared images are not on this machine (../shared/data)")
    return lambda place: HOME / place
