"""Command palette: a filtered list of all commands; those that cannot run now are greyed and give the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPalette, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from segstudio.app.command_search import find_commands
from segstudio.ui.widgets import make_column

_WIDTH_PX, _ICON_PX, _ROWS = 680, 16, 12


@dataclass(frozen=True)
class Command:
    """`where` is its menu; `keys` is its shortcut as shown; `refusal` says why it cannot run now."""

    text: str
    where: str
    keys: str
    icon: QIcon
    run: Callable[[], None]
    refusal: str = ""


class CommandPalette(QDialog):
    """Runs the chosen command after it has closed."""

    def __init__(self, commands: list[Command], window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._commands = commands
        self._found = commands  # as listed
        blank = QPixmap(_ICON_PX, _ICON_PX)
        blank.fill(Qt.GlobalColor.transparent)
        self._blank = QIcon(blank)  # keeps the texts aligned
        self._line = QLineEdit()
        self._line.setPlaceholderText(self.tr("Type a command"))
        self._line.setAccessibleName(self.tr("Command"))
        self._line.installEventFilter(self)
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Commands"))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        make_column(self._line, self._list, within=self, margins=(8, 8, 8, 8))
        self._line.textChanged.connect(self._fill)
        self._line.returnPressed.connect(self._run)
        self._list.itemClicked.connect(lambda _: self._run())
        self._fill("")
        self.resize(_WIDTH_PX, 60 + _ROWS * 26)
        corner = window.mapToGlobal(window.rect().center())
        self.move(corner.x() - _WIDTH_PX // 2, window.mapToGlobal(window.rect().topLeft()).y() + 80)
        self._line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down change the current row while the line keeps the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self._list.count():
                self._list.setCurrentRow((self._list.currentRow() + step) % self._list.count())
                return True
        return False

    def _fill(self, wanted: str) -> None:
        self._found = find_commands(wanted, self._commands)
        self._list.clear()
        for command in self._found:
            parts = [command.text, command.where, f"[{command.keys}]" if command.keys else "", command.refusal]
            icon = self._blank if command.icon.isNull() else command.icon
            item = QListWidgetItem(icon, "    ".join(part for part in parts if part), self._list)
            if command.refusal:
                item.setForeground(self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text))
        self._list.setCurrentRow(0)

    def _run(self) -> None:
        row = self._list.currentRow()
        if row >= 0:
            command = self._found[row]
            if not command.refusal:
                self.close()
                command.run()
