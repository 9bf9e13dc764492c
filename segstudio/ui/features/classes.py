"""Classes: add, rename, recolour, hide, lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QInputDialog

from segstudio.core.classes import ClassTable
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.relabel import Relabelled, relabel
from segstudio.project.store import use_current_names
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature


class ClassesFeature(Feature):
    """Every change is written to the project at once; a rename is carried into the label files in the background."""

    def actions(self) -> tuple[Action, ...]:
        edit = partial(Action, menu="Edit", refusal=self.refuse.no_project)
        return (
            edit("add_class", self.tr("Add class…"), "Ctrl+Shift+N", self.ask_add, icon="add"),
            edit("swap_class", self.tr("Last class"), "X", self.swap),
        )

    def tool_actions(self) -> tuple[Action, ...]:
        text, run = self.tr("Lock or unlock the current class"), partial(self._with_current, self.toggle_lock)
        return (Action("lock_class", text, "Shift+K", run, "Tools/Painting rules", refusal=self.refuse.no_project),)

    def view_actions(self) -> tuple[Action, ...]:
        action = partial(Action, menu="View/Labels", refusal=self.refuse.no_project)
        hide, solo = partial(self._with_current, self.toggle_visible), partial(self._with_current, self.toggle_solo)
        return (
            action("hide_class", self.tr("Hide or show the current class"), "Alt+H", hide),
            action("solo_class", self.tr("Show only the current class"), "Shift+V", solo),
        )

    def swap(self) -> None:
        """Make the class that was current before the current one again."""
        self.state.choose(class_id=min(self.state.settings.last_class_id, len(self.state.table) - 1))

    def ask_add(self) -> None:
        name, given = QInputDialog.getText(self.window, self.tr("Add a class"), self.tr("Name"))
        if given:
            self.add(name)

    def add(self, name: str) -> None:
        try:
            table = self.state.table.with_added(name)
        except ValueError as error:
            self.messages.warn(str(error))
            return
        self._change(table)
        self.state.choose(class_id=len(table) - 1)

    def rename(self, class_id: int, name: str) -> bool:
        """False, with a message, if the name cannot be used."""
        old = self.state.table[class_id].name
        try:
            table = self.state.table.with_renamed(class_id, name)
        except ValueError as error:
            self.messages.warn(str(error))
            return False
        if table is not self.state.table:
            self._change(table)
            self._carry_into_files(old, table)
        return True

    def ask_colour(self, class_id: int) -> None:
        item = self.state.table[class_id]
        chosen = QColorDialog.getColor(QColor(*item.colour), self.window, self.tr("Colour of {}").format(item.name))
        if chosen.isValid():
            self.recolour(class_id, (chosen.red(), chosen.green(), chosen.blue()))

    def recolour(self, class_id: int, colour: tuple[int, int, int]) -> None:
        self._change(self.state.table.with_colour(class_id, colour))

    def toggle_visible(self, class_id: int) -> None:
        layers = self.state.layers
        self.state.set_layers(replace(layers, solo=None, hidden=layers.hidden ^ {class_id}))

    def toggle_solo(self, class_id: int) -> None:
        """Show only this class; once more shows all as before."""
        layers = self.state.layers
        self.state.set_layers(replace(layers, solo=None if layers.solo == class_id else class_id))

    def toggle_lock(self, class_id: int) -> None:
        """A locked class is never painted over."""
        rules = self.state.rules
        self.state.set_rules(replace(rules, locked_classes=rules.locked_classes ^ {class_id}))

    def _with_current(self, change: Callable[[int], None]) -> None:
        change(self.state.settings.class_id)

    def _change(self, table: ClassTable) -> None:
        project = self.state.project
        if project is None:
            return
        changed = replace(project, table=table, listed=True)
        self.state.update_project(changed)
        try:
            changed.save()  # a few hundred bytes
        except SegstudioError as error:
            self.messages.warn(str(error))

    def _carry_into_files(self, old: str, table: ClassTable) -> None:
        """Write files with the old name again; the open image is saved like any other edit."""
        project, document, image = self.state.project, self.state.document, self.state.image
        if document is not None:
            document.apply("rename class", use_current_names(document.annotation, table))
            self.workspace.save()
        names = [state.name for state in self.state.item_states.values() if old in state.labels]
        items = {item.name: item for item in self.state.items if item.name in names}
        if image is not None:
            items.pop(image.item.name, None)

        def events() -> Iterator[Progress | Problem | Relabelled]:
            yield from relabel(list(items.values()), table)

        def on_event(event: Progress | Problem | Relabelled) -> None:
            if isinstance(event, Relabelled):
                self.workspace.set_stamp(items[event.state.name], event.stamp)
            if project is not None and self.state.is_current(project):
                self._show(event)

        self.jobs.enqueue(events, on_event)

    def _show(self, event: Progress | Problem | Relabelled) -> None:
        match event:
            case Relabelled():
                self.state.set_item_states([event.state])
            case Problem():
                self.messages.warn(str(event))
