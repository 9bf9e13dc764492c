"""Recovery after a crash: labels that were not saved are found in the journal and offered again."""

from __future__ import annotations

import contextlib

from segstudio.events import Problem
from segstudio.project import journal
from segstudio.project.journal import JournalEntry
from segstudio.project.project import Project
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.messages import Remedy

_MOST_NAMED = 3


class RecoveryFeature(Feature):
    """One window at a time holds a folder's journal; another one neither writes nor offers until it is free."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)

    def actions(self) -> tuple[Action, ...]:
        text = self.tr("Recover unsaved labels…")
        return (Action("recover", text, "Ctrl+Alt+Z", self.search, "File", refusal=self.refuse.no_project),)

    def search(self) -> None:
        """Read the journal's entries of an earlier session and offer them; all items must be listed."""
        project, items = self.state.project, list(self.state.items)
        if (
            project is None
            or not journal.has_journal(project.folder)
            or not self.workspace.holds_journal(project.folder)
        ):
            return
        found: list[JournalEntry] = []

        def on_event(event: JournalEntry | Problem) -> None:
            if isinstance(event, Problem):
                self.messages.warn(str(event))
            elif not self.workspace.is_unsaved(event.item):
                found.append(event)

        def on_end() -> None:
            if found and self.state.is_current(project):
                self._offer(project, found)

        self.jobs.after_queue(lambda: journal.read_entries(project.folder, items), on_event, on_end=on_end)

    def _offer(self, project: Project, found: list[JournalEntry]) -> None:
        names = ", ".join(
            entry.item.name + (self.tr(" (its file is newer)") if entry.older else "") for entry in found[:_MOST_NAMED]
        )
        more = "…" if len(found) > _MOST_NAMED else ""
        self.messages.warn(
            self.tr("segstudio ended before the labels of {} were saved.").format(names + more),
            Remedy(self.tr("Recover"), lambda: self._recover(project, found)),
            Remedy(self.tr("Discard"), lambda: self._discard(found)),
        )

    def _recover(self, searched: Project, found: list[JournalEntry]) -> None:
        """As one edit of the open image; as unsaved work of the others, saved in the background."""
        project = self.state.project  # its classes may have changed since the search
        if project is None or not self.state.is_current(searched):
            return
        for entry in found:
            document = self.state.document
            if document is not None and self.state.is_open(entry.item):
                document.apply("recover", entry.annotation)
                self.workspace.mark_recovered(entry.annotation)
            else:
                self.workspace.adopt(entry.item, entry.annotation, entry.stamp, project)
                self.state.image_cache.forget(entry.item)
        self.workspace.retry()

    def _discard(self, found: list[JournalEntry]) -> None:
        for entry in found:
            with contextlib.suppress(OSError):
                entry.path.unlink()
