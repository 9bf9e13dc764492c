"""Labels saved while a run trains, which join its training set at the next epoch."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.samples import make_sample


class Arrivals:
    """Filled by the window's thread, emptied by the run's thread. `taken` are the samples that have joined."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.taken: dict[str, Sample] = {}
        self._lock = Lock()
        self._waiting: dict[str, tuple[Item, Annotation]] = {}
        self._held_out: dict[str, bool] = {}  # of all samples of the run: True for validation

    def start(self, samples: Sequence[Sample]) -> int:
        """The run starts with these samples; those that waited with the same labels wait no more. Number waiting."""
        with self._lock:
            self._held_out = {sample.name: sample.held_out for sample in samples}
            for sample in samples:
                waiting = self._waiting.get(sample.name)
                if waiting is not None and waiting[1].shapes == sample.annotation.shapes:
                    del self._waiting[sample.name]
            return len(self._waiting)

    def put(self, item: Item, annotation: Annotation) -> int:
        """Labels were saved. Number waiting."""
        with self._lock:
            self._waiting[item.name] = (item, annotation)
            return len(self._waiting)

    def take(self) -> list[Sample]:
        """All that wait, as samples in the run's subsets; called by the run."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            found = []
            for item, annotation in waiting.values():
                sample = make_sample(self.project, item, annotation, self._held_out)
                self._held_out[sample.name] = sample.held_out
                self.taken[sample.name] = sample
                found.append(sample)
            return found
