"""Saving: automatically after every change, at once when asked, as a copy, and the ways out of a conflict."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog

from segstudio.core.annotation import Annotation
from segstudio.errors import ChangedError, SegstudioError
from segstudio.project.item import Item
from segstudio.project.store import state_of, write_copy
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.messages import Remedy


class SaveFeature(Feature):
    """Runs the Workspace's timers and shows what it reports."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.workspace.run_due)
        self.workspace.set_autosave(self.settings.autosave)
        self.workspace.scheduled.connect(self._schedule)
        self.workspace.saved.connect(self._on_saved)
        self.workspace.failed.connect(self._on_failed)

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "save", self.tr("Save"), "Ctrl+S", self.workspace.save_now, "File", "save",
                refusal=self.refuse.nothing_to_save,
            ),
            Action(
                "save_as", self.tr("Save as…"), "Ctrl+Shift+S", self.ask_copy, "File",
                refusal=self.refuse.not_writable,
            ),
        )  # fmt: skip

    def set_autosave(self, on: bool) -> None:
        self.settings.autosave = on
        self.workspace.set_autosave(on)

    def ask_copy(self) -> None:
        """Ask for a file and write the open image's labels to it."""
        if self.state.image is not None:
            self.ask_copy_of(self.state.image.item)

    def ask_copy_of(self, item: Item) -> None:
        start = str(Path.home() / item.annotation_path.name)
        name, _ = QFileDialog.getSaveFileName(self.window, self.tr("Save labels as"), start, "labelme (*.json)")
        if name:
            self.write_copy(item, Path(name))

    def write_copy(self, item: Item, path: Path) -> None:
        """Write a copy; the image stays as unsaved as it was. Over the image's own file it is a save."""
        if path.absolute() == item.annotation_path.absolute():
            self.workspace.keep_mine(item)
            return
        annotation, table = self.workspace.annotation(item), self.state.table
        if annotation is None:
            return

        def events() -> Iterator[Path]:
            yield write_copy(path, item, annotation, table)

        self.jobs.start(events, lambda written: self.messages.inform(self.tr("Written to {}.").format(written)))

    def _schedule(self) -> None:
        due_s = self.workspace.due_s()
        if due_s is None:
            self._timer.stop()
        else:
            self._timer.start(max(0, round(1000 * (due_s - time.monotonic())) + 1))

    def _on_saved(self, item: Item, annotation: Annotation) -> None:
        if item in self.state.items:
            self.state.set_item_states([state_of(item.name, annotation)])

    def _on_failed(self, item: Item, error: SegstudioError) -> None:
        save_as = Remedy(self.tr("Save as…"), lambda: self.ask_copy_of(item))
        if isinstance(error, ChangedError):
            take = Remedy(self.tr("Take the file's version"), lambda: self.workspace.discard(item))
            keep = Remedy(self.tr("Keep mine"), lambda: self.workspace.keep_mine(item))
            self.messages.warn(str(error), take, keep, save_as)
        else:
            self.messages.warn(str(error), Remedy(self.tr("Retry"), self.workspace.retry), save_as)
