"""What is on disk is never lost: unreadable files stay, foreign changes are noticed, states are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.shape import Shape
from segstudio.errors import FileError, ProjectError, SegstudioError
from segstudio.events import Problem
from segstudio.project.index import Index, scan
from segstudio.project.item import DONE, Item, ItemState, natural_key
from segstudio.project.project import open_project
from segstudio.project.relabel import Relabelled, relabel
from segstudio.project.runs import new_run_name, run_folder, weights_file
from segstudio.project.store import load, save, stamp_of, status_of, with_status

TABLE = ClassTable.from_names(["_background_", "car"])
CAR = Shape("car", "polygon", ((1.0, 1.0), (20.0, 1.0), (20.0, 20.0)))


def image(folder: Path, name: str = "a.png", size: tuple[int, int] = (30, 40)) -> Item:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(size, np.uint8)).save(path)
    return Item(name, path, path.with_suffix(".json"))


def test_a_image_without_a_file_has_an_empty_annotation_of_its_size(tmp_path: Path) -> None:
    stored = load(image(tmp_path))
    assert (stored.annotation, stored.stamp, stored.read_only) == (Annotation(30, 40), None, False)


def test_saved_and_loaded_again_with_a_relative_forward_slash_path(tmp_path: Path) -> None:
    item = Item("a.png", image(tmp_path).image, tmp_path / "labels" / "a.json")
    stamp = save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    assert json.loads(item.annotation_path.read_text())["imagePath"] == "../a.png"
    assert load(item).annotation.shapes == (CAR,)
    assert load(item).stamp == stamp


@pytest.mark.parametrize("data", [b"{ broken", b"[]", b"\xff\xfe\x00", b""])
def test_an_unreadable_file_is_read_only_and_never_written_over(data: bytes, tmp_path: Path) -> None:
    item = image(tmp_path)
    item.annotation_path.write_bytes(data)
    stored = load(item)
    assert stored.read_only
    assert "a.json" in stored.problem
    with pytest.raises(FileError, match="changed by another program"):
        save(item, stored.annotation, TABLE, None)
    assert item.annotation_path.read_bytes() == data


def test_a_file_changed_by_others_since_is_not_written_over(tmp_path: Path) -> None:
    item = image(tmp_path)
    stamp = save(item, Annotation(30, 40), TABLE, None)
    item.annotation_path.write_text(item.annotation_path.read_text() + "\n")
    before = item.annotation_path.read_bytes()
    with pytest.raises(FileError, match="changed by another program"):
        save(item, Annotation(30, 40, (CAR,)), TABLE, stamp)
    assert item.annotation_path.read_bytes() == before


def test_the_status_is_kept_in_one_key_beside_everything_else(tmp_path: Path) -> None:
    annotation = with_status(Annotation(30, 40, extra={"segstudio": {"note": 1}, "other": 2}), DONE)
    item = image(tmp_path)
    save(item, annotation, TABLE, None)
    read = load(item).annotation
    assert status_of(read) == DONE
    assert read.extra["segstudio"] == {"note": 1, "status": DONE}
    assert read.extra["other"] == 2


def test_opening_a_folder_writes_nothing(tmp_path: Path) -> None:
    image(tmp_path)
    project = open_project(tmp_path)
    list(project.items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def test_items_come_in_natural_order_without_hidden_folders(tmp_path: Path) -> None:
    for name in ("b10.png", "b9.png", "sub/c.jpg", ".hidden/x.png", ".segstudio/y.png", "notes.txt"):
        image(tmp_path, name) if name.endswith(("png", "jpg")) else (tmp_path / name).write_text("")
    assert [item.name for item in open_project(tmp_path).items()] == ["b9.png", "b10.png", "sub/c.jpg"]
    assert sorted(["a10", "a9", "A1"], key=natural_key) == ["A1", "a9", "a10"]


def test_two_images_of_one_stem_have_two_annotation_files(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        image(tmp_path, name)
    assert [item.annotation_path.name for item in open_project(tmp_path).items()] == ["a.json", "a.png.json"]


def test_labels_stay_with_their_image_when_another_of_its_stem_comes(tmp_path: Path) -> None:
    item = image(tmp_path, "a.png")
    save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    image(tmp_path, "a.bmp")
    places = {item.name: item.annotation_path.name for item in open_project(tmp_path).items()}
    assert places == {"a.png": "a.json", "a.bmp": "a.bmp.json"}


def test_odd_names_and_an_export_below_do_not_disturb_the_list(tmp_path: Path) -> None:
    for name in ("a_10².png", "①/b.png"):
        image(tmp_path, name)
    (tmp_path / "voc" / "SegmentationClass").mkdir(parents=True)
    (tmp_path / "voc" / "labelmap.txt").write_text("")
    image(tmp_path / "voc" / "SegmentationClass", "a.png")
    assert [item.name for item in open_project(tmp_path).items()] == ["a_10².png", "①/b.png"]


@pytest.mark.parametrize("text", ["a\na\n", "\n".join(map(str, range(300)))])
def test_an_odd_labels_txt_is_told_and_the_folder_opens(text: str, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text(text)
    project = open_project(tmp_path)
    assert len(project.table) == 1
    assert "labels.txt" in project.notes[0]


def test_a_list_without_background_still_has_it_as_class_0(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("car\nroad\n")
    assert open_project(tmp_path).table.names == ["_background_", "car", "road"]


def test_labels_with_blanks_are_one_class_and_too_many_are_told(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    assert project.with_labels(["car ", "car", " "]).table.names == ["_background_", "car"]
    with pytest.raises(ProjectError, match="at most 254"):
        project.with_labels([f"c{number}" for number in range(300)])


def test_a_project_is_written_and_read_again(tmp_path: Path) -> None:
    table = TABLE.with_renamed(1, "vehicle").with_colour(1, (1, 2, 3))
    replace(open_project(tmp_path), table=table, unlabelled="ignore", held_out={"a.png": True}).save()
    again = open_project(tmp_path)
    assert (again.table, again.unlabelled, again.held_out, again.listed) == (table, "ignore", {"a.png": True}, True)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"classes": 3}', '{"classes": [], "annotation_folder": "../.."}', '{"classes": [{"name": 1}]}']
)
def test_a_broken_project_file_is_told_and_left(text: str, tmp_path: Path) -> None:
    (tmp_path / ".segstudio").mkdir()
    (tmp_path / ".segstudio" / "project.json").write_text(text)
    with pytest.raises(SegstudioError, match=r"project\.json"):
        open_project(tmp_path)
    assert (tmp_path / ".segstudio" / "project.json").read_text() == text


def test_labelmes_list_beside_the_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nsky\n")
    (tmp_path / "data").mkdir()
    assert open_project(tmp_path / "data").table.names == ["_background_", "sky"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="not a folder"):
        open_project(tmp_path / "none")


def test_the_index_answers_until_a_file_changes_and_survives_its_own_ruin(tmp_path: Path) -> None:
    items = [image(tmp_path, f"p{number}.png") for number in range(4)]
    save(items[0], with_status(Annotation(30, 40, (CAR,)), DONE), TABLE, None)
    items[1].annotation_path.write_text("{ broken")
    project = open_project(tmp_path)

    def states() -> dict[str, ItemState]:
        return {s.name: s for s in scan(project, items) if isinstance(s, ItemState)}

    first = states()
    assert first["p0.png"] == ItemState("p0.png", True, DONE, ("car",), "")
    assert first["p1.png"].problem
    assert first["p2.png"] == ItemState("p2.png")
    assert states() == first
    save(items[2], Annotation(30, 40, (CAR,)), TABLE, None)
    assert states()["p2.png"].labelled
    project.index_file.write_bytes(b"no database at all")
    assert states()["p0.png"] == first["p0.png"]


def test_matrices_are_kept_by_run_and_by_classes(tmp_path: Path) -> None:
    matrix = np.arange(4).reshape(2, 2)
    with Index(tmp_path / "index.sqlite") as index:
        index.put_matrix("r", "a.png", ["x", "y"], matrix)
    with Index(tmp_path / "index.sqlite") as index:
        assert index.matrices("r", ["x", "y"])["a.png"].tolist() == matrix.tolist()
        assert index.matrices("r", ["x", "z"]) == {}
        assert index.matrices("other", ["x", "y"]) == {}


def test_a_renamed_class_is_carried_into_the_files(tmp_path: Path) -> None:
    items = [image(tmp_path, f"p{number}.png") for number in range(3)]
    for item in items[:2]:
        save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    items[2].annotation_path.write_text("{ broken")
    events = list(relabel(items, TABLE.with_renamed(1, "vehicle")))
    assert sum(isinstance(event, Relabelled) for event in events) == 2
    assert [event.where for event in events if isinstance(event, Problem)] == ["p2.png"]
    assert load(items[0]).annotation.labels == ["vehicle"]
    assert stamp_of(items[2]) is not None


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "c:d"])
def test_a_runs_name_cannot_lead_out_of_the_project(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="name of a run"):
        run_folder(open_project(tmp_path), name)


def test_runs_are_numbered_and_found_by_name_or_file(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    assert new_run_name(project) == "run-1"
    weights = run_folder(project, "run-1") / "best.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    assert new_run_name(project) == "run-2"
    assert weights_file(project, "run-1") == weights_file(project, str(weights)) == weights
    with pytest.raises(ProjectError, match="its runs are: run-1"):
        weights_file(project, "run-9")
