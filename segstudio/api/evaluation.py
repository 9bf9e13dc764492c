"""Evaluation of a run on a project's annotated images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segstudio.api.datasets import PathArgument, complete_classes
from segstudio.api.job_events import OnEvent, collect
from segstudio.api.run import Run
from segstudio.core.prediction import unknown_classes
from segstudio.core.sample import Sample
from segstudio.errors import ProjectError
from segstudio.project.project import Project
from segstudio.project.runs import find_weights
from segstudio.project.samples import gather
from segstudio.review.evaluate import Evaluation
from segstudio.review.evaluate import evaluate as score

SUBSETS: Final = ("val", "train", "all")


def evaluate(
    project: Project,
    run: Run | PathArgument,
    subset: str = "val",
    *,
    samples: Sequence[Sample] | None = None,
    on_event: OnEvent | None = None,
) -> Evaluation:
    """Compare a run's predictions with the project's annotations: mIoU, IoU by class, confusion matrices.

    `run` is a Run, the name of one, or a weights file. `subset` is "val" (the project's validation images), "train" or
    "all"; `samples` replaces the project's annotated images. Images that fail are in `problems` of the result.

    The confusion matrices are also kept in the project's cache where that can be written; a read-only project is
    evaluated all the same. Under torchrun every process predicts its part of the images and returns the whole result.

    Raises ProjectError where the subset has no annotated image or the model has classes that the project lacks.
    """
    from segstudio.training.device import choose_device
    from segstudio.training.distributed import gather_objects, join_process_group, shard

    project = complete_classes(project, on_event)
    if samples is None:
        samples = collect(gather(project, list(project.items())), on_event).results[-1]
    chosen = _choose(samples, subset)
    name = run.name if isinstance(run, Run) else str(run)
    weights = run.weights if isinstance(run, Run) else find_weights(project, name)
    join_process_group(
        choose_device().name
    )  # before the weights are loaded: under torchrun it selects this process's GPU
    model = Run(project, weights, device=run.device if isinstance(run, Run) else "auto")
    unknown = unknown_classes(model.classes, project.table)
    if unknown:
        raise ProjectError(f"the model has the classes {', '.join(unknown)} and the project has not; add them first")
    events = score(project, shard(chosen), lambda sample: model.predict_file(sample.image).labels, name)
    evaluation: Evaluation = collect(events, on_event).results[-1]
    by_name = {image.name: image for part in gather_objects(evaluation.images) for image in part}
    images = tuple(by_name[sample.name] for sample in chosen if sample.name in by_name)
    problems = tuple(problem for part in gather_objects(evaluation.problems) for problem in part)
    return Evaluation(evaluation.classes, images, problems)


def _choose(samples: Sequence[Sample], subset: str) -> list[Sample]:
    if subset not in SUBSETS:
        raise ProjectError(f"subset is {subset!r}; it must be one of {', '.join(SUBSETS)}")
    chosen = [sample for sample in samples if subset == "all" or sample.held_out == (subset == "val")]
    if not chosen:
        raise ProjectError(f"no annotated image is in the subset {subset}; annotate more images or evaluate all")
    return chosen
