"""Any file, however corrupted, raises only one-line errors, and the other images are imported."""

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
from segstudio.formats.registry import READER_NAMES, open_dataset
from segstudio.project.importing import import_images
from tests.formats import samples
from tests.formats.layouts import LAYOUTS

unexpected = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [float("nan"), float("inf"), -1, 0, 1e308, 2**63, 10**400, "", "../x", "/etc/passwd", "\x00", "\ud800"]
    ),
    st.text(max_size=5),
    st.lists(st.integers(-5, 5), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def check_import(root: Path, name: str) -> None:
    """Opens and imports; only SegstudioError may be raised, for the dataset or for one entry."""
    with tempfile.TemporaryDirectory() as home:
        try:
            _, dataset = open_dataset(root, ReadOptions(), name)
        except SegstudioError as error:
            assert "\n" not in str(error)
            return
        for event in import_images(dataset, Path(home) / "project"):
            assert "\n" not in str(event)
        assert [path.name for path in Path(home).iterdir()] == ["project"], "nothing may be written beside the project"


def list_paths(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value in a JSON value."""
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += list_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += list_paths(item, (*path, index))
    return found


def replace_at(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replace_at(copy[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_corrupted_bytes_raise_only_one_line_errors(name: str, data: st.DataObject) -> None:
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
        check_import(root, data.draw(st.sampled_from(["auto", name])))


@pytest.mark.parametrize("name", ["labelme", "isat", "eiseg", "coco"])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_wrong_values_anywhere_in_json_raise_only_one_line_errors(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "in"
        LAYOUTS[name](root)
        path = next(iter(sorted(root.rglob("*.json"))))
        plain = json.loads(path.read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            plain = replace_at(plain, data.draw(st.sampled_from(list_paths(plain))), data.draw(unexpected))
        path.write_text(json.dumps(plain))
        check_import(root, data.draw(st.sampled_from(["auto", name])))


@pytest.mark.parametrize("name", READER_NAMES[1:])
def test_a_folder_of_another_format_raises_only_one_line_errors(name: str, tmp_path: Path) -> None:
    for other, make in LAYOUTS.items():
        make(tmp_path / other)
        check_import(tmp_path / other, name)
    (tmp_path / "empty").mkdir()
    check_import(tmp_path / "empty", name)
    check_import(samples.write_text(tmp_path / "file.json", "[" * 100_000), name)
    check_import(samples.write_text(tmp_path / "file.xml", "<a>" * 1000), name)


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
def test_mutations_of_real_files_raise_only_one_line_errors(
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
        check_import(root, name)


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    from tests.conftest import SHARED as HOME

    if not HOME.is_dir():
        pytest.skip("the shared images are not on this machine (../shared/data)")
    return lambda place: HOME / place
