"""Predict all images: figures for the list, so that it can be sorted by what the model finds hard."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject

from segstudio.core.prediction import Prediction, unknown_classes
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.runs import run_names
from segstudio.review.predict_all import Surveyed, survey
from segstudio.ui.features.predict import ModelCache
from segstudio.ui.jobs import Job
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session


class SurveyFlow(QObject):
    """One survey at a time, with its progress in the bar and a button to stop it."""

    def __init__(self, session: Session, models: ModelCache, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._models = models
        self._messages = messages
        self._job: Job | None = None
        self._problems = 0

    def start(self) -> None:
        session, project = self._session, self._session.project
        if project is None or self._job is not None:
            return
        names = run_names(project)
        if not names:
            self._messages.tell(self.tr("There is no model yet. Label a few images, then press Train."))
            return
        run = session.run if session.run in names else names[-1]
        items, self._problems = list(session.items), 0

        def events() -> Iterator[Progress | Problem | Surveyed]:
            from segstudio.training.predict import predict_file

            model, device = self._models.get(project, run)
            missing = unknown_classes(tuple(model.table.names), project.table)
            if missing:
                yield Problem(run, f"knows classes that this project has not: {', '.join(missing)}")
                return

            def predicted(item: Item) -> Prediction:
                return predict_file(model, item.image, device, item.name)

            yield from survey(project, items, predicted, run)

        def on_event(event: Progress | Problem | Surveyed) -> None:
            if session.is_current(project):
                self._on_event(run, event)

        self._job = session.jobs.start(events, on_event, self._on_end)

    def _on_event(self, run: str, event: Progress | Problem | Surveyed) -> None:
        session = self._session
        match event:
            case Progress():
                text = self.tr("Predicting {} of {} images").format(event.done + 1, event.total)
                self._messages.tell(text, Remedy(self.tr("Stop"), self._stop))
            case Problem():
                self._problems += 1
                self._messages.warn(str(event))
            case Surveyed():
                session.uncertainties[event.name] = event.uncertainty
                scores = session.scores if session.run == run else {}
                if event.confusion is not None:
                    scores = {**scores, event.name: event.confusion}
                session.set_scores(run, scores)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop()

    def _on_end(self) -> None:
        self._job = None
        if not self._problems:
            self._messages.tell(self.tr("Sort the images by mIoU or uncertainty to see what the model finds hard."))
