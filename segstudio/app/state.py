"""The state of the program and who is told when it changes. No Qt: the window shows it, features change it.

Every change goes through a setter, and the setter emits the signal; nobody else emits it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from segstudio.app.image_cache import ImageCache
from segstudio.app.layers import UNCERTAINTY, Layers
from segstudio.app.open_image import OpenImage
from segstudio.app.signal import Signal
from segstudio.app.workspace import Workspace
from segstudio.core.box import Box
from segstudio.core.classes import IGNORE, ClassTable
from segstudio.core.document import Document, Region
from segstudio.core.history import Edit
from segstudio.core.metrics import ConfusionMatrix
from segstudio.core.painting_rules import Marks, PaintingRules, gray_of
from segstudio.core.prediction import Prediction, ProbabilityMap, mean_uncertainty
from segstudio.core.pyramid import Levels
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project
from segstudio.tools.options import ToolSettings
from segstudio.tools.tool import Pointer, Segmenter, Tool, ToolContext, ToolWork
from segstudio.tools.toolbox import START, all_tools

_LARGEST_RADIUS_PX, _SMALLEST_RADIUS_PX = 1000.0, 0.5


class State:
    """What is open, what is drawn with, what is shown, and what is known of the images."""

    def __init__(self, workspace: Workspace) -> None:
        self.project_changed: Signal[[]] = Signal()  # another folder
        self.items_changed: Signal[[]] = Signal()
        self.item_states_changed: Signal[[list[str]]] = Signal()  # their names
        self.classes_changed: Signal[[]] = Signal()
        self.image_changed: Signal[[]] = Signal()  # another image on the canvas, or none
        self.levels_changed: Signal[[]] = Signal()  # the open image through another window of values
        self.region_changed: Signal[[Region]] = Signal()  # boxes of the open image that look otherwise
        self.edited: Signal[[Edit]] = Signal()  # an edit of the open image was made, undone or redone
        self.marks_changed: Signal[[]] = Signal()  # objects were selected, locked or hidden
        self.tool_changed: Signal[[]] = Signal()  # tool, its settings, current class or painting rules
        self.tool_used: Signal[[]] = Signal()  # the active tool handled an event or a result
        self.layers_changed: Signal[[]] = Signal()
        self.visible_box_changed: Signal[[]] = Signal()
        self.prediction_changed: Signal[[]] = Signal()
        self.scores_changed: Signal[[]] = Signal()
        self.training_changed: Signal[[]] = Signal()
        self.workspace = workspace
        self.image_cache = ImageCache()
        self.project: Project | None = None
        self.items: list[Item] = []
        self.item_states: dict[str, ItemState] = {}
        self.image: OpenImage | None = None
        self.settings = ToolSettings()
        self.context = ToolContext()
        self.rules = PaintingRules()
        self.tools: dict[str, Tool] = all_tools(self.settings, self.context)
        self.tool: Tool = self.tools[START]
        self.layers = Layers()
        self.run = ""  # the run whose model predicts
        self.scores: dict[str, ConfusionMatrix] = {}
        self.uncertainties: dict[str, float] = {}
        self.training = False
        self.paused = False
        self.num_annotated = 0

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
    def unsaved(self) -> bool:
        """True if the open image has labels that are not in its file."""
        return self.image is not None and self.workspace.is_unsaved(self.image.item)

    @property
    def probability_map(self) -> ProbabilityMap | None:
        """(H, W) uint8 of the class or the uncertainty that the layers show; None without a prediction."""
        prediction = None if self.image is None else self.image.prediction
        if prediction is None:
            return None
        wanted = self.layers.probability_of
        if wanted in prediction.classes and len(prediction.probabilities):
            return prediction.probabilities[prediction.classes.index(wanted)]
        return prediction.entropy if wanted == UNCERTAINTY else None

    def is_current(self, project: Project) -> bool:
        """True if `project` is still the open project: a job began in it and reports now."""
        return self.project is not None and self.project.folder == project.folder

    def is_open(self, item: Item) -> bool:
        return self.image is not None and self.image.item == item

    # Project and items

    def set_project(self, project: Project) -> None:
        """Open another folder."""
        self.set_image(None)
        self.workspace.set_project(project)
        self.image_cache.clear()
        self.project = project
        self.items, self.item_states, self.scores, self.run = [], {}, {}, ""
        self.num_annotated = 0
        self.uncertainties = {}
        self.settings.class_id = 1 if len(project.table) > 1 else 0
        self.settings.last_class_id = 0
        self.rules = replace(self.rules, locked_classes=frozenset(), over_class=0, intensity=None)
        self.layers = self.layers.without_classes()
        self.project_changed.emit()
        self.items_changed.emit()
        self.classes_changed.emit()
        self.scores_changed.emit()

    def update_project(self, project: Project) -> None:
        """Other classes or choices for the same folder."""
        first_classes = len(self.table) < 2 <= len(project.table)
        self.project = project
        self.workspace.update_project(project)
        if first_classes and self.settings.class_id == 0:
            self.settings.class_id = 1
        if self.image is not None:
            self.image.document.set_table(project.table)
        if self.settings.class_id != IGNORE:
            self.settings.class_id = min(self.settings.class_id, len(project.table) - 1)
        self.classes_changed.emit()

    def set_items(self, items: Sequence[Item]) -> None:
        self.items = list(items)
        self.items_changed.emit()

    def set_item_states(self, states: Sequence[ItemState]) -> None:
        """What the files of some items say now."""
        for state in states:
            before = self.item_states.get(state.name)
            self.num_annotated += state.is_annotated - (before is not None and before.is_annotated)
            self.item_states[state.name] = state
        self.item_states_changed.emit([state.name for state in states])

    def set_scores(
        self, run: str, scores: dict[str, ConfusionMatrix], uncertainties: dict[str, float] | None = None
    ) -> None:
        """Confusion matrices of the images under the model of `run`, by name; uncertainties where they are given."""
        self.run, self.scores = run, scores
        if uncertainties is not None:
            self.uncertainties = uncertainties
        self.scores_changed.emit()

    def add_score(self, run: str, name: str, matrix: ConfusionMatrix | None, uncertainty: float | None = None) -> None:
        """One more image under the model of `run`; the scores of another run are dropped."""
        if uncertainty is not None:
            self.uncertainties[name] = uncertainty
        scores = self.scores if self.run == run else {}
        self.set_scores(run, scores if matrix is None else {**scores, name: matrix})

    def set_run(self, run: str) -> None:
        """Predict with another run from now on; the scores shown stay those of `set_scores`."""
        if run != self.run:
            self.run = run
            self.scores_changed.emit()

    def set_training(self, training: bool, paused: bool = False) -> None:
        self.training, self.paused = training, paused
        self.training_changed.emit()

    # The open image

    def set_image(self, image: OpenImage | None) -> None:
        """Put another image on the canvas; the one before is saved and kept by the Workspace."""
        self.save_image()
        if self.image is not None:
            before = self.image.document
            before.on_change, before.on_commit, before.on_marks = _ignore, _ignore, _ignore_none
        self.image = image
        self.context.image = None if image is None else image.levels[0]
        if image is None or self.project is None:
            self.workspace.leave()
        else:
            self.workspace.open(image, self.project)
            self.image_cache.add(image)
            self._follow(image)
            image.visible_labels.refresh()  # objects that were selected or hidden when it was left
        self.image_cache.drop_predictions(image)
        self._refresh_context()
        self._refresh_errors()
        self.image_changed.emit()
        self.marks_changed.emit()

    def save_image(self) -> None:
        """Close the open stroke and save the open image, before it is replaced or its files are read."""
        if self.image is not None and not self.image.read_only:
            self.tool.cancel(self.image.document)
            self.workspace.checkpoint()

    def set_levels(self, levels: Levels, window: tuple[int, int] | None) -> None:
        """Show the open image through another window of values."""
        if self.image is not None:
            self.image.set_levels(levels, window)
            self.context.image = levels[0]
            self.levels_changed.emit()

    def set_marks(self, marks: Marks) -> None:
        """Objects of the open image that are selected, locked and hidden."""
        if self.image is not None:
            self.image.document.marks = marks

    def set_prediction(self, prediction: Prediction | None, *, is_whole: bool = True) -> None:
        """A model's prediction of the open image, in the project's classes; of its size.

        Without `is_whole` it is one of the visible part only, and the image's uncertainty stays unknown.
        """
        if self.image is None:
            return
        self.image.set_prediction(prediction)
        if prediction is not None and is_whole:
            self.uncertainties[self.image.item.name] = mean_uncertainty(prediction)
        self._refresh_context()
        self._refresh_errors()
        self.prediction_changed.emit()

    # Drawing

    def choose(self, *, tool: str | None = None, class_id: int | None = None, radius_px: float | None = None) -> None:
        """Activate a tool, make a class the current one, or change the size of round tools."""
        if tool is not None and self.tools[tool] is not self.tool:
            if self.image is not None:
                self.tool.cancel(self.image.document)
            self.tool = self.tools[tool]
        if class_id is not None and class_id != self.settings.class_id:
            self.settings.last_class_id, self.settings.class_id = self.settings.class_id, class_id
        if radius_px is not None:
            self.settings.radius_px = min(_LARGEST_RADIUS_PX, max(_SMALLEST_RADIUS_PX, radius_px))
        self.tool_changed.emit()

    def set_option(self, name: str, value: object) -> None:
        """Change a field of the tool settings."""
        setattr(self.settings, name, value)
        self.tool_changed.emit()

    def set_rules(self, rules: PaintingRules) -> None:
        """Change the painting rules from the next stroke on."""
        self.rules = rules
        if self.image is not None:
            self.image.document.rules = rules
        self.tool_changed.emit()

    def set_segmenter(self, segmenter: Segmenter | None) -> None:
        """The model that answers to clicks on the open image."""
        self.context.segmenter = segmenter

    def set_visible_box(self, box: Box) -> None:
        """The part of the open image that is on the screen."""
        self.context.visible_box = box
        self.visible_box_changed.emit()

    def use_tool(self, method: Callable[..., object], pointer: Pointer | None = None) -> bool:
        """Let the active tool handle a pointer event, or a key where `pointer` is None; False if it did nothing."""
        document = self.document
        if document is None:
            return False
        answer = method(document) if pointer is None else method(document, pointer)
        self._finish_use()
        return answer is not False

    def finish_work(self, tool: Tool, document: Document, work: ToolWork, result: object) -> None:
        """Hand a result to the tool that asked for it; dropped if another image is open or another tool active."""
        if self.document is document and self.tool is tool:
            tool.work_done(document, work, result)
            self._finish_use()
        else:
            self.fail_work(tool, document, work)

    def fail_work(self, tool: Tool, document: Document, work: ToolWork) -> None:
        """Let the tool drop what it draws for work that gave no result."""
        tool.work_failed(document, work)
        self._finish_use()

    def undo(self) -> None:
        """Undo what is unfinished first: an open stroke, or the last point of a polygon; else the last edit."""
        if self.image is None:
            return
        document = self.image.document
        if document.has_open_stroke:
            self.tool.cancel(document)
        elif not self.tool.take_back(document):
            document.undo()
        self._finish_use()

    def redo(self) -> None:
        if self.image is not None:
            self.image.document.redo()
            self._finish_use()

    def _finish_use(self) -> None:
        """A drag may have replaced shapes that are selected or hidden, before it is committed."""
        self._refresh_visible()
        self.tool_used.emit()

    def set_layers(self, layers: Layers) -> None:
        """Change what is drawn over the image."""
        if layers != self.layers:
            self.layers = layers
            self._refresh_context()
            self._refresh_errors()
            self.layers_changed.emit()

    # Following the document

    def _follow(self, image: OpenImage) -> None:
        pixels, document = image.pixels, image.document
        document.on_change = self._on_change
        document.on_commit = self._on_commit
        document.on_marks = self._on_marks
        document.rules = self.rules
        document.intensities = lambda box: gray_of(pixels, box)

    def _on_change(self, region: Region) -> None:
        if self.image is not None:
            self.image.visible_labels.follow(region)
            for box in region:
                self.image.refresh_errors(box, self.unlabelled)
        self.region_changed.emit(region)

    def _on_commit(self, edit: Edit) -> None:
        if self.image is not None:
            self.workspace.edit(self.image.document.annotation)
            self._refresh_visible()
        self.edited.emit(edit)

    def _on_marks(self) -> None:
        if self.image is not None:
            self.workspace.set_marks(self.image.document.marks)
            self._refresh_visible()
        self.marks_changed.emit()

    def _refresh_visible(self) -> None:
        """Selection and hidden objects are drawn from planes of their own."""
        if self.image is not None:
            region = self.image.visible_labels.refresh()
            if region:
                self.region_changed.emit(region)

    def _refresh_errors(self) -> None:
        """Only when they are shown: comparing two planes is a pass over the image."""
        if self.image is not None and self.layers.errors.visible:
            self.image.compute_errors(self.unlabelled)

    def _refresh_context(self) -> None:
        prediction = None if self.image is None else self.image.prediction
        self.context.predicted = None if prediction is None else prediction.labels
        self.context.probability_map = self.probability_map


def _ignore(_: object) -> None:
    """A document that is not on the canvas tells nobody."""


def _ignore_none() -> None:
    """The same for marks."""
