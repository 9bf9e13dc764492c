"""Base of the dialogs with a job: fields and a preview of what the job would do, then its progress and report."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractScrollArea, QDialog, QDialogButtonBox, QPushButton, QStackedWidget, QWidget

from segstudio.ui.dialogs.report import Report
from segstudio.ui.widgets import STRETCH, Field, make_column, make_label


class JobForm(QDialog):
    """One button begins the job; the other stops it while it runs, and closes the dialog at any other time.

    `status` is one of the parts of the form: what the job would do, or why it cannot run.
    """

    preview_asked = Signal()  # a field was changed
    begin_asked = Signal()
    stop_asked = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.running = self.ended = False
        self.status = make_label(wrap=True)
        self.report = Report()

    def set_form(self, *parts: Field, begin: str = "", ready: bool = True) -> None:
        """Lists share the height that is left. `begin` is the button's text, by default the title."""
        form = QWidget()
        parts_with_stretch = ((part, 1 if isinstance(part, QAbstractScrollArea) else 0) for part in parts)
        make_column(*parts_with_stretch, STRETCH, within=form, margins=(0, 0, 0, 0), spacing_px=8)
        self._pages = QStackedWidget()
        self._pages.addWidget(form)
        self._pages.addWidget(self.report)
        self._buttons = QDialogButtonBox()
        self._begin = self._buttons.addButton(begin or self.windowTitle(), QDialogButtonBox.ButtonRole.AcceptRole)
        self._close = self._buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._buttons.accepted.connect(self.begin_asked)
        self._buttons.rejected.connect(self.reject)
        make_column((self._pages, 1), self._buttons, within=self, spacing_px=12)
        self._begin.setDefault(True)
        self.set_ready(ready)

    def add_button(self, text: str) -> QPushButton:
        return self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)

    @property
    def text(self) -> str:
        return self.status.text()

    @property
    def editable(self) -> bool:
        """True until the job begins."""
        return not self.running and not self.ended

    def set_ready(self, ready: bool) -> None:
        """Whether the job can begin."""
        self._begin.setEnabled(ready)

    def show_status(self, text: str) -> None:
        self.status.setText(text)

    def show_running(self, text: str) -> None:
        self.running = True
        self.report.begin(text)
        self._pages.setCurrentIndex(1)
        self._begin.setDefault(False)
        self._close.setAutoDefault(False)
        self.report.setFocus()  # a second Enter must not stop the job
        self._begin.hide()
        self._close.setText(self.tr("Stop"))

    def show_finished(self, text: str) -> None:
        self.running, self.ended = False, True
        self.report.finish(text)
        self._close.setText(self.tr("Close"))
        self._close.setEnabled(True)
        self._close.setDefault(True)

    def reject(self) -> None:
        """Stop a running job; close the dialog if none runs."""
        if self.running:
            self._close.setEnabled(False)
            self.stop_asked.emit()
        else:
            super().reject()
