"""The public Python API: import a dataset, train, predict, evaluate and export, with numpy arrays in and out.

Every name in `__all__` can also be imported from `segstudio`. Arrays are indexed `[row, column]`. Errors that a user
can act on are `SegstudioError`s with the same text as on the command line.
"""

from __future__ import annotations

from segstudio.api.arrays import train_arrays
from segstudio.api.datasets import (
    ExportReport,
    ImportedProject,
    ImportReport,
    complete_classes,
    export,
    import_dataset,
    plan_export,
    rasterise,
    read_annotation,
    read_image,
)
from segstudio.api.evaluation import evaluate
from segstudio.api.run import Run
from segstudio.api.training import Training, train
from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.prediction import Prediction
from segstudio.errors import SegstudioError
from segstudio.events import Note, Problem, Progress
from segstudio.project.export import ExportPlan
from segstudio.project.project import Project
from segstudio.review.evaluate import Evaluation

__all__ = [
    "Annotation",
    "ClassTable",
    "Evaluation",
    "ExportPlan",
    "ExportReport",
    "ImportReport",
    "ImportedProject",
    "Note",
    "Prediction",
    "Problem",
    "Progress",
    "Project",
    "Run",
    "SegstudioError",
    "Training",
    "complete_classes",
    "evaluate",
    "export",
    "import_dataset",
    "plan_export",
    "rasterise",
    "read_annotation",
    "read_image",
    "train",
    "train_arrays",
]
