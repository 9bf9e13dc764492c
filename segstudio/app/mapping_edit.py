"""The class mapping of an import while the user edits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segstudio.core.classes import IGNORE_NAME, ClassTable, is_background
from segstudio.core.colours import Colour
from segstudio.project.mapping import DROP, ClassMapping

_GREY = (128, 128, 128)


class MappingEdit:
    """Targets and colours that the user chose survive `show`; keys are names in the dataset."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._proposed: Mapping[str, str] = {}
        self._shown: Mapping[str, Colour] = {}
        self._chosen: dict[str, str] = {}
        self._colours: dict[str, Colour] = {}

    def show(self, names: Sequence[str], colours: Mapping[str, Colour], proposed: Mapping[str, str]) -> None:
        """Follow another dataset. `colours` are its own, `proposed` the project's names for its classes."""
        self.names, self._shown, self._proposed = tuple(names), colours, proposed

    def target(self, name: str) -> str:
        """The class that it becomes, IGNORE_NAME or DROP."""
        return self._chosen.get(name, self._proposed.get(name, name))

    def choose(self, name: str, target: str) -> None:
        self._chosen[name] = target

    def colour(self, name: str) -> Colour:
        return self._colours.get(name) or self._shown.get(name) or _GREY

    def set_colour(self, name: str, colour: Colour) -> None:
        self._colours[name] = colour

    def mapping(self) -> ClassMapping:
        """Only what differs from the dataset."""
        changed = {name: self.target(name) for name in self.names if self.target(name) != name}
        colours = {self.target(name): colour for name, colour in self._colours.items() if name in self.names}
        return ClassMapping(changed, colours)


def list_targets(name: str, project: ClassTable) -> list[str]:
    """What a class may become: itself, a class of the project, IGNORE_NAME or DROP; background stays a class."""
    classes = [each for each in dict.fromkeys([name, *project.names]) if each != IGNORE_NAME]
    return classes if is_background(name) else [*classes, IGNORE_NAME, DROP]
