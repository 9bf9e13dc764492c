"""What every feature is given, and the reasons why an action cannot run now."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from segstudio.app.state import State
from segstudio.ui.actions import Action
from segstudio.ui.jobs import Jobs
from segstudio.ui.messages import MessageBar
from segstudio.ui.settings import Settings


class Refusals(QObject):
    """Each method gives "" or the reason, in one sentence, why an action cannot run now."""

    def __init__(self, state: State, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state

    def no_project(self) -> str:
        return "" if self._state.project is not None else self.tr("Open a folder of images first.")

    def no_image(self) -> str:
        return "" if self._state.image is not None else self.tr("Open an image first.")

    def not_writable(self) -> str:
        if self._state.image is not None and self._state.image.read_only:
            return self.tr("This image is read-only: its label file cannot be read.")
        return self.no_image()

    def nothing_selected(self) -> str:
        return self.not_writable() or ("" if self._num_selected() else self.tr("Select an object first."))

    def fewer_than_two(self) -> str:
        enough = self._num_selected() >= 2
        return self.not_writable() or ("" if enough else self.tr("Select at least two objects first."))

    def selection_too_small(self, least: int) -> str:
        """Why `least` objects cannot be changed, for when fewer unlocked ones are selected."""
        refusal = self.fewer_than_two() if least > 1 else self.nothing_selected()
        return refusal or self.tr("The selected objects are locked.")

    def nothing_to_undo(self) -> str:
        image = self._state.image
        known = image is not None and image.document.history.undo_name is not None
        return "" if known else self.tr("There is nothing to undo.")

    def nothing_to_redo(self) -> str:
        image = self._state.image
        known = image is not None and image.document.history.redo_name is not None
        return "" if known else self.tr("There is nothing to redo.")

    def no_prediction(self) -> str:
        if self._state.context.predicted is None:
            return self.no_image() or self.tr("Predict this image first.")
        return ""

    def no_prediction_to_accept(self) -> str:
        return self.not_writable() or self.no_prediction()

    def cannot_train(self) -> str:
        if self._state.training:
            return self.tr("A training is running.")
        if not self._state.num_annotated:
            return self.no_project() or self.tr("Label at least one image first.")
        return ""

    def not_training(self) -> str:
        return "" if self._state.training else self.tr("No training is running.")

    def nothing_to_save(self) -> str:
        return "" if self._state.unsaved else self.no_image() or self.tr("Everything is saved.")

    def _num_selected(self) -> int:
        document = self._state.document
        return 0 if document is None else len(document.marks.selected)


@dataclass(frozen=True)
class FeatureContext:
    """What the features share."""

    state: State
    jobs: Jobs
    messages: MessageBar
    settings: Settings
    window: QWidget
    refuse: Refusals


class Feature(QObject):
    """One thing that the user can do, with its actions."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context.window)
        self.state = context.state
        self.workspace = context.state.workspace
        self.jobs = context.jobs
        self.messages = context.messages
        self.settings = context.settings
        self.window = context.window
        self.refuse = context.refuse

    def actions(self) -> tuple[Action, ...]:
        """In the order in which the menus show them."""
        return ()
