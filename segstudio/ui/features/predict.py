"""Predicting: the open image at once, all images for their metrics, and all labelled images after a training."""

from __future__ import annotations

from collections.abc import Iterator

from segstudio.app.latest_only import LatestOnly
from segstudio.app.models import ModelCache
from segstudio.app.open_image import OpenImage
from segstudio.core.box import Box
from segstudio.core.prediction import Prediction, remap_to_table, with_part
from segstudio.core.sample import Sample
from segstudio.events import Problem, Progress
from segstudio.project.item import Item
from segstudio.project.runs import list_trained_runs
from segstudio.review.evaluate import ImageEvaluation
from segstudio.review.predict_all import ImagePredicted
from segstudio.training.preload import gc_paused_until
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.jobs import Job
from segstudio.ui.messages import Remedy


class PredictFeature(Feature):
    """A prediction of an image that is no longer open, or by a run no longer used, is dropped."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self.models = ModelCache()
        self._predictions = LatestOnly(self.jobs.start, self._on_prediction)
        self._scoring: Job | None = None
        self._all: Job | None = None
        self._num_problems = 0
        self._requested: tuple[Item, str] | None = None
        self.state.training_changed.connect(self._on_training)
        self.state.image_changed.connect(self._on_image)
        self.state.layers_changed.connect(self._on_layers)

    def actions(self) -> tuple[Action, ...]:
        predict = self.tr("Predict this image with the run in use")
        predict_all = self.tr("Predict every image, to sort the list by mIoU and uncertainty")
        no_image, no_project = self.refuse.no_image, self.refuse.no_project
        return (
            Action("predict", self.tr("Predict"), "F6", self.predict, "Model", "predict", predict, no_image),
            Action(
                "predict_all", self.tr("Predict all images"), "Shift+F6", self.predict_all, "Model", "", predict_all,
                no_project,
            ),
        )  # fmt: skip

    def predict(self) -> None:
        """Predict the open image with the run in use, or the newest one, and show the prediction."""
        project = self.state.project
        if project is None or self.state.image is None:
            return
        names = list_trained_runs(project)
        if self.state.run not in names:
            self.state.set_run(names[-1] if names else "")
        if not self.state.run:
            self.messages.inform(self.tr("There is no model yet. Label a few images, then press Train."))
            return
        self._request()
        self.state.set_layers(self.state.layers.with_layer("prediction", visible=True))

    def use(self, run: str) -> None:
        """Predict with this run from now on: the open image at once."""
        self.state.set_run(run)
        self.state.set_prediction(None)
        self.predict()

    def show(self, prediction: Prediction, box: Box | None = None) -> None:
        """Show a prediction, of the whole image or of `box`, if its image is open."""
        image = self.state.image
        if image is None or image.item.name != prediction.name:
            return
        if box is not None:
            prediction = with_part(image.prediction, prediction, box, image.document.plane.shape)
        if prediction.labels.shape == image.document.plane.shape:
            self.state.set_prediction(remap_to_table(prediction, self.state.table), is_whole=box is None)

    def score_all(self, run: str, samples: tuple[Sample, ...]) -> None:
        """Compute the confusion matrix of each labelled image under a run, in the background."""
        project = self.state.project
        if project is None:
            return
        self.state.set_scores(run, {})

        def on_event(event: object) -> None:
            if isinstance(event, ImageEvaluation) and self.state.is_current(project) and run == self.state.run:
                self.state.add_score(run, event.name, event.confusion)

        self._stop_scoring()
        job = self.jobs.start(lambda: self.models.evaluate(project, run, samples), on_event)
        job.ended.connect(lambda: self._on_scored(job))
        self._scoring = job

    def predict_all(self) -> None:
        """Predict every image for its metrics, with progress and a Stop button."""
        state, project = self.state, self.state.project
        if project is None or self._all is not None:
            return
        names = list_trained_runs(project)
        if not names:
            self.messages.inform(self.tr("There is no model yet. Label a few images, then press Train."))
            return
        run = state.run if state.run in names else names[-1]
        items, self._num_problems = list(state.items), 0

        def on_event(event: Progress | Problem | ImagePredicted) -> None:
            if state.is_current(project):
                self._on_predicted(run, event)

        self._all = self.jobs.start(
            lambda: self.models.predict_all(project, run, items), on_event, on_end=self._on_all_ended
        )

    def _on_predicted(self, run: str, event: Progress | Problem | ImagePredicted) -> None:
        match event:
            case Progress():
                text = self.tr("Predicting {} of {} images").format(event.done + 1, event.total)
                self.messages.inform(text, Remedy(self.tr("Stop"), self._stop_all))
            case Problem():
                self._num_problems += 1
                self.messages.warn(str(event))
            case ImagePredicted():
                self.state.add_score(run, event.name, event.confusion, event.uncertainty)

    def _stop_all(self) -> None:
        if self._all is not None:
            self._all.stop()

    def _on_all_ended(self) -> None:
        self._all = None
        if not self._num_problems:
            self.messages.inform(self.tr("Sort the images by mIoU or uncertainty to find those that are hard."))

    def _stop_scoring(self) -> None:
        if self._scoring is not None:
            self._scoring.stop()

    def _on_scored(self, job: Job) -> None:
        if self._scoring is job:
            self._scoring = None

    def _on_training(self) -> None:
        """A new training will be evaluated itself; evaluating the run before would slow it down."""
        if self.state.training:
            self._stop_scoring()

    def _request(self) -> None:
        project, image, run = self.state.project, self.state.image, self.state.run
        if project is None or image is None or not run:
            return

        def events() -> Iterator[Progress | tuple[OpenImage, Prediction]]:
            for event in self.models.predict(project, run, image):
                yield (image, event) if isinstance(event, Prediction) else event

        self._requested = (image.item, run)
        self._predictions.request(lambda: gc_paused_until(events(), tuple))

    def _on_prediction(self, event: Progress | tuple[OpenImage, Prediction]) -> None:
        if isinstance(event, tuple):
            image, prediction = event
            if image is self.state.image:
                self.show(prediction)

    def _is_needed(self) -> bool:
        """True if a layer is visible that shows a prediction which is not there and was not requested yet."""
        image = self.state.image
        if not self.state.layers.shows_prediction or not self.state.run or image is None:
            return False
        if image.prediction is not None or self.state.training:
            return False
        return self._requested != (image.item, self.state.run)  # what failed once is not tried at every click

    def _on_image(self) -> None:
        self._requested = None
        if self._is_needed():
            self._request()

    def _on_layers(self) -> None:
        if self._is_needed() and not self._predictions.busy:
            self._request()
