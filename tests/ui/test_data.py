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

from segstudio.core.box import Box
from segstudio.project.project import open_project
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.dialogs.import_data import ImportDialog
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.features import labelme as labelme_flow
from segstudio.ui.window import MainWindow
from tests.formats import samples
from tests.formats.test_readers import make_coco, make_voc
from tests.ui.conftest import wait_for


def import_dialog(window: MainWindow) -> ImportDialog:
    found = [each for each in window.findChildren(ImportDialog) if each.isVisible()]
    assert len(found) == 1
    return found[0]


def accept(dialog: ImportDialog | ExportDialog) -> None:
    dialog.findChild(QDialogButtonBox).buttons()[0].click()


def looked(window: MainWindow, qtbot: QtBot, source: Path) -> ImportDialog:
    window.importing.open_dialog(source)
    dialog = import_dialog(window)
    wait_for(qtbot, dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    wait_for(qtbot, lambda: window.session.jobs.idle)
    return dialog


def test_a_data_set_is_found_shown_mapped_and_imported(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    records = [{"bbox": [0, 0, 9, 9]}, {"category_id": 99, "bbox": [0, 0, 9, 9]}]
    path = samples.coco(tmp_path / "in" / "f.json", records)
    dialog = looked(window, qtbot, path)
    assert "COCO: 1 images" in dialog._found.text()
    assert dialog._preview.count() == 1
    assert not dialog._preview.item(0).icon().isNull()
    names = [dialog.classes.item(row, 0).text() for row in range(dialog.classes.rowCount())]
    assert names == ["_background_", "cat", "dog"]
    box = dialog.classes.cellWidget(1, 1)
    assert isinstance(box, QComboBox)
    box.setCurrentText("lion")
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.session.jobs.idle and dialog.classes.rowCount() == 3)
    dialog.classes.cellWidget(1, 1).setCurrentText("lion")
    dialog.classes.cellWidget(2, 1).setCurrentIndex(dialog.classes.cellWidget(2, 1).findText("(dropped)"))
    accept(dialog)
    wait_for(qtbot, lambda: "came in" in dialog.report.text)
    assert [where for where, _ in dialog.report.rows] == ["a.jpg", "a.jpg"]
    assert "99 is not declared" in " ".join(what for _, what in dialog.report.rows)
    wait_for(qtbot, lambda: window.session.image is not None)
    assert window.session.project.folder == tmp_path / "project"
    assert open_project(tmp_path / "project").table.names == ["_background_", "lion"]
    assert window.session.image.document.plane[4, 4] == 1
    dialog.reject()
    assert not dialog.isVisible()


def test_a_row_of_the_report_opens_its_image(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 40, "width": 50} for n in (1, 2)]
    path = samples.coco(tmp_path / "in" / "f.json", [{"image_id": 2, "bbox": [0, 0, 9, 9]}], images=images)
    for number in (1, 2):
        samples.image(tmp_path / "in" / f"{number}.jpg")
    dialog = looked(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.session.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: window.session.image is not None and window.session.jobs.idle)
    assert window.session.image.item.name == "1.jpg"
    rows = dialog.report.findChild(QTreeWidget)
    rows.itemActivated.emit(rows.topLevelItem(0), 0)
    wait_for(qtbot, lambda: window.session.image.item.name == "2.jpg")
    dialog.report.copy()
    assert "only a box" in QApplication.clipboard().text()
    dialog.reject()


def test_what_no_format_fits_is_said_with_every_reason(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    window.importing.open_dialog(tmp_path / "empty")
    dialog = import_dialog(window)
    wait_for(qtbot, lambda: "No format fits" in dialog._found.text())
    assert "voc: it has no SegmentationClass" in dialog._found.text()
    assert not dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled()
    dialog.reject()


def test_an_import_can_be_stopped_and_what_came_in_stays(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 40, "width": 50} for n in range(1, 300)]
    path = samples.coco(tmp_path / "in" / "f.json", [], images=images)
    for number in range(1, 300):
        samples.image(tmp_path / "in" / f"{number}.jpg")
    dialog = looked(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.session.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: len(list((tmp_path / "project").glob("*.jpg"))) > 3)
    dialog.reject()
    assert dialog.isVisible(), "it waits for the image at hand"
    wait_for(qtbot, lambda: "Stopped" in dialog.report.text)
    came_in = len(list((tmp_path / "project").glob("*.jpg")))
    assert 3 < came_in < 299
    wait_for(qtbot, lambda: len(window.session.items) == came_in)
    dialog.reject()


