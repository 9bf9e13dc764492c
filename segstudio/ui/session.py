"""What the window is about at this moment, and the signals by which its parts hear of changes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.document import Region
from segstudio.core.metrics import Confusion
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project
from segstudio.tools.brush import Brush
from segstudio.tools.eraser import Eraser
from segstudio.tools.polygon import Polygon
from segstudio.tools.tool import Choice, Tool
from segstudio.ui.jobs import Jobs
from segstudio.ui.layers import ENTROPY, Layers
from segstudio.ui.picture import OpenPicture


class Session(QObject):
    """State with no behaviour but telling of itself. Flows change it; panels and canvas show it."""

    project_changed = Signal()
    items_changed = Signal()
    states_changed = Signal(list)  # names
    picture_changed = Signal()  # another picture, or none
    region_changed = Signal(object)  # boxes of the open picture whose labels changed
    edited = Signal()  # undo state or dirtiness may have changed
    classes_changed = Signal()
    choice_changed = Signal()  # tool, class or size
    layers_changed = Signal()
    prediction_changed = Signal()
    scores_changed = Signal()
    training_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs(self)
        self.project: Project | None = None
        self.items: list[Item] = []
        self.states: dict[str, ItemState] = {}
        self.picture: OpenPicture | None = None
        self.choice = Choice()
        self.tools: dict[str, Tool] = {
            tool.name: tool for tool in (Brush(self.choice), Eraser(self.choice), Polygon(self.choice))
        }
        self.tool: Tool = self.tools["brush"]
        self.layers = Layers()
        self.run = ""  # the run whose model predicts
        self.scores: dict[str, Confusion] = {}
        self.training = False

    @property
    def table(self) -> ClassTable:
        return self.project.table if self.project else ClassTable()

    @property
    def unlabelled(self) -> str:
        return self.project.unlabelled if self.project else "background"

    @property
    def can_undo(self) -> bool:
        return self.picture is not None and self.picture.document.history.undo_name is not None

    @property
    def can_redo(self) -> bool:
        return self.picture is not None and self.picture.document.history.redo_name is not None

    @property
    def dirty(self) -> bool:
        return self.picture is not None and self.picture.dirty and not self.picture.read_only

    @property
    def can_train(self) -> bool:
        return self.num_labelled > 0 and not self.training

    @property
    def num_labelled(self) -> int:
        return sum(state.labelled for state in self.states.values())

    def set_project(self, project: Project) -> None:
        """Another folder."""
        self.project = project
        self.items, self.states, self.scores, self.run = [], {}, {}, ""
        self.choice.class_id = 1 if len(project.table) > 1 else 0
        self.layers.hidden.clear()
        self.layers.heat_of = ENTROPY
        self.set_picture(None)
        self.project_changed.emit()
        self.items_changed.emit()
        self.classes_changed.emit()
        self.scores_changed.emit()

    def update_project(self, project: Project) -> None:
        """Other choices for the same folder."""
        first_classes = len(self.table) < 2 <= len(project.table)
        self.project = project
        if first_classes and self.choice.class_id == 0:
            self.choice.class_id = 1
        if self.picture is not None:
            self.picture.document.set_table(project.table)
        if self.choice.class_id != IGNORE:
            self.choice.class_id = min(self.choice.class_id, len(project.table) - 1)
        self.classes_changed.emit()

    def set_items(self, items: Sequence[Item]) -> None:
        self.items = list(items)
        self.items_changed.emit()

    def set_states(self, states: Sequence[ItemState]) -> None:
        self.states.update((state.name, state) for state in states)
        self.states_changed.emit([state.name for state in states])

    def set_picture(self, picture: OpenPicture | None) -> None:
        if self.picture is not None:
            self.tool.cancel(self.picture.document)
            self.picture.document.on_change = lambda region: None
        self.picture = picture
        if picture is not None:
            picture.document.on_change = self._on_change
        self.picture_changed.emit()
        self.edited.emit()

    def choose(self, *, tool: str | None = None, class_id: int | None = None, radius_px: float | None = None) -> None:
        """Change what the hand holds."""
        if tool is not None and self.tools[tool] is not self.tool:
            if self.picture is not None:
                self.tool.cancel(self.picture.document)
            self.tool = self.tools[tool]
        if class_id is not None:
            self.choice.class_id = class_id
        if radius_px is not None:
            self.choice.radius_px = min(1000.0, max(0.5, radius_px))
        self.choice_changed.emit()

    def is_current(self, project: Project) -> bool:
        """Whether a job that began in `project` still speaks of what is open."""
        return self.project is not None and self.project.folder == project.folder

    def set_training(self, training: bool) -> None:
        self.training = training
        self.training_changed.emit()

    def set_scores(self, run: str, scores: dict[str, Confusion]) -> None:
        """Matrices of the pictures under the model of `run`."""
        self.run, self.scores = run, scores
        self.scores_changed.emit()

    def _on_change(self, region: Region) -> None:
        if self.picture is not None:
            for box in region:
                self.picture.refresh_errors(box, self.unlabelled)
        self.region_changed.emit(region)
