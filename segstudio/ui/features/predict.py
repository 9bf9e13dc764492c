"""Predicting: the open image at once, and the figures of all labelled images after a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from segstudio.app.layers import NO_COMPARE
from segstudio.app.open_image import OpenImage
from segstudio.core.box import Box
from segstudio.core.prediction import Prediction, in_terms_of, mean_uncertainty, unknown_classes, with_part
from segstudio.core.sample import Sample
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.runs import run_names, weights_file
from segstudio.review.evaluate import Evaluation, ImageScore, evaluate
from segstudio.training.preload import calmly
from segstudio.ui.jobs import Job
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session

if TYPE_CHECKING:
    from segstudio.training.device import Device
    from segstudio.training.model import Model


class ModelCache:
    """The weights used last, loaded once; asked only from within jobs, so torch stays out of the window's thread."""

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._held: tuple[Model, Device] | None = None

    def get(self, project: Project, run: str) -> tuple[Model, Device]:
        from segstudio.training.checkpoint import load_weights
        from segstudio.training.device import choose_device

        path = weights_file(project, run)
        key = (str(path), path.stat().st_mtime_ns)
        if self._held is None or key != self._key:
            device = choose_device()
            self._held, self._key = (load_weights(path, device), device), key
        return self._held


class PredictFlow(QObject):
    """A result that is late, for an image left behind or from a model replaced, is dropped."""

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self.models = ModelCache()
        self._job: Job | None = None
        self._scoring: Job | None = None
        self._again = False
        self._asked: tuple[Item, str] | None = None
        session.training_changed.connect(self._on_training)
        session.image_changed.connect(self._on_image)
        session.layers_changed.connect(self._on_layers)

    def predict(self) -> None:
        """Predict the open image with the newest run and show it."""
        project = self._session.project
        if project is None or self._session.image is None:
            return
        names = run_names(project)
        if self._session.run not in names:
            self._session.run = names[-1] if names else ""
        if not self._session.run:
            self._messages.tell(self.tr("There is no model yet. Label a few images, then press Train."))
            return
        self._session.layers.prediction.visible = True
        self._session.layers_changed.emit()
        self._start()

    def use(self, run: str) -> None:
        """Predict with this run from now on: the open image at once."""
        self._session.run = run
        if self._session.image is not None:
            self._session.image.set_prediction(None)
        self.predict()

    def show(self, prediction: Prediction, box: Box | None = None) -> None:
        """Lay a prediction, of the whole image or of `box`, over the image it belongs to, if that is open."""
        image = self._session.image
        if image is None or image.item.name != prediction.name:
            return
        if box is not None:
            prediction = with_part(image.prediction, prediction, box, image.document.plane.shape)
        if prediction.labels.shape != image.document.plane.shape:
            return
        image.set_prediction(in_terms_of(prediction, self._session.table))
        if box is None:
            self._session.uncertainties[prediction.name] = mean_uncertainty(prediction)
        self._session.prediction_changed.emit()

    def score_all(self, run: str, samples: tuple[Sample, ...]) -> None:
        """mIoU of each labelled image under a run, in the background."""
        project = self._session.project
        if project is None:
            return
        self._session.set_scores(run, {})

        def events() -> Iterator[Progress | Problem | ImageScore | Evaluation]:
            from segstudio.training.predict import predict_file

            model, device = self.models.get(project, run)
            if unknown_classes(tuple(model.table.names), project.table):
                return
            yield from evaluate(
                project,
                samples,
                lambda s: in_terms_of(predict_file(model, s.image, device, s.name), project.table).labels,
                run,
            )

        def on_event(event: object) -> None:
            if self._session.is_current(project):
                self._on_score(run, event)

        self._stop_scoring()
        job = self._session.jobs.start(events, on_event)
        job.ended.connect(lambda: self._on_scored(job))
        self._scoring = job

    def _stop_scoring(self) -> None:
        if self._scoring is not None:
            self._scoring.stop()

    def _on_scored(self, job: Job) -> None:
        if self._scoring is job:
            self._scoring = None

    def _on_training(self) -> None:
        """A model that learns will be judged anew; judging the last one may not slow it down."""
        if self._session.training:
            self._stop_scoring()

    def _on_score(self, run: str, event: object) -> None:
        if isinstance(event, ImageScore) and run == self._session.run:
            self._session.set_scores(run, {**self._session.scores, event.name: event.confusion})

    def _start(self) -> None:
        project, image, run = self._session.project, self._session.image, self._session.run
        if project is None or image is None or not run:
            return
        if self._job is not None:
            self._again = True
            self._job.stop()
            return

        def events() -> Iterator[Progress | Prediction]:
            from segstudio.training.predict import predict

            model, device = self.models.get(project, run)
            yield from predict(model, image.pixels, device, image.item.name)

        self._asked = (image.item, run)
        self._job = self._session.jobs.start(
            lambda: calmly(events(), Prediction), lambda event: self._on_event(image, event), self._on_end
        )

    def _on_event(self, image: OpenImage, event: Progress | Prediction) -> None:
        if isinstance(event, Prediction) and image is self._session.image:
            self.show(event)

    def _on_end(self) -> None:
        self._job = None
        if self._again:
            self._again = False
            self._start()

    def _wanted(self) -> bool:
        layers, image = self._session.layers, self._session.image
        shown = layers.prediction.visible or layers.heat.visible or layers.errors.visible
        shown = shown or layers.compare != NO_COMPARE
        if not shown or not self._session.run or image is None or image.prediction is not None:
            return False
        return self._asked != (image.item, self._session.run)  # what failed once is not tried at every click

    def _on_image(self) -> None:
        self._asked = None
        if self._wanted() and not self._session.training:
            self._start()

    def _on_layers(self) -> None:
        if self._wanted() and not self._session.training and self._job is None:
            self._start()
