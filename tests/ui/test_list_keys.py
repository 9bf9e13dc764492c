"""Keys of the lists in panels and dialogs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidget

from segstudio.events import Problem
from segstudio.ui.dialogs.lint import LintDialog
from segstudio.ui.window import MainWindow


def test_space_hides_return_colours_and_f2_renames_the_current_class(opened: MainWindow) -> None:
    asked: list[tuple[str, int]] = []
    opened.classes.colour_asked.disconnect()
    opened.classes.visibility_toggled.connect(lambda class_id: asked.append(("visibility", class_id)))
    opened.classes.colour_asked.connect(lambda class_id: asked.append(("colour", class_id)))
    tree = opened.classes._tree
    tree.setCurrentItem(tree.topLevelItem(1))
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_F2):
        QTest.keyClick(tree, key)
    assert asked == [("visibility", 1), ("colour", 1)]
    assert tree.state() == QTreeWidget.State.EditingState


def test_delete_and_backspace_ask_to_delete_objects(opened: MainWindow) -> None:
    asked: list[int] = []
    opened.objects.delete_asked.disconnect()
    opened.objects.delete_asked.connect(lambda: asked.append(1))
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        QTest.keyClick(opened.objects._table, key)
    assert asked == [1, 1]


def test_return_opens_the_image_of_a_row_and_presses_the_button_of_a_dialog_without_rows(opened: MainWindow) -> None:
    dialog = LintDialog(opened)
    dialog.show()
    dialog.add_problem(Problem("p3.png", "cannot be read"))
    asked: list[str] = []
    dialog.image_asked.connect(asked.append)
    dialog._rows.setCurrentItem(dialog._rows.topLevelItem(0))
    QTest.keyClick(dialog._rows, Qt.Key.Key_Return)
    assert asked == ["p3.png"]
    assert dialog.isVisible()
    dialog._rows.clear()
    QTest.keyClick(dialog._rows, Qt.Key.Key_Return)
    assert not dialog.isVisible()
