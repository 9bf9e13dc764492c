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
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QTreeWidget
from pytestqt.qtbot import QtBot

from segstudio.project.project import open_project
from segstudio.ui.dialogs.export_data import ExportDialog
from segstudio.ui.dialogs.import_data import ImportDialog
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.flows import labelme as labelme_flow
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
    assert "COCO: 1 pictures" in dialog._found.text()
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
    wait_for(qtbot, lambda: window.session.picture is not None)
    assert window.session.project.folder == tmp_path / "project"
    assert open_project(tmp_path / "project").table.names == ["_background_", "lion"]
    assert window.session.picture.document.plane[4, 4] == 1
    dialog.reject()
    assert not dialog.isVisible()


def test_a_row_of_the_report_opens_its_picture(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 40, "width": 50} for n in (1, 2)]
    path = samples.coco(tmp_path / "in" / "f.json", [{"image_id": 2, "bbox": [0, 0, 9, 9]}], images=images)
    for number in (1, 2):
        samples.picture(tmp_path / "in" / f"{number}.jpg")
    dialog = looked(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.session.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: window.session.picture is not None and window.session.jobs.idle)
    assert window.session.picture.item.name == "1.jpg"
    rows = dialog.report.findChild(QTreeWidget)
    rows.itemActivated.emit(rows.topLevelItem(0), 0)
    wait_for(qtbot, lambda: window.session.picture.item.name == "2.jpg")
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
        samples.picture(tmp_path / "in" / f"{number}.jpg")
    dialog = looked(window, qtbot, path)
    dialog._target.set_path(tmp_path / "project")
    wait_for(qtbot, lambda: window.session.jobs.idle)
    accept(dialog)
    wait_for(qtbot, lambda: len(list((tmp_path / "project").glob("*.jpg"))) > 3)
    dialog.reject()
    assert dialog.isVisible(), "it waits for the picture at hand"
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
    wait_for(qtbot, lambda: "2 pictures will be written" in dialog._summary.text())
    assert "2 have no labels" in dialog._summary.text() or "1 have no labels" in dialog._summary.text()
    accept(dialog)
    wait_for(qtbot, lambda: "2 pictures exported" in dialog.report.text)
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


def test_a_dropped_folder_of_pictures_is_opened(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    drop(window, folder)
    wait_for(qtbot, lambda: window.session.picture is not None)
    assert window.session.project.folder == folder
    drop(window, folder / "p1.png")
    wait_for(qtbot, lambda: window.session.picture is not None and window.session.picture.item.name == "p1.png")


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
    dialog.picture_asked.emit("p1.png")
    wait_for(qtbot, lambda: opened.session.picture.item.name == "p1.png" and opened.session.jobs.idle)
    dialog.tick_all()
    dialog.mend_asked.emit(dialog.ticked())
    wait_for(qtbot, lambda: "Nothing is left" in dialog.text)
    assert "1 mended" in dialog.text
    assert len(json.loads((folder / "p1.json").read_text())["shapes"]) == 1
    wait_for(qtbot, lambda: opened.session.picture is not None and opened.session.jobs.idle)
    assert opened.session.picture.item.name == "p1.png"
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
        "picture = pathlib.Path(sys.argv[1])\n"
        "assert sys.argv[2] == '--output' and sys.argv[4:] == ['--labels', 'car'], sys.argv\n"
        "path = pathlib.Path(sys.argv[3]) / (picture.stem + '.json')\n"
        "plain = json.loads(path.read_text())\n"
        "plain['shapes'].append({**plain['shapes'][0], 'points': [[100, 100], [140, 100], [140, 110]]})\n"
        "path.write_text(json.dumps(plain))",
    )
    monkeypatch.setattr(labelme_flow, "labelme_program", lambda: str(stand_in))
    assert opened.session.picture.item.name == "p0.png"
    opened.labelme.open()
    wait_for(qtbot, lambda: "taken back" in opened.messages.text)
    wait_for(qtbot, lambda: opened.session.picture is not None and opened.session.jobs.idle)
    assert len(opened.session.picture.document.annotation.shapes) == 2
    assert opened.session.picture.document.plane[102, 130] == 1
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
    samples.picture(root / "images" / "new.png")
    (root / "masks").mkdir()
    Image.fromarray(np.ones((40, 50), np.uint8)).save(root / "masks" / "new.png")
    samples.text(root / "classes.txt", "background\nCAR\n")
    dialog = looked(opened, qtbot, root)
    assert dialog.choices().folder == opened.session.project.folder
    accept(dialog)
    wait_for(qtbot, lambda: "1 pictures with 1 shapes came in" in dialog.report.text)
    wait_for(qtbot, lambda: len(opened.session.items) == 5 and opened.session.jobs.idle)
    assert opened.session.table.names == ["_background_", "car"]
    dialog.reject()
