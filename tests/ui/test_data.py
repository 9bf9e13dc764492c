"""Import, export, label checks, drag and drop, and labelme as a program, in the real window."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QTreeWidget
from pytestqt.qtbot import QtBot

from segstudio.app import labelme_program
from segstudio.core.box import Box
from segstudio.project.project import open_project
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.dialogs.import_data import ImportDialog
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.window import MainWindow
from tests.formats import samples
from tests.formats.layouts import make_coco, make_voc
from tests.ui.conftest import wait_for


def import_dialog(window: MainWindow) -> ImportDialog:
    found = [each for each in window.findChildren(ImportDialog) if each.isVisible()]
    assert len(found) == 1
    return found[0]


def accept(dialog: ImportDialog | ExportDialog) -> None:
    dialog.findChild(QDialogButtonBox).buttons()[0].click()


def open_import(window: MainWindow, qtbot: QtBot, source: Path) -> ImportDialog:
    window.importing.open_dialog(source)
    dialog = import_dialog(window)
    wait_for(qtbot, dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    wait_for(qtbot, lambda: window.jobs.idle)
    return dialog


def test_a_dataset_is_detected_previewed_mapped_and_imported(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    records = [{"bbox": [0, 0, 9, 9]}, {"category_id": 99, "bbox": [0, 0, 9, 9]}]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", records)
    dialog = open_import(window, qtbot, path)
    assert "COCO: 1 images" in dialog.text
    assert dialog._preview.count() == 1
    assert not dialog._preview.item(0).icon().isNull()
    names = [dialog.classes.item(row, 0).text() for row in range(dialog.classes.rowCount())]
    assert names == ["_background_", "cat", "dog"]
    box = dialog.classes.cellWidget(1, 1)
    assert isinstance(box, QComboBox)
    box.setCurrentText("lion")
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.jobs.idle and dialog.classes.rowCount() == 3)
    dialog.classes.cellWidget(1, 1).setCurrentText("lion")
    dialog.classes.cellWidget(2, 1).setCurrentIndex(dialog.classes.cellWidget(2, 1).findText("(drop)"))
    accept(dialog)
    wait_for(qtbot, lambda: "were imported" in dialog.report.text)
    assert [where for where, _ in dialog.report.rows] == ["a.jpg", "a.jpg"]
    assert "99 is not declared" in " ".join(what for _, what in dialog.report.rows)
    wait_for(qtbot, lambda: window.state.image is not None)
    assert window.state.project.folder == tmp_path / "project"
    assert open_project(tmp_path / "project").table.names == ["_background_", "lion"]
    assert window.state.image.document.plane[4, 4] == 1
    dialog.reject()
    assert not dialog.isVisible()


def test_a_row_of_the_report_opens_its_image(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 40, "width": 50} for n in (1, 2)]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", [{"image_id": 2, "bbox": [0, 0, 9, 9]}], images=images)
    for number in (1, 2):
        samples.make_image(tmp_path / "in" / f"{number}.jpg")
    dialog = open_import(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: window.state.image is not None and window.jobs.idle)
    assert window.state.image.item.name == "1.jpg"
    rows = dialog.report.findChild(QTreeWidget)
    rows.itemActivated.emit(rows.topLevelItem(0), 0)
    wait_for(qtbot, lambda: window.state.image.item.name == "2.jpg")
    dialog.report.copy()
    assert "only a box" in QApplication.clipboard().text()
    dialog.reject()


def test_a_folder_in_no_known_format_shows_the_reason_of_every_format(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    window.importing.open_dialog(tmp_path / "empty")
    dialog = import_dialog(window)
    wait_for(qtbot, lambda: "No format fits" in dialog.text)
    assert "voc: it has no SegmentationClass" in dialog.text
    assert not dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled()
    dialog.reject()


def test_a_stopped_import_keeps_the_images_imported_so_far(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 40, "width": 50} for n in range(1, 300)]
    path = samples.make_coco_json(tmp_path / "in" / "f.json", [], images=images)
    for number in range(1, 300):
        samples.make_image(tmp_path / "in" / f"{number}.jpg")
    dialog = open_import(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: len(list((tmp_path / "project").glob("*.jpg"))) > 3)
    dialog.reject()
    assert dialog.isVisible(), "it waits for the image at hand"
    wait_for(qtbot, lambda: "Stopped" in dialog.report.text)
    came_in = len(list((tmp_path / "project").glob("*.jpg")))
    assert 3 < came_in < 299
    wait_for(qtbot, lambda: len(window.state.items) == came_in)
    dialog.reject()


def test_an_export_shows_losses_before_and_lists_them_after(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.drawing.choose_class(1)
    dialog = opened.exporting.open_dialog()
    assert dialog is not None
    dialog.set_format("yolo")
    dialog.set_folder(tmp_path / "out")
    wait_for(qtbot, lambda: "2 images will be written" in dialog.text)
    assert "1 without labels" in dialog.text
    assert "1 cannot be read" in dialog.text
    accept(dialog)
    wait_for(qtbot, lambda: "2 images exported" in dialog.report.text)
    assert (tmp_path / "out" / "data.yaml").is_file()
    assert any("p3" in where for where, _ in dialog.report.rows), "the broken file is named"
    dialog.reject()


def test_an_export_into_a_folder_that_is_not_empty_is_refused(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    dialog = opened.exporting.open_dialog()
    wait_for(qtbot, lambda: opened.jobs.idle)
    dialog.set_folder(tmp_path / "mine")
    accept(dialog)
    assert "not empty" in dialog.text
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    dialog.reject()


@pytest.mark.parametrize("name", ["voc", "coco", "labelme", "masks", "yolo"])
def test_every_format_shows_its_own_options(name: str, opened: MainWindow, qtbot: QtBot) -> None:
    dialog = opened.exporting.open_dialog()
    dialog.set_format(name)
    for option, box in dialog._boxes.items():
        assert box.isVisible() == (option in dialog.writer.options)
    wait_for(qtbot, lambda: opened.jobs.idle)
    dialog.reject()


def drop(window: MainWindow, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    entering = QDragEnterEvent(QPoint(200, 200), action, mime, buttons, keys)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), action, mime, buttons, keys))


def test_a_dropped_folder_of_images_is_opened(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    drop(window, folder)
    wait_for(qtbot, lambda: window.state.image is not None)
    assert window.state.project.folder == folder
    drop(window, folder / "p1.png")
    wait_for(qtbot, lambda: window.state.image is not None and window.state.image.item.name == "p1.png")


@pytest.mark.parametrize("make", [make_coco, make_voc])
def test_a_dropped_dataset_opens_the_import_dialog(make, window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    make(tmp_path / "in")
    drop(window, tmp_path / "in")
    wait_for(qtbot, lambda: bool(window.findChildren(ImportDialog)))
    dialog = import_dialog(window)
    wait_for(qtbot, dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    dialog.reject()


def test_findings_are_listed_opened_and_fixed(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    plain = json.loads((folder / "p1.json").read_text())
    plain["shapes"].append({**plain["shapes"][0], "points": [[-9, -9], [-5, -9], [-5, -5]]})
    (folder / "p1.json").write_text(json.dumps(plain))
    opened.linting.open_dialog()
    dialog = opened.linting.dialog
    assert isinstance(dialog, LintDialog)
    wait_for(qtbot, lambda: "1 findings" in dialog.text)
    dialog.image_asked.emit("p1.png")
    wait_for(qtbot, lambda: opened.state.image.item.name == "p1.png" and opened.jobs.idle)
    dialog.select_all()
    dialog.fix_asked.emit(dialog.selected())
    wait_for(qtbot, lambda: "No findings are left" in dialog.text)
    assert "1 fixed" in dialog.text
    assert len(json.loads((folder / "p1.json").read_text())["shapes"]) == 1
    wait_for(qtbot, lambda: opened.state.image is not None and opened.jobs.idle)
    assert opened.state.image.item.name == "p1.png"
    dialog.reject()


def program(path: Path, code: str) -> Path:
    """A stand-in for labelme."""
    path.write_text(f"#!/usr/bin/env python3\nimport json, sys, pathlib\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_labels_saved_by_labelme_are_read(
    opened: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = program(
        tmp_path / "labelme",
        "image = pathlib.Path(sys.argv[1])\n"
        "assert sys.argv[2] == '--output' and sys.argv[4:] == ['--labels', 'car'], sys.argv\n"
        "path = pathlib.Path(sys.argv[3]) / (image.stem + '.json')\n"
        "plain = json.loads(path.read_text())\n"
        "plain['shapes'].append({**plain['shapes'][0], 'points': [[100, 100], [140, 100], [140, 110]]})\n"
        "path.write_text(json.dumps(plain))",
    )
    monkeypatch.setattr(labelme_program, "find_labelme", lambda: str(stand_in))
    assert opened.state.image.item.name == "p0.png"
    opened.labelme.open()
    wait_for(qtbot, lambda: "were read" in opened.messages.text)
    wait_for(qtbot, lambda: opened.state.image is not None and opened.jobs.idle)
    assert len(opened.state.image.document.annotation.shapes) == 2
    assert opened.state.image.document.plane[102, 130] == 1
    assert not opened.labelme.running


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_a_missing_or_failing_labelme_is_reported(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(labelme_program, "find_labelme", lambda: None)
    opened.labelme.open()
    assert "pip install labelme" in opened.messages.text
    broken = program(tmp_path / "labelme", "sys.exit('no display at all')")
    monkeypatch.setattr(labelme_program, "find_labelme", lambda: str(broken))
    opened.labelme.open()
    wait_for(qtbot, lambda: "no display at all" in opened.messages.text)
    assert not opened.labelme.running


def test_an_import_into_the_open_project_keeps_its_classes(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    root = tmp_path / "in"
    samples.make_image(root / "images" / "new.png")
    (root / "masks").mkdir()
    Image.fromarray(np.ones((40, 50), np.uint8)).save(root / "masks" / "new.png")
    samples.write_text(root / "classes.txt", "background\nCAR\n")
    dialog = open_import(opened, qtbot, root)
    assert dialog.choices().folder == opened.state.project.folder
    accept(dialog)
    wait_for(qtbot, lambda: "1 images with 1 shapes were imported" in dialog.report.text)
    wait_for(qtbot, lambda: len(opened.state.items) == 5 and opened.jobs.idle)
    assert opened.state.table.names == ["_background_", "car"]
    dialog.reject()


def test_findings_of_one_project_never_change_another(
    opened: MainWindow, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    plain = json.loads((folder / "p1.json").read_text())
    plain["shapes"].append({**plain["shapes"][0], "points": [[-9, -9], [-5, -9], [-5, -5]]})
    (folder / "p1.json").write_text(json.dumps(plain))
    opened.linting.open_dialog()
    dialog = opened.linting.dialog
    wait_for(qtbot, lambda: "1 findings" in dialog.text)
    findings = list(dialog._findings)
    samples.make_image(tmp_path / "other" / "p1.png", 120, 160)
    (tmp_path / "other" / "p1.json").write_text((folder / "p0.json").read_text())
    before = (tmp_path / "other" / "p1.json").read_bytes()
    opened.open_path(tmp_path / "other")
    wait_for(qtbot, lambda: opened.state.image is not None and opened.jobs.idle)
    assert opened.linting.dialog is None, "the dialog went with its project"
    opened.linting._fix(findings)
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert (tmp_path / "other" / "p1.json").read_bytes() == before


def test_a_second_check_shows_the_first_dialog_and_unreadable_files_are_counted(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.linting.open_dialog()
    dialog = opened.linting.dialog
    opened.linting.open_dialog()
    assert opened.linting.dialog is dialog
    wait_for(qtbot, lambda: "1 files could not be checked" in dialog.text)
    dialog.reject()


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_strokes_drawn_while_labelme_is_open_are_kept(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = program(
        tmp_path / "labelme",
        "import os, time\n"
        f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.02)\n"
        "path = pathlib.Path(sys.argv[1]).with_suffix('.json')\n"
        "plain = json.loads(path.read_text())\n"
        "plain['shapes'] = []\n"
        "path.write_text(json.dumps(plain))",
    )
    monkeypatch.setattr(labelme_program, "find_labelme", lambda: str(stand_in))
    opened.saving.set_autosave(False)
    opened.labelme.open()
    opened.labelme.open()
    assert "open already" in opened.messages.text
    wait_for(qtbot, lambda: opened.labelme._process is not None)
    document = opened.state.image.document
    document.begin()
    mask = np.ones((20, 20), bool)
    document.paint(1, Box(90, 90, 110, 110), mask)
    document.commit("stroke")
    assert not opened.close(), "a window does not take labelme down with it"
    assert "labelme is still open" in opened.messages.text
    (tmp_path / "go").touch()
    wait_for(qtbot, lambda: not opened.labelme.running)
    wait_for(qtbot, lambda: opened.jobs.idle)
    assert "you have drawn on it meanwhile" in opened.messages.text
    assert opened.state.image.document.plane[95, 95] == 1


def test_the_wheel_changes_no_class_mapping_and_background_cannot_be_dropped(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = open_import(window, qtbot, samples.make_coco_json(tmp_path / "in" / "f.json", [{"bbox": [0, 0, 9, 9]}]))
    box = dialog.classes.cellWidget(1, 1)
    wheel = QWheelEvent(
        QPointF(5, 5),
        box.mapToGlobal(QPointF(5, 5)),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, wheel)
    assert dialog.classes.mapping().names == {}
    background = dialog.classes.cellWidget(0, 1)
    background.setCurrentText("")
    assert dialog.classes.mapping().names == {}
    assert background.findText("(drop)") < 0
    box.setCurrentText("lion")
    dialog._target.set_path(tmp_path / "elsewhere")
    wait_for(qtbot, lambda: window.jobs.idle and dialog.classes.rowCount() == 3)
    assert dialog.classes.mapping().names == {"cat": "lion"}, "a choice survives another look"
    dialog.reject()


def test_there_is_one_import_dialog_at_a_time(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    make_coco(tmp_path / "a")
    make_voc(tmp_path / "b")
    first = window.importing.open_dialog(tmp_path / "a")
    assert window.importing.open_dialog(tmp_path / "b") is first
    wait_for(qtbot, first.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    wait_for(qtbot, lambda: window.jobs.idle)
    assert "PASCAL VOC" in first.text
    assert first.choices().folder == tmp_path / "b-project", "the suggestion follows the source"
    assert "coco: it has no .json files" in first.status.toolTip()
    first.reject()


def test_enter_twice_imports_once_and_return_opens_a_row(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = open_import(window, qtbot, samples.make_coco_json(tmp_path / "in" / "f.json", [{"bbox": [0, 0, 9, 9]}]))
    button = dialog.findChild(QDialogButtonBox).buttons()[0]
    assert button.isDefault()
    button.setFocus()
    for _ in range(2):
        QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)
    wait_for(qtbot, lambda: "1 images with 1 shapes were imported" in dialog.report.text)
    wait_for(qtbot, lambda: window.state.image is not None)
    rows = dialog.report.findChild(QTreeWidget)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert dialog.isVisible(), "Return opens the row, it does not close the report"
    dialog.reject()


def test_an_error_is_shown_over_the_welcome_page(window: MainWindow, tmp_path: Path) -> None:
    window.open_path(tmp_path / "nowhere")
    assert window.messages.isVisible()
    assert "no such file or folder" in window.messages.text


def test_a_chosen_colour_is_used_without_a_class_list_and_in_an_open_project(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    samples.make_image(tmp_path / "in" / "new.jpg")
    shape = {"label": "boat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    samples.write_text(tmp_path / "in" / "new.json", json.dumps({"shapes": [shape], "imagePath": "new.jpg"}))
    dialog = open_import(opened, qtbot, tmp_path / "in")
    dialog.classes._edited.set_colour("boat", (1, 2, 3))
    accept(dialog)
    wait_for(qtbot, lambda: "were imported" in dialog.report.text and len(opened.state.items) == 5)
    wait_for(qtbot, lambda: opened.jobs.idle)
    table = opened.state.table
    assert table[table.id_of("boat")].colour == (1, 2, 3)
    dialog.reject()
