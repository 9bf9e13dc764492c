"""Checking labels: findings arrive while the project is read; ticked ones are fixed, then the project is read again."""

from __future__ import annotations

from segstudio.app.latest_only import LatestOnly
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.lint import Finding, lint_project
from segstudio.project.lint_fixes import apply_fixes
from segstudio.project.project import Project
from segstudio.ui.actions import Action
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.open import OpenFeature


class LintFeature(Feature):
    """One dialog, about one project. Files are read and written only once everything on the screen is saved."""

    def __init__(self, context: FeatureContext, opening: OpenFeature) -> None:
        super().__init__(context)
        self._opening = opening
        self._dialog: LintDialog | None = None
        self._project: Project | None = None
        self._checks = LatestOnly(
            self.jobs.after_queue, self._on_event, on_end=self._on_checked, on_failure=self._on_failed
        )
        self._num_found = self._num_fixed = 0
        self._check_again = False
        self._problems: list[Problem] = []
        self.state.project_changed.connect(self._on_project)
        opening.listed.connect(self._on_listed)

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "lint", self.tr("Check labels…"), "F8", self.open_dialog, "Edit", refusal=self.refuse.no_project,
                tip=self.tr("Find likely mistakes in the labels"),
            ),
        )  # fmt: skip

    @property
    def dialog(self) -> LintDialog | None:
        return self._dialog

    def open_dialog(self) -> None:
        if self.state.project is None:
            return
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        dialog = self._dialog = LintDialog(self.window)
        dialog.image_asked.connect(self._opening.open_item)
        dialog.fix_asked.connect(self._fix)
        dialog.finished.connect(self._on_closed)
        dialog.show()
        self._problems = []
        self._check()

    def _on_closed(self) -> None:
        self._checks.cancel()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = self._project = None
        self._check_again = False

    def _on_project(self) -> None:
        """Findings of one project mean nothing in another."""
        if self._dialog is not None and self._project is not None and not self.state.is_current(self._project):
            self._dialog.close()

    def _check(self) -> None:
        project = self.state.project
        if project is None or self._dialog is None:
            return
        self.workspace.save()
        self._project, self._num_found = project, 0
        items = list(self.state.items)
        self._dialog.begin(self.tr("Checking …"))
        for problem in self._problems:
            self._dialog.add_problem(problem)
        self._checks.request(lambda: lint_project(project, items))

    def _on_event(self, event: Progress | Problem | Finding) -> None:
        if self._dialog is None:
            return
        match event:
            case Finding():
                self._num_found += 1
                self._dialog.add(event)
            case Problem():
                self._problems.append(event)
                self._dialog.add_problem(event)

    def _on_checked(self) -> None:
        if self._dialog is None:
            return
        found, fixed = self._num_found, self._num_fixed
        text = self.tr("{} findings.").format(found) if found else self.tr("No mistakes found.")
        if fixed:
            left = self.tr("{} findings are left.").format(found) if found else self.tr("No findings are left.")
            text = self.tr("{} fixed.").format(fixed) + " " + left
        if self._problems:
            text += " " + self.tr("{} files could not be checked.").format(len(self._problems))
        self._num_fixed, self._problems = 0, []
        self._dialog.finish(text)

    def _fix(self, findings: list[Finding]) -> None:
        project = self.state.project
        if project is None or self._dialog is None or self._project is None or not findings:
            return
        if not self.state.is_current(self._project):
            return
        self._checks.cancel()
        self.state.save_image()
        project.save()
        items = list(self.state.items)
        self._dialog.begin(self.tr("Fixing …"))
        self._problems = []
        self.jobs.enqueue(lambda: apply_fixes(project, items, findings), self._on_fixed, on_end=self._on_all_fixed)

    def _on_fixed(self, event: Progress | Problem | Finding) -> None:
        match event:
            case Finding():
                self._num_fixed += 1
            case Problem():
                self._problems.append(event)

    def _on_all_fixed(self) -> None:
        """Open the project again at the same image, and check it again once it is listed."""
        project, image = self.state.project, self.state.image
        if project is None or self._project is None or not self.state.is_current(self._project):
            return
        self.state.set_image(None)
        self.workspace.forget_saved()
        self._check_again = self._dialog is not None
        self._opening.open_path(image.item.image if image is not None else project.folder, project.folder)

    def _on_listed(self) -> None:
        if self._check_again:
            self._check_again = False
            self._check()

    def _on_failed(self, error: SegstudioError) -> None:
        if self._dialog is not None:
            self._problems.append(Problem("", str(error)))
