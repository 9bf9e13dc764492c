"""Evaluate a model on the images of a project, with one confusion matrix per image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segstudio.core.metrics import ConfusionMatrix, Metrics, compute_metrics, confusion_matrix, sum_matrices
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample, rasterise_ground_truth
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.index import Index
from segstudio.project.project import Project


@dataclass(frozen=True)
class ImageEvaluation:
    """The confusion matrix of one image: ground truth in rows, prediction in columns."""

    name: str
    confusion: ConfusionMatrix

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Evaluation:
    """All images that a run was evaluated on, and the images that failed."""

    classes: tuple[str, ...]
    images: tuple[ImageEvaluation, ...]
    problems: tuple[Problem, ...] = ()

    __hash__ = None  # type: ignore[assignment]

    @property
    def confusion(self) -> ConfusionMatrix:
        """The sum over all images."""
        return sum_matrices((image.confusion for image in self.images), len(self.classes))

    @property
    def metrics(self) -> Metrics:
        """IoU, Dice, precision and recall of each class over all images, and their means."""
        return compute_metrics(self.confusion)

    @property
    def miou(self) -> float:
        """Mean IoU of the classes whose union over all images is not empty; NaN if there is none."""
        return self.metrics.miou

    @property
    def per_image(self) -> dict[str, Metrics]:
        """The metrics of each image by its name."""
        return {image.name: compute_metrics(image.confusion) for image in self.images}


def evaluate(
    project: Project, samples: Sequence[Sample], predict: Callable[[Sample], Labels], run: str
) -> Iterator[Progress | Problem | ImageEvaluation | Evaluation]:
    """`predict` returns the (H, W) plane of a sample in the class ids of the project.

    Matrices are stored in the index under `run`; an image that fails is reported and left out.
    """
    classes = project.table.names
    images: list[ImageEvaluation] = []
    problems: list[Problem] = []
    with Index(project.index_file) as index:
        for done, sample in enumerate(samples):
            yield Progress(done, len(samples), sample.name)
            try:
                truth = rasterise_ground_truth(sample.annotation, project.table, project.unlabelled)
                image = ImageEvaluation(sample.name, confusion_matrix(truth, predict(sample), len(classes)))
            except SegstudioError as error:
                problems.append(Problem(sample.name, str(error)))
                yield problems[-1]
                continue
            index.put_matrix(run, sample.name, classes, image.confusion)
            images.append(image)
            yield image
    yield Evaluation(tuple(classes), tuple(images), tuple(problems))
