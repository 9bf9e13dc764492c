"""A QAction for every row: wired, with its keys, and kept enabled as the session says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from segstudio.ui.action_rows import ACTIONS, TIPS, Action
from segstudio.ui.icons import icon
from segstudio.ui.keymap import split
from segstudio.ui.session import Session


def build_actions(session: Session, window: QWidget, flows: dict[str, object]) -> dict[str, QAction]:
    """By name."""
    built: dict[str, QAction] = {}
    group = QActionGroup(window)
    for row in ACTIONS:
        action = QAction(row.shown, window)
        action.setObjectName(row.name)
        action.triggered.connect(_calling(_method_of(row, session, flows)))
        if row.tool:
            action.setCheckable(True)
            group.addAction(action)
        window.addAction(action)
        built[row.name] = action

    def refresh() -> None:
        for row in ACTIONS:
            built[row.name].setEnabled(row.enabled(session))
            if row.tool:
                built[row.name].setChecked(session.tool.name == row.name)

    for changed in (
        session.project_changed,
        session.image_changed,
        session.edited,
        session.marks_changed,
        session.states_changed,
        session.prediction_changed,
        session.training_changed,
        session.choice_changed,
    ):
        changed.connect(lambda *_: refresh())
    refresh()
    return built


def set_keys(actions: dict[str, QAction], keys: Mapping[str, str]) -> None:
    """The keys in force, and tips that tell the first of them."""
    for row in ACTIONS:
        texts = split(keys[row.name])
        actions[row.name].setShortcuts([QKeySequence(text) for text in texts])
        tip = QCoreApplication.translate("Action", TIPS.get(row.name, row.text))
        actions[row.name].setToolTip(f"{tip} ({shown_key(texts[0])})" if texts else tip)


def shown_key(text: str) -> str:
    """As this system writes it."""
    return QKeySequence(text).toString(QKeySequence.SequenceFormat.NativeText)


def set_icons(actions: dict[str, QAction]) -> None:
    """In the colours of the palette of this moment."""
    for row in ACTIONS:
        if row.icon:
            actions[row.name].setIcon(icon(row.icon))


def _method_of(row: Action, session: Session, flows: dict[str, object]) -> Callable[[], object]:
    if row.tool:
        return lambda: session.choose(tool=row.name)
    flow, method = row.does.split(".")
    found: Callable[[], object] = getattr(flows[flow], method)
    return found


def _calling(method: Callable[[], object]) -> Callable[..., None]:
    def call(*_: object) -> None:
        method()

    return call
