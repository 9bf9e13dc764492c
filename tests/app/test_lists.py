"""What panels and dialogs list: objects, curves, runs, commands, confusion matrix, class mapping, shortcuts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from segstudio.app import confusion_table, object_list
from segstudio.app.command_search import find_commands, rank
from segstudio.app.curve_points import CurvePoints
from segstudio.app.data_choices import propose_export_folder, propose_project_folder
from segstudio.app.display import Display
from segstudio.app.display_sliders import apply_positions, slider_positions
from segstudio.app.keymap import Keymap, KeymapEdit
from segstudio.app.line_colours import brighten
from segstudio.app.mapping_edit import MappingEdit, list_targets
from segstudio.app.object_list import RowChange
from segstudio.app.run_table import compare_classes, compare_settings, format_duration, list_allowed, read_curve
from segstudio.app.thumbnails import ThumbnailQueue
from segstudio.app.train_form import is_default, list_settings
from segstudio.core.annotation import Annotation
from segstudio.core.classes import IGNORE_NAME, ClassTable
from segstudio.core.metrics import compute_metrics
from segstudio.core.painting_rules import Marks
from segstudio.core.shape import Shape
from segstudio.project.item import Item
from segstudio.project.mapping import DROP
from segstudio.project.runs import RunInfo

TABLE = ClassTable.from_names(["_background_", "car", "road"])
CAR = Shape("car", "polygon", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), group_id=3)
ROAD = Shape("road", "oriented_rectangle", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)))


def test_objects_are_listed_topmost_first_and_filtered_by_class_group_and_kind() -> None:
    annotation = Annotation(20, 20, (CAR, ROAD))
    assert object_list.list_shapes(annotation) == [ROAD, CAR]
    assert object_list.list_shapes(annotation, " CAR · 3 ") == [CAR]
    assert object_list.list_shapes(annotation, "oriented rect") == [ROAD]
    assert object_list.list_shapes(None, "car") == []
    assert object_list.row_texts(CAR) == ("car · 3", "polygon")


def test_a_new_object_adds_one_row_and_moved_points_change_none() -> None:
    moved = CAR.with_points(((1.0, 1.0), (9.0, 0.0), (9.0, 9.0)))
    assert object_list.compare_rows([CAR], [moved]) is RowChange.NONE
    assert object_list.compare_rows([CAR], [ROAD, CAR]) is RowChange.ONE_ON_TOP
    assert object_list.compare_rows([ROAD, CAR], [CAR]) is RowChange.OTHER


def test_lock_and_visibility_of_an_object_toggle() -> None:
    marks = object_list.toggle_mark(object_list.toggle_mark(Marks(), 7, lock=True), 7, lock=False)
    assert marks.locked == marks.hidden == {7}
    assert object_list.toggle_mark(marks, 7, lock=True).locked == frozenset()


def test_long_loss_curves_are_thinned_in_their_older_half() -> None:
    points = CurvePoints()
    for step in range(2001):
        points.add_loss(step, 1.0)
    steps = [step for step, _ in points.loss]
    assert len(steps) == 1501
    assert steps[:3] == [0, 2, 4]
    assert steps[-3:] == [1998, 1999, 2000]


def test_nan_scores_are_left_out_of_the_curves_and_their_classes_are_known() -> None:
    points = CurvePoints()
    points.add_scores(1, math.nan, {"car": 0.5, "road": math.nan})
    assert points.miou == []
    assert points.classes == {"car": [(1, 0.5)], "road": []}


def make_run(name: str, *, has_weights: bool = True, resumable: bool = True, **config: object) -> RunInfo:
    rows = (
        {"step": 1, "loss": 0.5},
        {"step": 2, "miou": 0.6, "iou": {"car": 0.6, "road": None}},
        {"step": 3, "miou": 0.4, "iou": {"car": 0.4}},
    )
    return RunInfo(name, Path(name), 0.0, rows, dict(config), has_weights, resumable)


def test_what_can_be_done_with_runs() -> None:
    run, broken = make_run("a"), make_run("b", has_weights=False, resumable=False)
    assert list_allowed([run], training=False) == {"use", "export", "fine_tune", "resume", "rename", "delete"}
    assert list_allowed([run], training=True) == {"use", "export"}
    assert list_allowed([broken], training=False) == {"rename", "delete"}
    assert list_allowed([run, broken], training=False) == {"compare", "delete"}
    assert list_allowed([], training=False) == frozenset()


def test_runs_are_compared_at_their_best_validation() -> None:
    runs = [make_run("a", depth=3), make_run("b", depth=4)]
    assert compare_classes(runs) == [("IoU car", ["0.600", "0.600"]), ("IoU road", ["–", "–"])]
    assert compare_settings(runs) == [("depth", ["3", "4"])]
    assert read_curve(runs[0], "miou") == [(2, 0.6), (3, 0.4)]


@pytest.mark.parametrize(("seconds", "text"), [(59.6, "1:00"), (3661, "1:01:01"), (math.nan, "")])
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@dataclass(frozen=True)
class Named:
    text: str
    where: str = "Tools"
    refusal: str = ""


def test_commands_that_can_run_come_before_better_matches_that_cannot() -> None:
    commands = [Named("Fill holes", refusal="nothing selected"), Named("Bucket fill"), Named("Lasso"), Named("Refill")]
    assert [command.text for command in find_commands("fill", commands)] == ["Bucket fill", "Refill", "Fill holes"]
    assert len(find_commands("  ", commands)) == 4
    assert rank("bcktfl", commands[1]) is not None
    assert rank("lf", Named("fl", where="")) is None


def test_the_confusion_table_lists_only_classes_that_occur() -> None:
    rows = confusion_table.list_rows(compute_metrics(np.array([[1500, 500, 0], [0, 10, 0], [0, 0, 0]])), TABLE)
    assert [row.name for row in rows] == ["_background_", "car"]
    assert rows[0].cells[1] == confusion_table.Cell("500", 0.25, "_background_ → car: 25.0%")
    assert rows[0].cells[0].text == "1\u2009500"
    assert rows[0].iou == "0.750"


def test_chosen_targets_and_colours_survive_another_preview() -> None:
    edited = MappingEdit()
    edited.show(["boat", "lorry"], {"boat": (1, 1, 1)}, {"lorry": "car"})
    assert edited.target("lorry") == "car"
    assert edited.colour("boat") == (1, 1, 1)
    edited.choose("boat", DROP)
    edited.choose("lorry", "lorry")
    edited.set_colour("lorry", (2, 2, 2))
    edited.show(["lorry", "boat"], {}, {"lorry": "car"})
    assert edited.mapping().names == {"boat": DROP}
    assert edited.mapping().colours == {"lorry": (2, 2, 2)}
    edited.show(["tree"], {}, {})
    assert edited.mapping().names == edited.mapping().colours == {}


def test_background_can_be_neither_ignored_nor_dropped() -> None:
    assert list_targets("_background_", TABLE) == ["_background_", "car", "road"]
    assert list_targets("boat", TABLE) == ["boat", "_background_", "car", "road", IGNORE_NAME, DROP]


@dataclass(frozen=True)
class Acting:
    name: str
    keys: str
    text: str = "Draw"
    menu: str = "Tools/Lines"


class Stored:
    key_preset = "gone"
    own_keys: dict[str, str] = {"pen": "Q"}  # noqa: RUF012


def make_keymap() -> Keymap[Acting]:
    return Keymap(
        Stored(), (Acting("pen", "P"), Acting("eraser", "E")), lambda texts: texts.split(", ") if texts else []
    )


def test_keys_are_added_replaced_reset_and_stored_as_differences() -> None:
    keymap = make_keymap()
    edited = KeymapEdit(keymap)
    assert edited.keys_of("pen") == ["Q"]
    edited.add("pen", "W")
    edited.replace_first("pen", "X")
    assert edited.keys_of("pen") == ["X", "W"]
    edited.reset("pen")
    assert edited.keys_of("pen") == ["P"]
    edited.set_keys("eraser", [])
    edited.store()
    assert keymap.keys == {"pen": "P", "eraser": ""}
    assert keymap._settings.own_keys == {"eraser": ""}
    assert edited.list_actions("lines", str.lower) == [
        ("pen", "Draw", "Tools ▸ Lines", "p"),
        ("eraser", "Draw", "Tools ▸ Lines", ""),
    ]


def test_a_clash_is_resolved_for_one_action_and_keys_of_the_canvas_stay_there() -> None:
    edited = KeymapEdit(make_keymap())
    edited.add("pen", "E")
    assert edited.find_clash() == ("E", ["pen", "eraser"])
    with pytest.raises(ValueError, match="E has more than one meaning"):
        edited.store()
    edited.resolve_clash("pen")
    assert (edited.keys_of("pen"), edited.keys_of("eraser")) == (["Q", "E"], [])
    edited.add("pen", "Space")
    edited.resolve_clash("pen")
    assert edited.keys_of("pen") == ["Q", "E"]
    assert edited.find_clash() == ("", [])


def test_slider_positions_are_inverted() -> None:
    display = Display(0.25, -0.5, 2.0, (3, 9))
    positions = slider_positions(display)
    assert positions == {"brightness": 25, "contrast": -50, "gamma": 50}
    assert apply_positions(Display(window=(3, 9)), positions) == display


def test_dark_colours_are_brightened_and_bright_ones_kept() -> None:
    assert brighten((255, 255, 255)) == (255, 255, 255)
    assert brighten((200, 200, 200)) == (200, 200, 200)
    assert brighten((0, 0, 0)) == (150, 150, 150)


def test_the_thumbnail_requested_last_is_read_first() -> None:
    queue = ThumbnailQueue()
    items = [Item(f"{number}.png", Path(f"{number}.png"), Path(f"{number}.json")) for number in range(30)]
    for item in [*items, items[0]]:
        queue.add(item)
    batch = queue.take_batch()
    assert [item.name for item in batch[:3]] == ["0.png", "29.png", "28.png"]
    assert len(batch) == 24
    assert len(queue.take_batch()) == 6
    assert not queue


def test_only_settings_that_differ_from_the_defaults_are_listed() -> None:
    main = {"minutes": "2.0", "preset": "auto", "class_weights": "none", "init": ""}
    assert list_settings(main, {"depth": "5", "learning_rate": "0.0123"}) == {
        "minutes": "2.0",
        "depth": "5",
        "learning_rate": "0.0123",
    }
    assert is_default("init", "")


def test_folders_are_proposed_beside_their_source(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.json").touch()
    assert propose_project_folder(tmp_path / "set") == tmp_path / "set-project"
    assert propose_project_folder(tmp_path / "set" / "a.json") == tmp_path / "set-project"
    for taken in ("set-voc", "set-voc-2"):
        (tmp_path / taken).mkdir()
    assert propose_export_folder(tmp_path / "set", "voc") == tmp_path / "set-voc-3"
