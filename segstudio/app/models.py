"""The model in memory. torch is imported inside functions only, which run in jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.project.project import Project
from segstudio.project.runs import find_weights

if TYPE_CHECKING:
    from segstudio.training.device import Device
    from segstudio.training.model import Model


class ModelCache:
    """Keeps the model that was used last; another run, or the same one with newer weights, replaces it."""

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._held: tuple[Model, Device] | None = None

    def get(self, project: Project, run: str) -> tuple[Model, Device]:
        """Load the weights of a run if they are not loaded yet. Raises SegstudioError when they cannot be read."""
        from segstudio.training.checkpoint import load_weights
        from segstudio.training.device import choose_device

        path = find_weights(project, run)
        key = (str(path), path.stat().st_mtime_ns)
        if self._held is None or key != self._key:
            device = choose_device()
            self._held, self._key = (load_weights(path, device), device), key
        return self._held
