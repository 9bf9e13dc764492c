"""Actions: what a feature offers in menus, toolbars, by key and in the palette; and the QActions made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from segstudio.app.state import State
from segstudio.ui.icons import icon


def never() -> str:
    """The refusal of an action that can always run."""
    return ""


@dataclass(frozen=True)
class Action:
    """`text` and `tip` are translated already. `menu` is its place, "Menu/Submenu" for a deeper one.

    `keys` are key sequences separated by ", ". `refusal` gives "" if it can run now, or the reason why not.
    `checked` makes it one of an exclusive group and says whether it is the checked one.
    """

    name: str
    text: str
    keys: str
    run: Callable[[], object]
    menu: str
    icon: str = ""
    tip: str = ""
    refusal: Callable[[], str] = never
    checked: Callable[[], bool] | None = None


class ActionSet(QObject):
    """A QAction for every Action: its key, icon and tip, enabled or disabled with the reason in its tip."""

    def __init__(self, actions: Sequence[Action], state: State, window: QWidget) -> None:
        super().__init__(window)
        self.actions = tuple(actions)
        self.qactions: dict[str, QAction] = {}
        self._tips: dict[str, str] = {}  # with the key, without a refusal
        self._refusals: dict[str, str] = {}
        group = QActionGroup(window)
        for action in self.actions:
            made = QAction(action.text, window)
            made.setObjectName(action.name)
            made.triggered.connect(lambda _=False, run=action.run: run())
            if action.icon:
                made.setIcon(icon(action.icon))
            if action.checked is not None:
                made.setCheckable(True)
                group.addAction(made)
            window.addAction(made)
            self.qactions[action.name] = made
        for changed in (
            state.project_changed,
            state.image_changed,
            state.marks_changed,
            state.prediction_changed,
            state.training_changed,
            state.tool_changed,
        ):
            changed.connect(self.refresh)
        state.item_states_changed.connect(lambda names: self.refresh())
        state.workspace.changed.connect(lambda item: self.refresh())
        self.refresh()

    def __getitem__(self, name: str) -> QAction:
        return self.qactions[name]

    def refresh(self) -> None:
        """Enable what can run now."""
        for action in self.actions:
            made, refusal = self.qactions[action.name], action.refusal()
            if refusal != self._refusals.get(action.name):
                made.setEnabled(not refusal)
                self._refusals[action.name] = refusal
                self._set_tip(action)
            if action.checked is not None:
                made.setChecked(action.checked())

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """The keys in force; tips show the first of them."""
        for action in self.actions:
            texts = split_keys(keys[action.name])
            self.qactions[action.name].setShortcuts([QKeySequence(text) for text in texts])
            tip = action.tip or action.text
            self._tips[action.name] = f"{tip} ({native_key(texts[0])})" if texts else tip
            self._set_tip(action)

    def set_icons(self) -> None:
        """In the colours of the current palette."""
        for action in self.actions:
            if action.icon:
                self.qactions[action.name].setIcon(icon(action.icon))

    def _set_tip(self, action: Action) -> None:
        tip, refusal = self._tips.get(action.name, action.tip or action.text), self._refusals.get(action.name, "")
        self.qactions[action.name].setToolTip(f"{tip}\n{refusal}" if refusal else tip)


def split_keys(keys: str) -> list[str]:
    """Each key sequence in its portable form."""
    texts = [QKeySequence(text).toString(QKeySequence.SequenceFormat.PortableText) for text in keys.split(", ")]
    return [text for text in texts if text]


def native_key(text: str) -> str:
    """A key sequence as this system writes it."""
    return QKeySequence(text).toString(QKeySequence.SequenceFormat.NativeText)
