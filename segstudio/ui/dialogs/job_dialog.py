"""A dialog in two pages: what is to be done, then how far it is and what came of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from segstudio.ui.dialogs.report import Report


class JobDialog(QDialog):
    """One button begins the work; the other stops it while it runs, and closes the dialog at any other time."""

    begin_asked = Signal()
    stop_asked = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.running = self.finished_work = False

    def place(self, form: QWidget, ready: bool = True) -> None:
        """The first page; the buttons come last, also for the Tab key. Not `ready`: there is nothing to begin yet."""
        self.report = Report()
        self._pages = QStackedWidget()
        self._pages.addWidget(form)
        self._pages.addWidget(self.report)
        self._buttons = QDialogButtonBox()
        self._go = self._buttons.addButton(self.windowTitle(), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setEnabled(ready)
        self._close = self._buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self._buttons.accepted.connect(self.begin_asked)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._buttons)
        self._go.setDefault(True)

    def add_button(self, text: str) -> QPushButton:
        """A further button, hidden until it means something."""
        button = self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.hide()
        return button

    def show_running(self, text: str) -> None:
        self.running = True
        self.report.begin(text)
        self._pages.setCurrentIndex(1)
        self._go.setDefault(False)
        self._close.setAutoDefault(False)
        self.report.setFocus()  # a second Enter may not stop it
        self._go.hide()
        self._close.setText(self.tr("Stop"))

    def show_finished(self, text: str) -> None:
        self.running, self.finished_work = False, True
        self.report.finish(text)
        self._close.setText(self.tr("Close"))
        self._close.setEnabled(True)
        self._close.setDefault(True)

    def show_form(self) -> None:
        """Nothing was done: back to the choices."""
        self.running = False
        self._pages.setCurrentIndex(0)
        self._go.show()
        self._go.setDefault(True)
        self._close.setText(self.tr("Cancel"))

    def reject(self) -> None:
        """Stop what runs first; close when nothing does."""
        if self.running:
            self._close.setEnabled(False)
            self.stop_asked.emit()
        else:
            super().reject()
