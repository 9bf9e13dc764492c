"""A folder as a project: its items, class list and project file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.core.annotation import Annotation
from segstudio.errors import ProjectError, SegstudioError
from segstudio.project.index import scan
from segstudio.project.item import ItemState, natural_key
from segstudio.project.project import complete_classes, open_project
from segstudio.project.store import save
from tests.project.items import CAR, TABLE, make_item


def test_opening_a_folder_writes_nothing(tmp_path: Path) -> None:
    make_item(tmp_path)
    project = open_project(tmp_path)
    list(project.items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def test_items_come_in_natural_order_without_hidden_folders(tmp_path: Path) -> None:
    for name in ("b10.png", "b9.png", "sub/c.jpg", ".hidden/x.png", ".segstudio/y.png", "notes.txt"):
        make_item(tmp_path, name) if name.endswith(("png", "jpg")) else (tmp_path / name).write_text("")
    assert [item.name for item in open_project(tmp_path).items()] == ["b9.png", "b10.png", "sub/c.jpg"]
    assert sorted(["a10", "a9", "A1"], key=natural_key) == ["A1", "a9", "a10"]


def test_two_images_of_one_stem_have_two_annotation_files(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        make_item(tmp_path, name)
    assert [item.annotation_path.name for item in open_project(tmp_path).items()] == ["a.json", "a.png.json"]


def test_labels_stay_with_their_image_when_another_of_its_stem_comes(tmp_path: Path) -> None:
    item = make_item(tmp_path, "a.png")
    save(item, Annotation(30, 40, (CAR,)), TABLE, None)
    make_item(tmp_path, "a.bmp")
    places = {item.name: item.annotation_path.name for item in open_project(tmp_path).items()}
    assert places == {"a.png": "a.json", "a.bmp": "a.bmp.json"}


def test_unusual_names_are_listed_and_a_voc_export_inside_the_project_is_not(tmp_path: Path) -> None:
    for name in ("a_10².png", "①/b.png"):
        make_item(tmp_path, name)
    (tmp_path / "voc" / "SegmentationClass").mkdir(parents=True)
    (tmp_path / "voc" / "labelmap.txt").write_text("")
    make_item(tmp_path / "voc" / "SegmentationClass", "a.png")
    assert [item.name for item in open_project(tmp_path).items()] == ["a_10².png", "①/b.png"]


@pytest.mark.parametrize("text", ["a\na\n", "\n".join(map(str, range(300)))])
def test_an_unreadable_labels_txt_is_reported_and_the_folder_opens(text: str, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text(text)
    project = open_project(tmp_path)
    assert len(project.table) == 1
    assert "labels.txt" in project.notes[0]


def test_a_list_without_background_still_has_it_as_class_0(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("car\nroad\n")
    assert open_project(tmp_path).table.names == ["_background_", "car", "road"]


def test_labels_that_differ_in_blanks_are_one_class_and_too_many_classes_are_an_error(tmp_path: Path) -> None:
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
def test_a_broken_project_file_is_reported_and_left_as_it_is(text: str, tmp_path: Path) -> None:
    (tmp_path / ".segstudio").mkdir()
    (tmp_path / ".segstudio" / "project.json").write_text(text)
    with pytest.raises(SegstudioError, match=r"project\.json"):
        open_project(tmp_path)
    assert (tmp_path / ".segstudio" / "project.json").read_text() == text


def test_the_class_list_of_labelme_beside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nsky\n")
    (tmp_path / "data").mkdir()
    assert open_project(tmp_path / "data").table.names == ["_background_", "sky"]


def test_a_path_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="not a folder"):
        open_project(tmp_path / "none")


def test_classes_are_completed_from_the_labels_of_the_files_in_alphabetical_order(tmp_path: Path) -> None:
    for name, labels in (("a.png", ["zebra", "car "]), ("b.png", ["car", "ant", "__ignore__"])):
        shapes = tuple(replace(CAR, label=label) for label in labels)
        save(make_item(tmp_path, name), Annotation(30, 40, shapes), TABLE, None)
    project = open_project(tmp_path)
    states = [state for state in scan(project, list(project.items())) if isinstance(state, ItemState)]
    complete = complete_classes(project, states)
    assert complete.table.names == ["_background_", "ant", "car", "zebra"]
    assert complete_classes(complete, states) is complete
    assert complete.find_unknown_labels(Annotation(30, 40, (CAR, replace(CAR, label="boat")))) == ["boat"]
    many = [ItemState("c.png", labels=tuple(f"c{number}" for number in range(300)))]
    with pytest.raises(ProjectError, match="at most 254"):
        complete_classes(project, many)
