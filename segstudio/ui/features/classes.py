"""Classes: add, rename, recolour, hide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QInputDialog, QWidget

from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.relabel import Relabelled, relabel
from segstudio.project.store import canonical
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class ClassesFlow(QObject):
    """Every change is written to the project at once; a rename is carried into the files in the background."""

    def __init__(self, session: Session, saving: SaveFlow, messages: MessageBar, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._window = window

    def ask_add(self) -> None:
        name, given = QInputDialog.getText(self._window, self.tr("Add a class"), self.tr("Name"))
        if given:
            self.add(name)

    def add(self, name: str) -> None:
        try:
            table = self._session.table.with_added(name)
        except ValueError as error:
            self._messages.warn(str(error))
            return
        self._change(table)
        self._session.choose(class_id=len(table) - 1)

    def rename(self, class_id: int, name: str) -> None:
        old = self._session.table[class_id].name
        try:
            table = self._session.table.with_renamed(class_id, name)
        except ValueError as error:
            self._messages.warn(str(error))
            self._session.classes_changed.emit()  # show the old name again
            return
        if table is self._session.table:
            return
        self._change(table)
        self._carry_into_files(old, table)

    def ask_colour(self, class_id: int) -> None:
        item = self._session.table[class_id]
        chosen = QColorDialog.getColor(QColor(*item.colour), self._window, self.tr("Colour of {}").format(item.name))
        if chosen.isValid():
            self.recolour(class_id, (chosen.red(), chosen.green(), chosen.blue()))

    def recolour(self, class_id: int, colour: tuple[int, int, int]) -> None:
        self._change(self._session.table.with_colour(class_id, colour))

    def toggle_visible(self, class_id: int) -> None:
        self._session.layers.solo = None
        self._session.layers.hidden ^= {class_id}
        self._session.layers_changed.emit()

    def toggle_solo(self, class_id: int) -> None:
        """Show this class alone; once more shows all as before."""
        layers = self._session.layers
        layers.solo = None if layers.solo == class_id else class_id
        self._session.layers_changed.emit()

    def toggle_lock(self, class_id: int) -> None:
        """A locked class is never painted over."""
        rules = self._session.rules
        self._session.set_rules(replace(rules, locked=rules.locked ^ {class_id}))

    def toggle_visible_in_hand(self) -> None:
        self.toggle_visible(self._session.choice.class_id)

    def toggle_solo_in_hand(self) -> None:
        self.toggle_solo(self._session.choice.class_id)

    def toggle_lock_in_hand(self) -> None:
        self.toggle_lock(self._session.choice.class_id)

    def _change(self, table: ClassTable) -> None:
        project = self._session.project
        if project is None:
            return
        changed = replace(project, table=table, listed=True)
        self._session.update_project(changed)
        try:
            changed.save()  # a few hundred bytes
        except SegstudioError as error:
            self._messages.warn(str(error))

    def _carry_into_files(self, old: str, table: ClassTable) -> None:
        """Files with the old name are written again; the open image is saved like any other change."""
        image = self._session.image
        if image is not None and not image.read_only:
            renamed = canonical(image.document.annotation, table)
            image.document.apply("rename class", renamed)
            self._session.edited.emit()
            self._saving.save()
        names = [state.name for state in self._session.states.values() if old in state.labels]
        items = {item.name: item for item in self._session.items if item.name in names}
        if image is not None:
            items.pop(image.item.name, None)

        def events() -> Iterator[Progress | Problem | Relabelled]:
            yield from relabel(list(items.values()), table)

        def on_event(event: Progress | Problem | Relabelled) -> None:
            if isinstance(event, Relabelled):
                self._saving.set_stamp(items[event.state.name], event.stamp)
            if project is not None and self._session.is_current(project):
                self._tell(event)

        project = self._session.project
        self._session.jobs.enqueue(events, on_event)

    def _tell(self, event: Progress | Problem | Relabelled) -> None:
        match event:
            case Relabelled():
                self._session.set_states([event.state])
            case Problem():
                self._messages.warn(str(event))
