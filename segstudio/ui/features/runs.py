"""Runs: use, resume, fine-tune from, compare, rename, delete, export as ONNX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from segstudio.app.models import export_run
from segstudio.app.opening import RunScores, read_scores
from segstudio.app.training_run import TrainChoices
from segstudio.errors import SegstudioError
from segstudio.events import Progress
from segstudio.project.runs import (
    RunInfo,
    delete_run,
    find_resumable_run,
    is_finished,
    list_trained_runs,
    read_run,
    read_runs,
    rename_run,
)
from segstudio.training.events import EpochDone, Started
from segstudio.training.preload import gc_paused_until
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.compare_runs import CompareRunsDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.predict import PredictFeature
from segstudio.ui.features.train import TrainFeature
from segstudio.ui.features.train_dialog import TrainDialogFeature
from segstudio.ui.panels.runs import RunsPanel

_MINUTES_MORE = 2.0
_NOT_CHOICES = ("run_dir", "table", "resume", "init")


class RunsFeature(Feature):
    """Files are read and changed in jobs; the panel shows what was read last."""

    def __init__(
        self, context: FeatureContext, training: TrainFeature, dialog: TrainDialogFeature, predicting: PredictFeature
    ) -> None:
        super().__init__(context)
        self._training = training
        self._dialog = dialog
        self._predicting = predicting
        self._runs: dict[str, RunInfo] = {}
        self._panel: RunsPanel | None = None
        self._running: Path | None = None  # the folder of the run that trains

    def actions(self) -> tuple[Action, ...]:
        action = partial(Action, menu="Model", refusal=self.refuse.cannot_train)
        onnx, no_project = self.tr("Export the model as ONNX…"), self.refuse.no_project
        return (
            action("resume", self.tr("Resume the last run…"), "Ctrl+Alt+F5", self.resume_newest),
            action("fine_tune", self.tr("Fine-tune from…"), "Ctrl+Shift+F5", self.fine_tune),
            Action("onnx", onnx, "Ctrl+Alt+Shift+E", self.export_used, "Model", refusal=no_project),
        )

    def connect_panel(self, panel: RunsPanel) -> None:
        """Do what the panel asks for."""
        self._panel = panel
        panel.use_asked.connect(self.use)
        panel.resume_asked.connect(self.resume)
        panel.fine_tune_asked.connect(self._dialog.open)
        panel.rename_asked.connect(self.rename)
        panel.delete_asked.connect(self.ask_delete)
        panel.compare_asked.connect(self.compare)
        panel.export_asked.connect(self.export)
        self.state.project_changed.connect(self.refresh)
        self.state.training_changed.connect(self.refresh)
        self._training.reported.connect(self._on_train_event)

    def refresh(self) -> None:
        """Read the list again."""
        project = self.state.project
        if project is None:
            self._show([])
            return

        def on_event(event: Any) -> None:
            if isinstance(event, list) and self.state.is_current(project):
                self._show(event)

        self.jobs.start(lambda: iter([read_runs(project)]), on_event)

    def use(self, name: str) -> None:
        """Predict with this run from now on, and show the scores that it has."""
        project = self.state.project
        if project is None:
            return

        def on_event(found: RunScores) -> None:
            if self.state.is_current(project):
                self.state.set_scores(name, found.matrices)

        self.jobs.start(lambda: iter([read_scores(project, name)]), on_event)
        self._predicting.use(name)

    def resume_newest(self) -> None:
        project = self.state.project
        name = find_resumable_run(project) if project is not None else ""
        if name:
            self.resume(name)
        else:
            self._tell_no_run()

    def resume(self, name: str) -> None:
        """Continue where it stopped; a finished run asks for more minutes."""
        run = self._runs.get(name)
        settings = {"resume": "yes"}
        if run is not None and is_finished(run):
            more, agreed = QInputDialog.getDouble(
                self.window,
                self.tr("Resume {}").format(name),
                self.tr("This run is finished. More minutes to train:"),
                _MINUTES_MORE,
                0.1,
                100_000,
                1,
            )
            if not agreed:
                return
            settings |= {"minutes": str(run.seconds / 60 + more), "steps": "0"}
        before = {k: str(v) for k, v in run.config.items() if k not in _NOT_CHOICES} if run is not None else {}
        self._training.train(TrainChoices(name, {**before, **settings}))

    def fine_tune(self) -> None:
        """Open the dialog with the run in use, or the newest, to initialise from."""
        project = self.state.project
        names = list_trained_runs(project) if project is not None else []
        self._dialog.open(self.state.run or (names[-1] if names else ""))

    def compare(self, names: list[str]) -> None:
        runs = [self._runs[name] for name in names if name in self._runs]
        CompareRunsDialog(runs, self.window).open()

    def rename(self, name: str, new_name: str) -> None:
        project = self.state.project
        if project is None or self.state.training:
            return

        def events() -> Iterator[Any]:
            rename_run(project, name, new_name)
            yield Progress(1, 1, new_name)

        self._change_files(
            events, lambda: self.state.set_scores(new_name, self.state.scores) if self.state.run == name else None
        )

    def ask_delete(self, names: list[str]) -> None:
        answer = QMessageBox.question(
            self.window,
            self.tr("Delete runs"),
            self.tr("Delete {} with its weights and curves? This cannot be undone.").format(", ".join(names)),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        if answer == QMessageBox.StandardButton.Yes:
            self.delete(names)

    def delete(self, names: list[str]) -> None:
        project = self.state.project
        if project is None or self.state.training:
            return

        def events() -> Iterator[Any]:
            for done, name in enumerate(names):
                yield Progress(done, len(names), name)
                delete_run(project, name)

        self._change_files(events, lambda: self.state.set_scores("", {}) if self.state.run in names else None)

    def export_used(self) -> None:
        """Export the run that predicts, or the newest, as ONNX."""
        project = self.state.project
        names = list_trained_runs(project) if project is not None else []
        if names:
            self.export(self.state.run if self.state.run in names else names[-1])
        else:
            self._tell_no_run()

    def export(self, name: str) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.window, self.tr("Export {} as ONNX").format(name), f"{name}.onnx", self.tr("ONNX (*.onnx)")
        )
        if path:
            self.export_to(name, Path(path))

    def export_to(self, name: str, path: Path) -> None:
        """Write a run's weights as ONNX, in the background; nothing is overwritten."""
        project = self.state.project
        if project is None:
            return

        def on_event(event: Any) -> None:
            if isinstance(event, str):
                self.messages.inform(f"{path.name}: {event}")

        self.messages.inform(self.tr("Exporting {} …").format(name))
        self.jobs.start(lambda: gc_paused_until(export_run(project, name, path), str), on_event)

    def _tell_no_run(self) -> None:
        self.messages.inform(self.tr("There is no run yet. Label a few images, then press Train."))

    def _on_train_event(self, event: object) -> None:
        """Show a run that starts or was validated as it is now."""
        if isinstance(event, Started):
            self._running = event.run_dir
        if isinstance(event, Started | EpochDone) and self._running is not None:
            folder = self._running
            self.jobs.start(lambda: iter([read_run(folder)]), self._show_one)

    def _show_one(self, run: RunInfo) -> None:
        if self.state.project is not None and run.folder.parent == self.state.project.runs_folder:
            self._show(sorted([*({**self._runs, run.name: run}).values()], key=lambda each: -each.changed_s))

    def _change_files(self, events: Callable[[], Iterator[Any]], on_success: Callable[[], object]) -> None:
        """In a job; then the list is read again."""
        failed: list[SegstudioError] = []

        def on_failure(error: SegstudioError) -> None:
            failed.append(error)
            self.messages.warn(str(error))

        def on_end() -> None:
            if not failed:
                on_success()
            self.refresh()

        self.jobs.start(events, lambda _: None, on_end=on_end, on_failure=on_failure)

    def _show(self, runs: list[RunInfo]) -> None:
        self._runs = {run.name: run for run in runs}
        if self._panel is not None:
            self._panel.set_runs(runs)
