"""Usage: python -m tests.journey.data SHARED OUT SCREENSHOTS   (needs a DISPLAY)

Imports a COCO file with mouse and keys, walks from the report to an image, exports YOLO and VOC, checks the
labels and fixes the findings. Each step is asserted and leaves a screenshot.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLineEdit, QPushButton, QTreeWidget

from segstudio.project.project import open_project
from tests.journey.__main__ import Journey
from tests.journey.mouse import click, key, spin_until, write, xdotool


class DataJourney(Journey):
    """The dialogs of import, export and label checks."""

    def dialog(self, kind: type[QDialog] | None = None) -> QDialog:
        """The dialog in front, with the keyboard."""
        spin_until(lambda: self._open_dialog() is not None, "a dialog")
        found = self._open_dialog()
        assert found is not None
        spin_until(found.windowHandle().isExposed, "the dialog on the screen")
        xdotool("windowfocus", int(found.winId()))
        found.activateWindow()
        return found

    def _open_dialog(self) -> QDialog | None:
        return next((each for each in self.window.findChildren(QDialog) if each.isVisible()), None)

    def front(self) -> None:
        """Focus the window: without a window manager nobody else does."""
        xdotool("windowfocus", int(self.window.winId()))
        self.window.activateWindow()

    def button(self, dialog: QDialog, text: str) -> None:
        found = next(b for b in dialog.findChildren(QPushButton) if b.text().replace("&", "") == text)
        spin_until(lambda: found.isEnabled() and found.isVisible(), f"the button {text}")
        click(found)

    def field(self, dialog: QDialog, name: str, text: str) -> None:
        line = next(f for f in dialog.findChildren(QLineEdit) if f.accessibleName() == name)
        click(line)
        key("ctrl+a")
        write(text)
        key("Tab")

    def import_coco(self, source: Path, project: Path) -> None:
        self.shot("data-1-welcome")
        key("ctrl+i")
        dialog = self.dialog()
        self.shot("data-2-import-empty")
        self.field(dialog, "Dataset", str(source))
        go = dialog.findChild(QDialogButtonBox).buttons()[0]
        spin_until(lambda: go.isEnabled() and self.window.jobs.idle, "the preview")
        self.field(dialog, "Project folder", str(project))
        spin_until(lambda: go.isEnabled() and self.window.jobs.idle, "the second preview")
        self.shot("data-3-import-preview")
        self.button(dialog, "Import")
        spin_until(lambda: "were imported" in dialog.report.text, "the import's end")
        self.shot("data-4-import-report")
        self.button(dialog, "Close")
        spin_until(lambda: self.window.state.image is not None, "the first image")
        self.shot("data-5-imported")

    def export(self, format_name: str, folder: Path) -> None:
        self.front()
        key("ctrl+e")
        dialog = self.dialog()
        dialog.set_format(format_name)
        self.field(dialog, "New folder", str(folder))
        spin_until(lambda: self.window.jobs.idle, "the plan")
        self.shot(f"data-6-export-{format_name}")
        self.button(dialog, "Export")
        spin_until(lambda: "exported" in dialog.report.text, "the export's end")
        self.shot(f"data-7-export-{format_name}-report")
        rows = dialog.report.findChild(QTreeWidget)
        if rows.topLevelItemCount():
            name = rows.topLevelItem(rows.topLevelItemCount() - 1).text(0)
            rows.setCurrentItem(rows.topLevelItem(rows.topLevelItemCount() - 1))
            rows.setFocus()
            key("Return")
            spin_until(lambda: self.window.state.image.item.name == name, "the image of the report's row")
        self.button(dialog, "Close")

    def check_labels(self) -> None:
        self.front()
        key("F8")
        dialog = self.dialog()
        spin_until(lambda: "findings" in dialog.text, "the findings")
        self.shot("data-8-check")
        self.button(dialog, "Select all")
        self.button(dialog, "Fix selected")
        spin_until(lambda: "fixed" in dialog.text, "the fixes", 60)
        self.shot("data-9-fixed")
        assert "No findings are left" in dialog.text, dialog.text
        self.button(dialog, "Close")


def main(shared: Path, out: Path, screenshots: Path) -> None:
    app = QApplication(sys.argv[:1])
    shutil.copytree(shared / "interop" / "isat_coco_tiny", out / "source", copy_function=shutil.copyfile)
    journey = DataJourney(app, screenshots)
    journey.import_coco(out / "source" / "coco_tiny.json", out / "project")
    project = open_project(out / "project")
    assert len(list(project.items())) == 5
    assert project.table.names[1] == "person"
    journey.export("yolo", out / "yolo")
    assert (out / "yolo" / "data.yaml").is_file()
    journey.export("voc", out / "voc")
    assert len(list((out / "voc" / "SegmentationClass").glob("*.png"))) == 5
    journey.window.set_theme("dark")
    spoil(out / "project")
    journey.window.open_path(out / "project")
    spin_until(lambda: journey.window.state.image is not None, "the project again")
    spin_until(lambda: journey.window.jobs.idle, "the list")
    journey.check_labels()
    dark_import(journey, out / "source" / "isat")
    assert journey.window.close()
    print("arrived")


def dark_import(journey: DataJourney, source: Path) -> None:
    """The import dialog in the dark theme, for a dataset with many classes, into the open project."""
    journey.front()
    key("ctrl+i")
    dialog = journey.dialog()
    journey.field(dialog, "Dataset", str(source))
    spin_until(lambda: dialog.classes.rowCount() > 5 and journey.window.jobs.idle, "the look")
    journey.shot("data-10-import-dark")
    key("Escape")


def spoil(project: Path) -> None:
    """Add an empty shape, a sliver, labels of another size, and duplicate images."""
    path = sorted(project.glob("*.json"))[0]
    plain = json.loads(path.read_text())
    for points in ([[-50, -50], [-40, -50], [-40, -40]], [[5, 5], [90, 5], [90, 6]]):
        plain["shapes"].append({**plain["shapes"][0], "points": points, "group_id": None, "shape_type": "polygon"})
    path.write_text(json.dumps(plain))
    second = sorted(project.glob("*.json"))[1]
    plain = json.loads(second.read_text())
    plain["imageHeight"], plain["imageWidth"] = plain["imageHeight"] * 2, plain["imageWidth"] * 2
    second.write_text(json.dumps(plain))
    image = path.with_suffix(".jpg")
    for number in range(8):
        shutil.copyfile(image, project / f"copy_{number}.jpg")
        shutil.copyfile(path, project / f"copy_{number}.json")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