def test_an_export_says_before_what_is_lost_and_lists_it_after(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    opened.annotating.choose_class(1)
    dialog = opened.exporting.open_dialog()
    assert dialog is not None
    dialog.set_format("yolo")
    dialog.set_folder(tmp_path / "out")
    wait_for(qtbot, lambda: "2 images will be written" in dialog._summary.text())
    assert "1 have no labels" in dialog._summary.text()
    assert "1 cannot be read" in dialog._summary.text()
    accept(dialog)
    wait_for(qtbot, lambda: "2 images exported" in dialog.report.text)
    assert (tmp_path / "out" / "data.yaml").is_file()
    assert any("p3" in where for where, _ in dialog.report.rows), "the broken file is named"
    dialog.reject()


def test_an_export_into_a_folder_that_holds_anything_is_refused(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    dialog = opened.exporting.open_dialog()
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    dialog.set_folder(tmp_path / "mine")
    accept(dialog)
    assert "not empty" in dialog._summary.text()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    dialog.reject()


@pytest.mark.parametrize("name", ["voc", "coco", "labelme", "masks", "yolo"])
def test_every_format_shows_the_options_that_it_knows(name: str, opened: MainWindow, qtbot: QtBot) -> None:
    dialog = opened.exporting.open_dialog()
    dialog.set_format(name)
    for option, box in dialog._boxes.items():
        assert box.isVisible() == (option in dialog.target.choices)
    wait_for(qtbot, lambda: opened.session.jobs.idle)
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
    wait_for(qtbot, lambda: window.session.image is not None)
    assert window.session.project.folder == folder
    drop(window, folder / "p1.png")
    wait_for(qtbot, lambda: window.session.image is not None and window.session.image.item.name == "p1.png")


@pytest.mark.parametrize("make", [make_coco, make_voc])
def test_a_dropped_data_set_goes_to_the_import(make, window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    make(tmp_path / "in")
    drop(window, tmp_path / "in")
    wait_for(qtbot, lambda: bool(window.findChildren(ImportDialog)))
    dialog = import_dialog(window)
    wait_for(qtbot, dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    dialog.reject()


def test_findings_are_listed_opened_and_mended(opened: MainWindow, folder: Path, qtbot: QtBot) -> None:
    plain = json.loads((folder / "p1.json").read_text())
    plain["shapes"].append({**plain["shapes"][0], "points": [[-9, -9], [-5, -9], [-5, -5]]})
    (folder / "p1.json").write_text(json.dumps(plain))
    opened.linting.check()
    dialog = opened.linting.dialog
    assert isinstance(dialog, LintDialog)
    wait_for(qtbot, lambda: "1 findings" in dialog.text)
    dialog.image_asked.emit("p1.png")
    wait_for(qtbot, lambda: opened.session.image.item.name == "p1.png" and opened.session.jobs.idle)
    dialog.tick_all()
    dialog.mend_asked.emit(dialog.ticked())
    wait_for(qtbot, lambda: "Nothing is left" in dialog.text)
    assert "1 mended" in dialog.text
    assert len(json.loads((folder / "p1.json").read_text())["shapes"]) == 1
    wait_for(qtbot, lambda: opened.session.image is not None and opened.session.jobs.idle)
    assert opened.session.image.item.name == "p1.png"
    dialog.reject()


def program(path: Path, code: str) -> Path:
    """A stand-in for labelme."""
    path.write_text(f"#!/usr/bin/env python3\nimport json, sys, pathlib\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_what_labelme_saves_is_taken_back(
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
    monkeypatch.setattr(labelme_flow, "labelme_program", lambda: str(stand_in))
    assert opened.session.image.item.name == "p0.png"
    opened.labelme.open()
    wait_for(qtbot, lambda: "taken back" in opened.messages.text)
    wait_for(qtbot, lambda: opened.session.image is not None and opened.session.jobs.idle)
    assert len(opened.session.image.document.annotation.shapes) == 2
    assert opened.session.image.document.plane[102, 130] == 1
    assert not opened.labelme.running


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_a_labelme_that_fails_or_is_missing_is_told(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(labelme_flow, "labelme_program", lambda: None)
    opened.labelme.open()
    assert "pip install labelme" in opened.messages.text
    broken = program(tmp_path / "labelme", "sys.exit('no display at all')")
    monkeypatch.setattr(labelme_flow, "labelme_program", lambda: str(broken))
    opened.labelme.open()
    wait_for(qtbot, lambda: "no display at all" in opened.messages.text)
    assert not opened.labelme.running


def test_an_import_into_the_open_project_keeps_its_classes(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    root = tmp_path / "in"
    samples.image(root / "images" / "new.png")
    (root / "masks").mkdir()
    Image.fromarray(np.ones((40, 50), np.uint8)).save(root / "masks" / "new.png")
    samples.text(root / "classes.txt", "background\nCAR\n")
    dialog = looked(opened, qtbot, root)
    assert dialog.choices().folder == opened.session.project.folder
    accept(dialog)
    wait_for(qtbot, lambda: "1 images with 1 shapes came in" in dialog.report.text)
    wait_for(qtbot, lambda: len(opened.session.items) == 5 and opened.session.jobs.idle)
    assert opened.session.table.names == ["_background_", "car"]
    dialog.reject()


def test_findings_of_one_project_never_touch_another(
    opened: MainWindow, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    plain = json.loads((folder / "p1.json").read_text())
    plain["shapes"].append({**plain["shapes"][0], "points": [[-9, -9], [-5, -9], [-5, -5]]})
    (folder / "p1.json").write_text(json.dumps(plain))
    opened.linting.check()
    dialog = opened.linting.dialog
    wait_for(qtbot, lambda: "1 findings" in dialog.text)
    findings = list(dialog._findings)
    samples.image(tmp_path / "other" / "p1.png", 120, 160)
    (tmp_path / "other" / "p1.json").write_text((folder / "p0.json").read_text())
    before = (tmp_path / "other" / "p1.json").read_bytes()
    opened.open_path(tmp_path / "other")
    wait_for(qtbot, lambda: opened.session.image is not None and opened.session.jobs.idle)
    assert opened.linting.dialog is None, "the dialog went with its project"
    opened.linting._mend(findings)
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    assert (tmp_path / "other" / "p1.json").read_bytes() == before


def test_a_second_check_shows_the_first_dialog_and_unreadable_files_are_counted(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.linting.check()
    dialog = opened.linting.dialog
    opened.linting.check()
    assert opened.linting.dialog is dialog
    wait_for(qtbot, lambda: "1 files could not be looked at" in dialog.text)
    dialog.reject()


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_strokes_drawn_while_labelme_is_open_are_not_thrown_away(
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
    monkeypatch.setattr(labelme_flow, "labelme_program", lambda: str(stand_in))
    opened.saving.set_autosave(False)
    opened.labelme.open()
    opened.labelme.open()
    assert "open already" in opened.messages.text
    wait_for(qtbot, lambda: opened.labelme._process is not None)
    document = opened.session.image.document
    document.begin()
    mask = np.ones((20, 20), bool)
    document.paint(1, Box(90, 90, 110, 110), mask)
    document.commit("stroke")
    opened.session.edited.emit()
    assert not opened.close(), "a window does not take labelme down with it"
    assert "labelme is still open" in opened.messages.text
    (tmp_path / "go").touch()
    wait_for(qtbot, lambda: not opened.labelme.running)
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    assert "you have drawn on it meanwhile" in opened.messages.text
    assert opened.session.image.document.plane[95, 95] == 1


def test_the_wheel_over_the_classes_changes_none_and_background_stays(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = looked(window, qtbot, samples.coco(tmp_path / "in" / "f.json", [{"bbox": [0, 0, 9, 9]}]))
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
    assert background.findText("(dropped)") < 0
    box.setCurrentText("lion")
    dialog._target.set_path(tmp_path / "elsewhere")
    wait_for(qtbot, lambda: window.session.jobs.idle and dialog.classes.rowCount() == 3)
    assert dialog.classes.mapping().names == {"cat": "lion"}, "a choice survives another look"
    dialog.reject()


def test_there_is_one_import_dialog_at_a_time(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    make_coco(tmp_path / "a")
    make_voc(tmp_path / "b")
    first = window.importing.open_dialog(tmp_path / "a")
    assert window.importing.open_dialog(tmp_path / "b") is first
    wait_for(qtbot, first.findChild(QDialogButtonBox).buttons()[0].isEnabled)
    wait_for(qtbot, lambda: window.session.jobs.idle)
    assert "PASCAL VOC" in first._found.text()
    assert first.choices().folder == tmp_path / "b-project", "the suggestion follows the source"
    assert "coco: it has no .json files" in first._found.toolTip()
    first.reject()


def test_enter_twice_imports_once_and_return_opens_a_row(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = looked(window, qtbot, samples.coco(tmp_path / "in" / "f.json", [{"bbox": [0, 0, 9, 9]}]))
    button = dialog.findChild(QDialogButtonBox).buttons()[0]
    assert button.isDefault()
    button.setFocus()
    for _ in range(2):
        QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)
    wait_for(qtbot, lambda: "1 images with 1 shapes came in" in dialog.report.text)
    wait_for(qtbot, lambda: window.session.image is not None)
    rows = dialog.report.findChild(QTreeWidget)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert dialog.isVisible(), "Return opens the row, it does not close the report"
    dialog.reject()


def test_a_fault_on_the_welcome_page_is_seen(window: MainWindow, tmp_path: Path) -> None:
    window.open_path(tmp_path / "nowhere")
    assert window.messages.isVisible()
    assert "no such file or folder" in window.messages.text


def test_a_chosen_colour_arrives_without_a_class_list_and_in_an_open_project(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    samples.image(tmp_path / "in" / "new.jpg")
    shape = {"label": "boat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    samples.text(tmp_path / "in" / "new.json", json.dumps({"shapes": [shape], "imagePath": "new.jpg"}))
    dialog = looked(opened, qtbot, tmp_path / "in")
    dialog.classes._colours["boat"] = (1, 2, 3)
    accept(dialog)
    wait_for(qtbot, lambda: "came in" in dialog.report.text and len(opened.session.items) == 5)
    wait_for(qtbot, lambda: opened.session.jobs.idle)
    table = opened.session.table
    assert table[table.id_of("boat")].colour == (1, 2, 3)
    dialog.reject()
