"""segstudio: annotate images, train a segmentation network on them, and review its predictions.

The names of the public Python API are exported from here and loaded on first use, so that `import segstudio` alone
loads neither numpy, Qt nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segstudio.api import (
        Annotation,
        ClassTable,
        Evaluation,
        ExportPlan,
        ExportReport,
        ImportedProject,
        ImportReport,
        Note,
        Prediction,
        Problem,
        Progress,
        Project,
        Run,
        SegstudioError,
        Training,
        complete_classes,
        evaluate,
        export,
        import_dataset,
        plan_export,
        rasterise,
        read_annotation,
        read_image,
        train,
        train_arrays,
    )

__version__ = "0.1.0"

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


def __getattr__(name: str) -> Any:
    """Load a public name from `segstudio.api` when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from segstudio import api

    globals()[name] = value = getattr(api, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
