"""Checking labels: findings come in while the project is read; what is ticked is mended, then all is read again."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.lint import Finding, lint_project
from segstudio.project.lint_fixes import mend
from segstudio.project.project import Project
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.features.open import OpenFlow
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.jobs import Job
from segstudio.ui.session import Session


class LintFlow(QObject):
    """One dialog, about one project. Reads and writes files only once everything on the screen is saved."""

    def __init__(self, session: Session, saving: SaveFlow, opening: OpenFlow, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._opening = opening
        self._window = window
        self._dialog: LintDialog | None = None
        self._project: Project | None = None
        self._job: Job | None = None
        self._found = self._mended = 0
        self._look_again = False
        self._problems: list[Problem] = []
        session.project_changed.connect(self._on_project)
        opening.listed.connect(self._on_listed)

    @property
    def dialog(self) -> LintDialog | None:
        return self._dialog

    def check(self) -> None:
        if self._session.project is None:
            return
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        dialog = self._dialog = LintDialog(self._window)
        dialog.image_asked.connect(self._opening.open_item)
        dialog.mend_asked.connect(self._mend)
        dialog.finished.connect(self._on_closed)
        dialog.show()
        self._problems = []
        self._look()

    def _on_closed(self) -> None:
        self._stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = self._project = None
        self._look_again = False

    def _on_project(self) -> None:
        """What was found in one project is nothing to another."""
        if self._dialog is not None and self._project is not None and not self._session.is_current(self._project):
            self._dialog.close()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop()
        self._job = None

    def _look(self) -> None:
        project = self._session.project
        if project is None or self._dialog is None:
            return
        self._stop()
        self._saving.save()
        self._project, self._found = project, 0
        items = list(self._session.items)
        self._dialog.begin(self.tr("Looking …"))
        for problem in self._problems:
            self._dialog.add_problem(problem)
        job = self._job = self._session.jobs.after_queue(
            lambda: lint_project(project, items),
            lambda event: self._on_event(job, event),
            lambda: self._on_looked(job),
            quiet=True,
        )
        job.failed.connect(lambda error: self._on_failed(job, error))

    def _on_event(self, job: Job, event: Progress | Problem | Finding) -> None:
        if self._dialog is None or job is not self._job:
            return
        match event:
            case Finding():
                self._found += 1
                self._dialog.add(event)
            case Problem():
                self._problems.append(event)
                self._dialog.add_problem(event)

    def _on_looked(self, job: Job) -> None:
        if self._dialog is None or job is not self._job:
            return
        self._job = None
        text = self.tr("{} findings.").format(self._found) if self._found else self.tr("Nothing was found.")
        if self._mended:
            left = self.tr("{} findings are left.").format(self._found) if self._found else self.tr("Nothing is left.")
            text = self.tr("{} mended.").format(self._mended) + " " + left
        if self._problems:
            text += " " + self.tr("{} files could not be looked at.").format(len(self._problems))
        self._mended, self._problems = 0, []
        self._dialog.finish(text)

    def _mend(self, findings: list[Finding]) -> None:
        project = self._session.project
        if project is None or self._dialog is None or self._project is None or not findings:
            return
        if not self._session.is_current(self._project):
            return
        self._stop()
        self._saving.leave()
        project.save()
        items = list(self._session.items)
        self._dialog.begin(self.tr("Mending …"))
        self._problems = []
        self._session.jobs.enqueue(lambda: mend(project, items, findings), self._on_mended, self._on_end)

    def _on_mended(self, event: Progress | Problem | Finding) -> None:
        match event:
            case Finding():
                self._mended += 1
            case Problem():
                self._problems.append(event)

    def _on_end(self) -> None:
        """The project is opened anew, at the image that was open, and looked over again when it is listed."""
        project, image = self._session.project, self._session.image
        if project is None or self._project is None or not self._session.is_current(self._project):
            return
        self._saving.forget_visits()
        self._look_again = self._dialog is not None
        self._opening.open_path(image.item.image if image is not None else project.folder, project.folder)

    def _on_listed(self) -> None:
        if self._look_again:
            self._look_again = False
            self._look()

    def _on_failed(self, job: Job, error: SegstudioError) -> None:
        if job is self._job and self._dialog is not None:
            self._problems.append(Problem("", str(error)))
