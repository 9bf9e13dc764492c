"""What is done with runs: use, resume, fine-tune from, compare, rename, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from segstudio.events import Progress
from segstudio.project.index import Index
from segstudio.project.run_files import RunInfo, delete_run, read_run, read_runs, rename_run
from segstudio.project.runs import newest_run, run_names
from segstudio.training.events import EpochDone, Started
from segstudio.ui.dialogs.compare_runs import CompareRunsDialog
from segstudio.ui.dialogs.train import TrainChoices
from segstudio.ui.features.predict import PredictFlow
from segstudio.ui.features.train import TrainFlow
from segstudio.ui.features.train_ask import TrainAskFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.panels.runs import RunsPanel
from segstudio.ui.session import Session

_MINUTES_MORE = 2.0
_NEARLY = 0.99


class RunsFlow(QObject):
    """Files are read and changed in jobs; the panel shows what was read last."""

    def __init__(
        self, session: Session, training: TrainFlow, asking: TrainAskFlow, predicting: PredictFlow, messages: MessageBar
    ) -> None:
        super().__init__(session)
        self._session = session
        self._training = training
        self._asking = asking
        self._predicting = predicting
        self._messages = messages
        self._runs: dict[str, RunInfo] = {}
        self._panel: RunsPanel | None = None
        self._at_work: Path | None = None  # the folder of the run that learns

    def serve(self, panel: RunsPanel) -> None:
        """Do what the panel asks for."""
        self._panel = panel
        panel.use_asked.connect(self.use)
        panel.resume_asked.connect(self.resume)
        panel.begin_asked.connect(self.begin_from)
        panel.rename_asked.connect(self.rename)
        panel.delete_asked.connect(self.ask_delete)
        panel.compare_asked.connect(self.compare)
        self._session.project_changed.connect(self.refresh)
        self._session.training_changed.connect(self.refresh)
        self._training.told.connect(self._on_told)

    def refresh(self) -> None:
        """Read the list again."""
        project = self._session.project
        if project is None:
            self._show([])
            return

        def on_event(event: Any) -> None:
            if isinstance(event, list) and self._session.is_current(project):
                self._show(event)

        self._session.jobs.start(lambda: iter([read_runs(project)]), on_event)

    def _on_told(self, event: object) -> None:
        """A run that begins or is judged is shown as it is."""
        if isinstance(event, Started):
            self._at_work = event.run_dir
        if isinstance(event, Started | EpochDone) and self._at_work is not None:
            folder = self._at_work
            self._session.jobs.start(lambda: iter([read_run(folder)]), self._show_one)

    def _show_one(self, run: RunInfo) -> None:
        if self._session.project is not None and run.folder.parent == self._session.project.runs_folder:
            self._show(sorted([*({**self._runs, run.name: run}).values()], key=lambda each: -each.changed_s))

    def use(self, name: str) -> None:
        """Predict with this run from now on; the figures that it has are shown again."""
        project = self._session.project
        if project is None:
            return

        def work() -> Iterator[dict[str, Any]]:
            with Index(project.index_file) as index:
                yield index.matrices(name, project.table.names)

        def on_event(scores: dict[str, Any]) -> None:
            if self._session.is_current(project):
                self._session.set_scores(name, scores)

        self._session.jobs.start(work, on_event)
        self._predicting.use(name)

    def resume_newest(self) -> None:
        project = self._session.project
        name = newest_run(project) if project is not None else ""
        if name:
            self.resume(name)
        else:
            self._messages.tell(self.tr("There is no run yet. Label a few images, then press Train."))

    def resume(self, name: str) -> None:
        """Go on where it stopped; a run that came to its end is asked for more time."""
        run = self._runs.get(name)
        settings = {"resume": "yes"}
        if run is not None and _is_finished(run):
            more, agreed = QInputDialog.getDouble(
                self._window(),
                self.tr("Resume {}").format(name),
                self.tr("It came to its end. Minutes to go on for:"),
                _MINUTES_MORE,
                0.1,
                100_000,
                1,
            )
            if not agreed:
                return
            settings |= {"minutes": str(run.seconds / 60 + more), "steps": "0"}
        before = {k: str(v) for k, v in run.choices.items() if k not in _NOT_CHOICES} if run is not None else {}
        self._training.train(TrainChoices(name, {**before, **settings}))

    def fine_tune(self) -> None:
        """With the dialog, beginning from the run in use or the newest."""
        project = self._session.project
        names = run_names(project) if project is not None else []
        self._asking.ask(self._session.run or (names[-1] if names else ""))

    def begin_from(self, name: str) -> None:
        self._asking.ask(name)

    def compare(self, names: list[str]) -> None:
        runs = [self._runs[name] for name in names if name in self._runs]
        CompareRunsDialog(runs, self._window()).open()

    def rename(self, name: str, new_name: str) -> None:
        project = self._session.project
        if project is None or self._session.training:
            return

        def work() -> Iterator[Any]:
            rename_run(project, name, new_name)
            yield Progress(1, 1, new_name)

        self._do(work, lambda: self._session.set_scores(new_name, self._session.scores), self._session.run == name)

    def ask_delete(self, names: list[str]) -> None:
        answer = QMessageBox.question(
            self._window(),
            self.tr("Delete runs"),
            self.tr("Delete {} with its weights and curves? This cannot be undone.").format(", ".join(names)),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        if answer == QMessageBox.StandardButton.Yes:
            self.delete(names)

    def delete(self, names: list[str]) -> None:
        project = self._session.project
        if project is None or self._session.training:
            return

        def work() -> Iterator[Any]:
            for done, name in enumerate(names):
                yield Progress(done, len(names), name)
                delete_run(project, name)

        self._do(work, lambda: self._session.set_scores("", {}), self._session.run in names)

    def _do(self, work: Callable[[], Iterator[Any]], then: Callable[[], None], wanted: bool) -> None:
        """Change files in a job, then read the list again."""
        job = self._session.jobs.start(work, lambda _: None)
        failed: list[object] = []
        job.failed.connect(failed.append)

        def on_end() -> None:
            if wanted and not failed:
                then()
            self.refresh()

        job.ended.connect(on_end)

    def _show(self, runs: list[RunInfo]) -> None:
        self._runs = {run.name: run for run in runs}
        if self._panel is not None:
            self._panel.set_runs(runs)

    def _window(self) -> QWidget | None:
        return None if self._panel is None else self._panel.window()


_NOT_CHOICES = ("run_dir", "table", "resume", "init")


def _is_finished(run: RunInfo) -> bool:
    """By steps or by time, as its configuration says."""
    steps, minutes = float(run.choices.get("steps") or 0), float(run.choices.get("minutes") or 0)
    whole = (steps and run.steps >= steps) or (minutes and run.seconds >= _NEARLY * 60 * minutes)
    return bool(whole) or not run.resumable
