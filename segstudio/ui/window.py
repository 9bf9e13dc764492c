"""The main window: it makes the parts, puts them in their places and connects them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from segstudio.ui.actions import build_actions, set_icons
from segstudio.ui.canvas.navigator import Navigator
from segstudio.ui.canvas.panes import visible_box
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.features.accept import AcceptFlow
from segstudio.ui.features.annotate import AnnotateFlow
from segstudio.ui.features.assist import AssistFlow
from segstudio.ui.features.classes import ClassesFlow
from segstudio.ui.features.display import DisplayFlow
from segstudio.ui.features.drop import DropFlow
from segstudio.ui.features.export import ExportFlow
from segstudio.ui.features.export_model import ExportModelFlow
from segstudio.ui.features.intake import ImportFlow
from segstudio.ui.features.journal import JournalFlow
from segstudio.ui.features.keys import KeysFlow
from segstudio.ui.features.labelme import LabelmeFlow
from segstudio.ui.features.lint import LintFlow
from segstudio.ui.features.marking import MarkingFlow
from segstudio.ui.features.objects import ObjectsFlow
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.predict import PredictFlow
from segstudio.ui.features.prefetch import PrefetchFlow
from segstudio.ui.features.previous import PreviousFlow
from segstudio.ui.features.reshape import ReshapeFlow
from segstudio.ui.features.runs import RunsFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.features.save_as import SaveAsFlow
from segstudio.ui.features.seeing import SeeingFlow
from segstudio.ui.features.stacking import StackingFlow
from segstudio.ui.features.survey import SurveyFlow
from segstudio.ui.features.tooling import ToolingFlow
from segstudio.ui.features.train import TrainFlow
from segstudio.ui.features.train_ask import TrainAskFlow
from segstudio.ui.keymap import Keymap
from segstudio.ui.menus import add_choice, add_toggle, digit_actions, place_menus, place_toolbar, place_tools
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.display import DisplayPanel, scrolled
from segstudio.ui.panels.images import ImagesPanel
from segstudio.ui.panels.layers import LayersPanel
from segstudio.ui.panels.metrics import MetricsPanel
from segstudio.ui.panels.objects import ObjectsPanel
from segstudio.ui.panels.runs import RunsPanel
from segstudio.ui.panels.status import StatusBar
from segstudio.ui.panels.tool_strip import ToolStrip
from segstudio.ui.panels.training import TrainingPanel
from segstudio.ui.panels.welcome import Welcome
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings
from segstudio.ui.theme import apply_theme
from segstudio.ui.workspaces import Workspaces

_MESSAGE_TOP_PX = 44  # below the strip of the tool in hand


class MainWindow(QMainWindow):
    """The canvas in the middle, docks around it, flows behind the actions."""

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self.session = session
        self.settings = settings
        self.messages = MessageBar()
        self._was_training = False
        self.canvas = Canvas(session)
        self._make_flows()
        self._make_panels()
        self._place_middle()
        self.actions_by_name = build_actions(session, self, self._flows())
        self.keys.actions = self.actions_by_name
        self.keys.apply()
        place_toolbar(self, self.actions_by_name)
        place_tools(self, self.actions_by_name)
        self._place_menus()
        self._wire_panels()
        self._wire_session()
        self._retheme()
        self._show_title()
        self.workspaces.restore()

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
        """Write what is to be written, ask only if something could not be, then stop what runs."""
        if self.labelme.running:
            text = self.tr("labelme is still open, and would end with this window.")
            self.messages.warn(text, Remedy(self.tr("Close labelme"), self.labelme.stop))
            event.ignore()
            return
        self.saving.leave()
        self.session.jobs.drain_queue()
        if self.saving.unsaved_names and not self._agrees_to_lose(self.saving.unsaved_names):
            event.ignore()
            return
        if self.session.training:
            self.messages.warn(self.tr("Saving the training …"))
        self.session.jobs.close()
        self.journaling.close()
        self.workspaces.remember()
        super().closeEvent(event)

    def _agrees_to_lose(self, names: list[str]) -> bool:
        answer = QMessageBox.warning(
            self,
            self.tr("Not saved"),
            self.tr("The labels of {} are not saved. Close all the same and lose them?").format(", ".join(names)),
            QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Discard

    def _make_flows(self) -> None:
        session, messages = self.session, self.messages
        self.saving = SaveFlow(session, messages, self.settings)
        self.opening = OpenFlow(session, self.saving, messages, self.settings, self)
        self.annotating = AnnotateFlow(session, messages)
        self.classing = ClassesFlow(session, self.saving, messages, self)
        self.predicting = PredictFlow(session, messages)
        self.training = TrainFlow(session, self.saving, self.predicting, messages, self)
        self.training.visible_box = lambda: visible_box(session, self.canvas.view, self.canvas.size())
        self.asking = TrainAskFlow(session, self.training, self)
        self.exporting_model = ExportModelFlow(session, messages, self)
        self.running = RunsFlow(session, self.training, self.asking, self.predicting, messages)
        self.exporting = ExportFlow(session, self.saving, self.opening, self)
        self.importing = ImportFlow(session, self.saving, self.opening, self)
        self.linting = LintFlow(session, self.saving, self.opening, self)
        self.labelme = LabelmeFlow(session, self.saving, self.opening, messages)
        self.dropping = DropFlow(session, self.opening, self.importing, messages, self)
        self.copying = SaveAsFlow(session, self.saving, messages, self)
        self.journaling = JournalFlow(session, self.saving, messages)
        self.prefetching = PrefetchFlow(session, self.saving)
        self.objects_flow = ObjectsFlow(session, messages)
        self.pasting = PreviousFlow(session, self.saving, self.opening, self.objects_flow, messages)
        self.reshaping = ReshapeFlow(session, self.objects_flow, messages)
        self.marking = MarkingFlow(session, self.objects_flow, self.canvas)
        self.accepting = AcceptFlow(session, self.predicting, messages)
        self.seeing = SeeingFlow(session, self.canvas)
        self.showing = DisplayFlow(session, self.canvas)
        self.surveying = SurveyFlow(session, self.predicting.models, messages)
        self.assisting = AssistFlow(session, messages, self.settings, self)
        self.tooling = ToolingFlow(session, self.assisting, messages)
        self.keys = KeysFlow(session, Keymap(self.settings), self)

    def _flows(self) -> dict[str, object]:
        """By the word that stands before the dot in an action's row."""
        return {
            "open": self.opening,
            "save": self.saving,
            "save_as": self.copying,
            "annotate": self.annotating,
            "objects": self.objects_flow,
            "stacking": StackingFlow(self.objects_flow),
            "marking": self.marking,
            "reshape": self.reshaping,
            "accept": self.accepting,
            "seeing": self.seeing,
            "showing": self.showing,
            "classes": self.classing,
            "train": self.training,
            "runs": self.running,
            "export_model": self.exporting_model,
            "predict": self.predicting,
            "survey": self.surveying,
            "export": self.exporting,
            "intake": self.importing,
            "lint": self.linting,
            "labelme": self.labelme,
            "journal": self.journaling,
            "keys": self.keys,
            "canvas": self.canvas,
            "images": self.images,
            "spaces": self.workspaces,
            "window": self,
        }

    def _make_panels(self) -> None:
        self.images = ImagesPanel(self.session)
        self.classes = ClassesPanel(self.session)
        self.objects = ObjectsPanel(self.session)
        self.layers = LayersPanel(self.session)
        self.display = DisplayPanel(self.session, self.seeing, self.showing)
        self.metrics = MetricsPanel(self.session)
        self.training_panel = TrainingPanel(self.session)
        self.runs_panel = RunsPanel(self.session)
        self.status = StatusBar(self.session)
        self.welcome = Welcome()
        panels: dict[str, QWidget] = {
            "images": self.images,
            "classes": self.classes,
            "objects": self.objects,
            "layers": self.layers,
            "display": scrolled(self.display),
            "metrics": self.metrics,
            "training": scrolled(self.training_panel),
            "runs": self.runs_panel,
        }
        self.workspaces = Workspaces(self, panels, self.settings)

    def _place_middle(self) -> None:
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(ToolStrip(self.session, self.assisting))
        layout.addWidget(self.canvas, 1)
        self._navigator = Navigator(self.session, self.canvas)
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
        self.canvas.hand.menu_asked.connect(lambda place: menus["Object"].popup(place))
        autosave = add_toggle(
            menus["File"], self.tr("Save by itself"), self.settings.autosave, self.actions_by_name["export"]
        )
        autosave.toggled.connect(self.saving.set_autosave)
        self._place_view_menu(menus["View"])
        digit_actions(self).triggered.connect(lambda action: self.annotating.choose_class(action.data()))

    def _place_view_menu(self, menu: QMenu) -> None:
        menu.addSeparator()
        menu.addMenu(self.tr("Panels")).addActions(self.workspaces.toggles())
        menu.addAction(self.tr("Reset layout")).triggered.connect(self.workspaces.reset)
        themes = {"system": self.tr("As the system"), "light": self.tr("Light"), "dark": self.tr("Dark")}
        group = add_choice(menu.addMenu(self.tr("Theme")), self.settings.theme, themes)
        group.triggered.connect(lambda action: self.set_theme(action.data()))

    def _wire_panels(self) -> None:
        self.images.left.connect(self.canvas.setFocus)
        self.images.chosen.connect(self.opening.open_item)
        self.opening.order = self.images.visible_names
        self.classes.chosen.connect(lambda class_id: self.session.choose(class_id=class_id))
        self.classes.renamed.connect(self.classing.rename)
        self.classes.colour_asked.connect(self.classing.ask_colour)
        self.classes.visibility_toggled.connect(self.classing.toggle_visible)
        self.classes.solo_toggled.connect(self.classing.toggle_solo)
        self.classes.lock_toggled.connect(self.classing.toggle_lock)
        self.classes.add_asked.connect(self.classing.ask_add)
        self.training_panel.start_asked.connect(self.training.start)
        self.training_panel.stop_asked.connect(self.training.stop)
        self.training_panel.pause_asked.connect(self.training.pause)
        self.training.waiting.connect(self.training_panel.show_waiting)
        self.training.stopping.connect(self.training_panel.show_stopping)
        self.canvas.view_changed.connect(self.training.look)
        self.training.failed.connect(self.training_panel.show_failure)
        self.running.serve(self.runs_panel)
        self.runs_panel.export_asked.connect(self.exporting_model.export)
        self.training.told.connect(self.training_panel.show_event)
        self.training.told.connect(self.status.show_event)
        self.canvas.hand.pointed.connect(self.status.show_pointer)
        self.canvas.hand.refused.connect(self.annotating.refuse)
        self.canvas.hand.nudged.connect(self.marking.nudge_or_pan)
        self.canvas.hand.delete_asked.connect(self.objects_flow.delete_selected)
        self.canvas.hand.pointed.connect(self._on_pointed)
        self.canvas.zoomed.connect(self.status.show_zoom)
        self.objects.delete_asked.connect(self.objects_flow.delete)
        self.objects.shown.connect(lambda shape: self.canvas.centre_on(*shape.box.centre))
        self.objects_flow.previous_asked.connect(self.pasting.ask)
        self.opening.ready = self.prefetching.take
        self.opening.listed.connect(self.journaling.look)
        self.prefetching.neighbours = self.opening.neighbours
        self.prefetching.fetched.connect(lambda _: self.assisting.encode_ahead(self.prefetching.at_hand()))
        self.welcome.open_asked.connect(self.opening.choose_folder)
        self.welcome.import_asked.connect(self.importing.choose)
        self.saving.reload_asked.connect(self.opening.reload)
        self.saving.reload_asked.connect(self.prefetching.forget)

    def _wire_session(self) -> None:
        self.session.jobs.failed.connect(lambda error: self.messages.warn(str(error)))
        self.session.project_changed.connect(self._on_project)
        self.session.image_changed.connect(self._show_title)
        self.session.training_changed.connect(self._on_training)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    def _on_project(self) -> None:
        self._stack.setCurrentIndex(1 if self.session.project else 0)
        self.canvas.setFocus()
        self._show_title()

    def _on_pointed(self, at: tuple[float, float] | None) -> None:
        self.annotating.pointed_at = at

    def _on_training(self) -> None:
        """Show it when it begins, not again at every pause."""
        if self.session.training and not self._was_training:
            self.workspaces.show_dock("training")
        self._was_training = self.session.training

    def _show_title(self) -> None:
        parts = [self.session.image.item.name] if self.session.image else []
        parts += [self.session.project.folder.name] if self.session.project else []
        self.setWindowTitle(" – ".join([*parts, "segstudio"]))

    def _on_system_theme(self) -> None:
        if self.settings.theme == "system":
            self.set_theme("system")

    def _retheme(self) -> None:
        set_icons(self.actions_by_name)
        self.welcome.retheme()
        self.messages.retheme()
        self.classes.rebuild()
        self.objects.retheme()
        self.training_panel.retheme()
        self.runs_panel.retheme()
