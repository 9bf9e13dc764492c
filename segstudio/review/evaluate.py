"""A model's figures on the images of a project, one confusion matrix an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segstudio.core.metrics import Confusion, confusion, summed
from segstudio.core.raster import Labels
from segstudio.core.sample import Sample, ground_truth
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.index import Index
from segstudio.project.project import Project


@dataclass(frozen=True)
class ImageScore:
    """One image's matrix: ground truth rows, prediction columns."""

    name: str
    confusion: Confusion

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Evaluation:
    """All images of one run over one split."""

    classes: tuple[str, ...]
    images: tuple[ImageScore, ...]

    __hash__ = None  # type: ignore[assignment]

    @property
    def confusion(self) -> Confusion:
        return summed((image.confusion for image in self.images), len(self.classes))


def evaluate(
    project: Project, samples: Sequence[Sample], predict: Callable[[Sample], Labels], run: str
) -> Iterator[Progress | Problem | ImageScore | Evaluation]:
    """`predict` gives a sample's (H, W) plane of project class ids. Matrices go into the index under `run`."""
    classes = project.table.names
    images: list[ImageScore] = []
    with Index(project.index_file) as index:
        for done, sample in enumerate(samples):
            yield Progress(done, len(samples), sample.name)
            try:
                truth = ground_truth(sample.annotation, project.table, project.unlabelled)
                image = ImageScore(sample.name, confusion(truth, predict(sample), len(classes)))
            except SegstudioError as error:
                yield Problem(sample.name, str(error))
                continue
            index.put_matrix(run, sample.name, classes, image.confusion)
            images.append(image)
            yield image
    yield Evaluation(tuple(classes), tuple(images))
