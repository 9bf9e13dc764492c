"""What the window is about at this moment, and the signals by which its parts hear of changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from segstudio.app.layers import ENTROPY, Layers
from segstudio.app.open_image import OpenImage
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.document import Document, Region
from segstudio.core.metrics import Confusion
from segstudio.core.rules import Rules, gray_of
from segstudio.core.stroke import Marks
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project
from segstudio.tools.tool import Choice, Sight, Tool
from segstudio.tools.toolbox import all_tools
from segstudio.ui.jobs import Jobs

_LARGEST_RADIUS, _SMALLEST_RADIUS = 1000.0, 0.5


class Session(QObject):
    """State with no behaviour but telling of itself. Flows change it; panels and canvas show it."""

    project_changed = Signal()
    items_changed = Signal()
    states_changed = Signal(list)  # names
    image_changed = Signal()  # another image, or none
    region_changed = Signal(object)  # boxes of the open image whose labels changed
    edited = Signal()  # undo state or dirtiness may have changed
    acted = Signal()  # the tool in hand was used, or heard of a result
    marks_changed = Signal()  # objects were selected, locked or hidden
    classes_changed = Signal()
    choice_changed = Signal()  # tool, class, size or rules
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
        self.image: OpenImage | None = None
        self.choice = Choice()
        self.sight = Sight()
        self.rules = Rules()
        self.tools: dict[str, Tool] = all_tools(self.choice, self.sight)
        self.tool: Tool = self.tools["brush"]
        self.layers = Layers()
        self.run = ""  # the run whose model predicts
        self.scores: dict[str, Confusion] = {}
        self.uncertainties: dict[str, float] = {}
        self.training = False
        self.paused = False  # the training stands still

    @property
    def table(self) -> ClassTable:
        return self.project.table if self.project else ClassTable()

    @property
    def unlabelled(self) -> str:
        return self.project.unlabelled if self.project else "background"

    @property
    def document(self) -> Document | None:
        """Of the open image, if it may be drawn on."""
        return None if self.image is None or self.image.read_only else self.image.document

    @property
    def dirty(self) -> bool:
        return self.image is not None and self.image.dirty and not self.image.read_only

    @property
    def num_labelled(self) -> int:
        return sum(state.labelled for state in self.states.values())

    def set_project(self, project: Project) -> None:
        """Another folder."""
        self.project = project
        self.items, self.states, self.scores, self.run = [], {}, {}, ""
        self.uncertainties = {}
        self.choice.class_id = 1 if len(project.table) > 1 else 0
        self.choice.last_class_id = 0
        self.rules = replace(self.rules, locked=frozenset(), over_class=0, intensity=None)
        self.layers.forget_classes()
        self.layers.heat_of = ENTROPY
        self.set_image(None)
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
        if self.image is not None:
            self.image.document.set_table(project.table)
        if self.choice.class_id != IGNORE:
            self.choice.class_id = min(self.choice.class_id, len(project.table) - 1)
        self.classes_changed.emit()

    def set_items(self, items: Sequence[Item]) -> None:
        self.items = list(items)
        self.items_changed.emit()

    def set_states(self, states: Sequence[ItemState]) -> None:
        self.states.update((state.name, state) for state in states)
        self.states_changed.emit([state.name for state in states])

    def set_image(self, image: OpenImage | None) -> None:
        if self.image is not None:
            self.tool.cancel(self.image.document)
            self.image.document.on_change = lambda region: None
        self.image = image
        self.sight.image = None if image is None else image.levels[0]
        if image is not None:
            pixels = image.pixels
            image.document.on_change = self._on_change
            image.document.rules = self.rules
            image.document.intensities = lambda box: gray_of(pixels, box)
        self.image_changed.emit()
        self.edited.emit()
        self.marks_changed.emit()

    def choose(self, *, tool: str | None = None, class_id: int | None = None, radius_px: float | None = None) -> None:
        """Change what the hand holds."""
        if tool is not None and self.tools[tool] is not self.tool:
            if self.image is not None:
                self.tool.cancel(self.image.document)
            self.tool = self.tools[tool]
        if class_id is not None and class_id != self.choice.class_id:
            self.choice.last_class_id, self.choice.class_id = self.choice.class_id, class_id
        if radius_px is not None:
            self.choice.radius_px = min(_LARGEST_RADIUS, max(_SMALLEST_RADIUS, radius_px))
        self.choice_changed.emit()

    def set_option(self, name: str, value: object) -> None:
        """Another field of the choice, by its name."""
        setattr(self.choice, name, value)
        self.choice_changed.emit()

    def set_rules(self, rules: Rules) -> None:
        """From the next stroke on."""
        self.rules = rules
        if self.image is not None:
            self.image.document.rules = rules
        self.choice_changed.emit()

    def set_marks(self, marks: Marks) -> None:
        """Objects of the open image that are selected, locked and hidden."""
        if self.image is not None:
            self.image.document.marks = marks
            self.show_marks()

    def show_marks(self) -> None:
        """The document's marks, or the objects that they name, may have changed."""
        if self.image is not None:
            self.region_changed.emit(self.image.shown.refresh())
            self.marks_changed.emit()

    def is_current(self, project: Project) -> bool:
        """Whether a job that began in `project` still speaks of what is open."""
        return self.project is not None and self.project.folder == project.folder

    def set_training(self, training: bool, paused: bool = False) -> None:
        self.training, self.paused = training, paused
        self.training_changed.emit()

    def set_scores(self, run: str, scores: dict[str, Confusion]) -> None:
        """Matrices of the images under the model of `run`."""
        self.run, self.scores = run, scores
        self.scores_changed.emit()

    def _on_change(self, region: Region) -> None:
        if self.image is not None:
            self.image.shown.follow(region)
            for box in region:
                self.image.refresh_errors(box, self.unlabelled)
        self.region_changed.emit(region)
