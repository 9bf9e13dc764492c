"""One image's annotation in memory, and how it relates to the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from segstudio.app.open_image import Kept
from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.history import History
from segstudio.core.painting_rules import Marks
from segstudio.errors import ChangedError, SegstudioError
from segstudio.project.item import Item
from segstudio.project.store import Stamp


class Status(Enum):
    CLEAN = "clean"  # the file has this value
    DIRTY = "dirty"  # edited since it was saved
    SAVING = "saving"  # this value is being written
    FAILED = "failed"  # the last attempt to write it failed
    CONFLICTED = "conflicted"  # another program has changed the file


@dataclass(eq=False)
class WorkingCopy:
    """One image's annotation in memory. `saved` is the value that its file has; None if that is another one.

    `attempted` is the value of the last attempt to save, `writing` the one in a job now, `journalled` the one in
    the journal. `open` says that the image is on the canvas.
    """

    item: Item
    folder: Path  # of the project
    table: ClassTable
    annotation: Annotation
    saved: Annotation | None
    stamp: Stamp
    history: History = field(default_factory=History)
    marks: Marks = field(default_factory=Marks)
    open: bool = False
    recovered: bool = False
    attempted: Annotation | None = None
    writing: Annotation | None = None
    journalled: Annotation | None = None
    error: SegstudioError | None = None

    @property
    def unsaved(self) -> bool:
        """True unless the file has this value, also once the write in a job has ended."""
        in_job = self.writing is not None and self.writing is not self.annotation
        return in_job or self.annotation is not self.saved

    @property
    def status(self) -> Status:
        if not self.unsaved:
            return Status.CLEAN
        if self.writing is self.annotation:
            return Status.SAVING
        if self.error is not None:
            return Status.CONFLICTED if isinstance(self.error, ChangedError) else Status.FAILED
        return Status.DIRTY

    def keep(self) -> Kept:
        """A snapshot for a job that reads the image."""
        return Kept(self.annotation, self.history, self.marks, self.stamp, self.unsaved)
