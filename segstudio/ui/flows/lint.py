"""Checking labels: findings come in while the project is read; what is ticked is mended, then all is read again."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.lint import Finding, lint_project
from segstudio.project.mend import mend
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.flows.open import OpenFlow
from segstudio.ui.flows.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session


class LintFlow(QObject):
    """Reads and writes files only once everything on the screen is saved."""

    def __init__(self, session: Session, saving: SaveFlow, opening: OpenFlow, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._window = window
        self._dialog: LintDialog | None = None
        self._job: Job | None = None
        self._found = self._mended = 0

    def check(self) -> None:
        if self._session.project is None:
            return
        dialog = self._dialog = LintDialog(self._window)
        dialog.picture_asked.connect(self._opening.open_item)
        dialog.mend_asked.connect(self._mend)
        dialog.finished.connect(self._on_closed)
        dialog.show()
        self._look()

    @property
    def dialog(self) -> LintDialog | None:
        return self._dialog

    def _on_closed(self) -> None:
        if self._job is not None:
            self._job.stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None

    def _look(self) -> None:
        project = self._session.project
        if project is None or self._dialog is None:
            return
        self._saving.save()
        self._found = 0
        items = list(self._session.items)
        self._dialog.begin(self.tr("Looking …"))
        self._job = self._session.jobs.after_queue(
            lambda: lint_project(project, items), self._on_event, self._on_looked, quiet=True
        )
        self._job.failed.connect(self._on_failed)

    def _on_event(self, event: Progress | Problem | Finding) -> None:
        if self._dialog is not None and isinstance(event, Finding):
            self._found += 1
            self._dialog.add(event)

    def _on_looked(self) -> None:
        self._job = None
        if self._dialog is None:
            return
        text = self.tr("{} findings.").format(self._found) if self._found else self.tr("Nothing was found.")
        if self._mended:
            left = self.tr("{} findings are left.").format(self._found) if self._found else self.tr("Nothing is left.")
            text = self.tr("{} mended.").format(self._mended) + " " + left
        self._mended = 0
        self._dialog.finish(text)

    def _mend(self, findings: list[Finding]) -> None:
        project = self._session.project
        if project is None or self._dialog is None or not findings:
            return
        self._saving.leave()
        project.save()
        items = list(self._session.items)
        self._dialog.begin(self.tr("Mending …"))
        job = self._session.jobs.enqueue(lambda: mend(project, items, findings), self._on_mended, self._on_end)
        job.failed.connect(self._on_failed)

    def _on_mended(self, event: Progress | Problem | Finding) -> None:
        if isinstance(event, Finding):
            self._mended += 1

    def _on_end(self) -> None:
        """The project is opened anew, at the picture that was open, and looked over again."""
        project, picture = self._session.project, self._session.picture
        if project is None:
            return
        self._saving.forget_visits()
        self._opening.open_path(picture.item.picture if picture is not None else project.folder, project.folder)
        if self._dialog is not None:
            self._session.jobs.start(lambda: (), lambda _: None, self._look_when_listed)

    def _look_when_listed(self) -> None:
        if self._session.items:
            self._look()
        else:
            self._session.jobs.start(lambda: (), lambda _: None, self._look_when_listed)

    def _on_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._dialog.finish(str(error))
