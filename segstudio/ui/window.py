"""The main window: it makes the features and panels, places them and connects them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from segstudio.app.listing import Listing
from segstudio.app.state import State
from segstudio.ui.actions import Action, ActionSet
from segstudio.ui.canvas.navigator import Navigator
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.features.accept import AcceptFeature
from segstudio.ui.features.assist import AssistFeature
from segstudio.ui.features.classes import ClassesFeature
from segstudio.ui.features.drawing import DrawingFeature
from segstudio.ui.features.drop import DropFeature
from segstudio.ui.features.exporting import ExportFeature
from segstudio.ui.features.feature import FeatureContext, Refusals
from segstudio.ui.features.importing import ImportFeature
from segstudio.ui.features.labelme import LabelmeFeature
from segstudio.ui.features.lint import LintFeature
from segstudio.ui.features.objects import ObjectsFeature
from segstudio.ui.features.open import OpenFeature
from segstudio.ui.features.predict import PredictFeature
from segstudio.ui.features.read_ahead import ReadAheadFeature
from segstudio.ui.features.recovery import RecoveryFeature
from segstudio.ui.features.reshape import ReshapeFeature
from segstudio.ui.features.runs import RunsFeature
from segstudio.ui.features.save import SaveFeature
from segstudio.ui.features.selection import SelectionFeature
from segstudio.ui.features.shortcuts import ShortcutsFeature
from segstudio.ui.features.tool_work import ToolWorkFeature
from segstudio.ui.features.tools import ToolsFeature
from segstudio.ui.features.train import TrainFeature
from segstudio.ui.features.train_dialog import TrainDialogFeature
from segstudio.ui.features.view import ViewFeature
from segstudio.ui.jobs import Jobs
from segstudio.ui.menus import add_choice, add_toggle, digit_actions, place_menus, place_toolbar, place_tools
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.images import ImagesPanel
from segstudio.ui.panels.layers import LayersPanel
from segstudio.ui.panels.metrics import MetricsPanel
from segstudio.ui.panels.objects import ObjectsPanel
from segstudio.ui.panels.runs import RunsPanel
from segstudio.ui.panels.status import StatusBar
from segstudio.ui.panels.tool_strip import ToolStrip
from segstudio.ui.panels.training import TrainingPanel
from segstudio.ui.panels.view import ViewPanel
from segstudio.ui.panels.welcome import Welcome
from segstudio.ui.settings import Settings
from segstudio.ui.theme import apply_theme
from segstudio.ui.workspaces import Workspaces

_MESSAGE_TOP_PX = 44  # below the strip of tool options


class MainWindow(QMainWindow):
    """The canvas in the middle, docks around it, features behind the actions."""

    def __init__(self, state: State, jobs: Jobs, settings: Settings) -> None:
        super().__init__()
        self.state = state
        self.workspace = state.workspace
        self.jobs = jobs
        self.settings = settings
        self.messages = MessageBar()
        self.listing = Listing(state)
        self.canvas = Canvas(state)
        self._was_training = False
        self._make_features()
        self._make_panels()
        self._place_middle()
        self.actions_by_name = ActionSet(self._actions(), state, self)
        self.shortcuts.set_actions(self.actions_by_name)
        place_toolbar(self, self.actions_by_name)
        place_tools(self, self.actions_by_name)
        self._place_menus()
        self._connect_panels()
        self._connect_canvas()
        self._connect_state()
        self._retheme()
        self._show_title()
        self.docks.restore()

    def open_path(self, path: Path) -> None:
        self.opening.open_path(path)

    def set_theme(self, theme: str) -> None:
        """system, light or dark."""
        self.settings.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_by_name"):
            self._retheme()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save, ask only if something could not be saved, then stop what runs."""
        if self.labelme.running:
            text = self.tr("labelme is still open, and would end with this window.")
            self.messages.warn(text, Remedy(self.tr("Close labelme"), self.labelme.stop))
            event.ignore()
            return
        self.state.save_image()
        self.jobs.drain_queue()
        unsaved = self.workspace.unsaved_names
        if unsaved and not self._agrees_to_lose(unsaved):
            event.ignore()
            return
        if self.state.training:
            self.messages.warn(self.tr("Saving the training …"))
        self.jobs.close()
        self.workspace.close()
        self.docks.store()
        super().closeEvent(event)

    def _agrees_to_lose(self, names: list[str]) -> bool:
        answer = QMessageBox.warning(
            self,
            self.tr("Not saved"),
            self.tr("The labels of {} are not saved. Close anyway and lose them?").format(", ".join(names)),
            QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Discard

    def _make_features(self) -> None:
        refuse = Refusals(self.state, self)
        context = FeatureContext(self.state, self.jobs, self.messages, self.settings, self, refuse)
        self.saving = SaveFeature(context)
        self.opening = OpenFeature(context, self.listing)
        self.recovery = RecoveryFeature(context)
        self.reading_ahead = ReadAheadFeature(context)
        self.drawing = DrawingFeature(context)
        self.tools = ToolsFeature(context)
        self.classing = ClassesFeature(context)
        self.objects_feature = ObjectsFeature(context)
        self.reshaping = ReshapeFeature(context, self.objects_feature)
        self.selecting = SelectionFeature(context, self.objects_feature, self.canvas)
        self.viewing = ViewFeature(context, self.canvas)
        self.predicting = PredictFeature(context)
        self.accepting = AcceptFeature(context, self.predicting)
        self.training = TrainFeature(context, self.predicting)
        self.train_dialog = TrainDialogFeature(context, self.training)
        self.running = RunsFeature(context, self.training, self.train_dialog, self.predicting)
        self.exporting = ExportFeature(context, self.opening)
        self.importing = ImportFeature(context, self.opening)
        self.linting = LintFeature(context, self.opening)
        self.labelme = LabelmeFeature(context, self.opening)
        self.dropping = DropFeature(context, self.opening, self.importing)
        self.assisting = AssistFeature(context)
        self.tool_work = ToolWorkFeature(context, self.assisting)
        self.shortcuts = ShortcutsFeature(context)

    def _actions(self) -> tuple[Action, ...]:
        """Of all features; the menus show them in this order."""
        no_project = Refusals(self.state, self).no_project
        return (
            *self.opening.actions(),
            *self.saving.actions(),
            *self.importing.actions(),
            *self.exporting.actions(),
            *self.labelme.actions(),
            *self.recovery.actions(),
            Action("quit", self.tr("Quit"), "Ctrl+Q", self.close, "File"),
            *self.drawing.actions(),
            *self.classing.actions(),
            *self.linting.actions(),
            *self.shortcuts.edit_actions(),
            *self.objects_feature.copy_actions(),
            *self.selecting.select_actions(),
            *self.objects_feature.actions(),
            *self.reshaping.actions(),
            *self.selecting.actions(),
            *self.tools.actions(),
            *self.drawing.tool_actions(),
            *self.classing.tool_actions(),
            *self.opening.view_actions(),
            Action("filter", self.tr("Filter images"), "Ctrl+L", self.focus_filter, "View", refusal=no_project),
            *self.viewing.actions(),
            *self.classing.view_actions(),
            *self.docks.actions(),
            *self.training.actions(),
            *self.running.actions(),
            *self.predicting.actions(),
            *self.accepting.actions(),
            *self.shortcuts.actions(),
        )

    def focus_filter(self) -> None:
        self.docks.show_dock("images")
        self.images.focus_filter()

    def _make_panels(self) -> None:
        self.images = ImagesPanel(self.state, self.listing, self.jobs)
        self.classes = ClassesPanel(self.state)
        self.objects = ObjectsPanel(self.state)
        self.metrics = MetricsPanel(self.state)
        self.training_panel = TrainingPanel(self.state)
        self.runs_panel = RunsPanel(self.state)
        layers, view = LayersPanel(self.state), ViewPanel(self.state, self.viewing)
        drawn = (self.images, self.classes, self.objects, layers, view)
        self.docks = Workspaces(self, (*drawn, self.metrics, self.training_panel, self.runs_panel), self.settings)
        self.status = StatusBar(self.state)
        self.welcome = Welcome()

    def _place_middle(self) -> None:
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(ToolStrip(self.state, self.assisting))
        layout.addWidget(self.canvas, 1)
        self._navigator = Navigator(self.state, self.canvas)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(work)
        middle = QWidget()
        whole = QVBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._stack, 1)
        self.messages.float_over(middle, _MESSAGE_TOP_PX)
        self.setCentralWidget(middle)
        self.setStatusBar(self.status)

    def _place_menus(self) -> None:
        menus = place_menus(self, self.actions_by_name)
        self.canvas.input.menu_asked.connect(lambda place: menus["Object"].popup(place))
        autosave = add_toggle(
            menus["File"], self.tr("Save automatically"), self.settings.autosave, self.actions_by_name["export"]
        )
        autosave.toggled.connect(self.saving.set_autosave)
        self._place_view_menu(menus["View"])
        digit_actions(self).triggered.connect(lambda action: self.drawing.choose_class(action.data()))

    def _place_view_menu(self, menu: QMenu) -> None:
        menu.addSeparator()
        menu.addMenu(self.tr("Panels")).addActions(self.docks.toggles())
        menu.addAction(self.tr("Reset layout")).triggered.connect(self.docks.reset)
        themes = {"system": self.tr("Same as system"), "light": self.tr("Light"), "dark": self.tr("Dark")}
        group = add_choice(menu.addMenu(self.tr("Theme")), self.settings.theme, themes)
        group.triggered.connect(lambda action: self.set_theme(action.data()))

    def _connect_panels(self) -> None:
        self.images.left.connect(self.canvas.setFocus)
        self.images.chosen.connect(self.opening.open_item)
        self.classes.chosen.connect(lambda class_id: self.state.choose(class_id=class_id))
        self.classes.renamed.connect(self._rename_class)
        self.classes.colour_asked.connect(self.classing.ask_colour)
        self.classes.visibility_toggled.connect(self.classing.toggle_visible)
        self.classes.solo_toggled.connect(self.classing.toggle_solo)
        self.classes.lock_toggled.connect(self.classing.toggle_lock)
        self.classes.add_asked.connect(self.classing.ask_add)
        self.training_panel.start_asked.connect(self.training.request)
        self.training_panel.stop_asked.connect(self.training.stop)
        self.training_panel.pause_asked.connect(self.training.pause)
        self.training.waiting.connect(self.training_panel.show_waiting)
        self.training.stopping.connect(self.training_panel.show_stopping)
        self.training.failed.connect(self.training_panel.show_failure)
        self.training.reported.connect(self.training_panel.show_event)
        self.training.reported.connect(self.status.show_event)
        self.running.connect_panel(self.runs_panel)
        self.objects.delete_asked.connect(self.objects_feature.delete)
        self.objects.shown.connect(lambda shape: self.canvas.centre_on(*shape.box.centre))
        self.welcome.open_asked.connect(self.opening.choose_folder)
        self.welcome.import_asked.connect(self.importing.choose)

    def _connect_canvas(self) -> None:
        self.canvas.input.pointed.connect(self.status.show_pointer)
        self.canvas.input.pointed.connect(self._on_pointed)
        self.canvas.input.refused.connect(self.drawing.refuse_drawing)
        self.canvas.input.nudged.connect(self.selecting.nudge_or_pan)
        self.canvas.input.delete_asked.connect(self.objects_feature.delete_selected)
        self.canvas.zoomed.connect(self.status.show_zoom)

    def _connect_state(self) -> None:
        self.jobs.failed.connect(lambda error: self.messages.warn(str(error)))
        self.objects_feature.previous_item = self.opening.previous_item
        self.reading_ahead.neighbours = self.opening.neighbours
        self.reading_ahead.fetched.connect(lambda _: self.assisting.encode_ahead(self.reading_ahead.read_neighbours()))
        self.opening.listed.connect(self.recovery.search)
        self.state.project_changed.connect(self._on_project)
        self.state.image_changed.connect(self._show_title)
        self.state.training_changed.connect(self._on_training)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    def _rename_class(self, class_id: int, name: str) -> None:
        if not self.classing.rename(class_id, name):
            self.classes.rebuild()  # show the old name again

    def _on_project(self) -> None:
        self._stack.setCurrentIndex(1 if self.state.project else 0)
        self.canvas.setFocus()
        self._show_title()

    def _on_pointed(self, at: tuple[float, float] | None) -> None:
        self.drawing.pointed_at = at

    def _on_training(self) -> None:
        """Show the panel when a training starts, not again at every pause."""
        if self.state.training and not self._was_training:
            self.docks.show_dock("training")
        self._was_training = self.state.training

    def _show_title(self) -> None:
        parts = [self.state.image.item.name] if self.state.image else []
        parts += [self.state.project.folder.name] if self.state.project else []
        self.setWindowTitle(" – ".join([*parts, "segstudio"]))

    def _on_system_theme(self) -> None:
        if self.settings.theme == "system":
            self.set_theme("system")

    def _retheme(self) -> None:
        self.actions_by_name.set_icons()
        self.welcome.retheme()
        self.messages.retheme()
        self.classes.rebuild()
        self.objects.retheme()
        self.training_panel.retheme()
        self.runs_panel.retheme()
