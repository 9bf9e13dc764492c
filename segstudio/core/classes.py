"""Classes: id, name and colour, and the table that holds them in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from segstudio.core.colours import Colour, voc_colour

UNLABELLED: Final = 254  # a pixel that nobody has said anything about
IGNORE: Final = 255  # a pixel that must not count
MAX_CLASSES: Final = 254
IGNORE_NAME: Final = "__ignore__"
BACKGROUND_NAME: Final = "_background_"


def is_background(name: str) -> bool:
    """Whether class 0 of this name is what lies behind things, and not a thing of its own."""
    return name.strip("_").lower() == "background"


@dataclass(frozen=True)
class Class:
    """`aliases` are former names: files that still use them read as this class."""

    id: int
    name: str
    colour: Colour
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassTable:
    """Classes in order of id, 0 first; a value, so changing it gives another table."""

    classes: tuple[Class, ...] = (Class(0, BACKGROUND_NAME, voc_colour(0)),)

    @staticmethod
    def from_names(names: Iterable[str]) -> ClassTable:
        """Class k is the k-th name, 0 first, in VOC colours; `__ignore__` is not a class and is left out."""
        table = ClassTable(())
        for name in names:
            if name != IGNORE_NAME:
                table = table.with_added(name)
        return table if table.classes else ClassTable()

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[Class]:
        return iter(self.classes)

    def __getitem__(self, class_id: int) -> Class:
        return self.classes[class_id]

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.classes]

    def id_of(self, label: str) -> int | None:
        """Class id of a label, IGNORE for `__ignore__`, None for a name the table does not know."""
        label = label.strip()
        if label == IGNORE_NAME:
            return IGNORE
        for item in self.classes:
            if item.name == label:
                return item.id
        for item in self.classes:
            if label in item.aliases:
                return item.id
        return 0 if label == BACKGROUND_NAME and self.classes else None

    def name_of(self, class_id: int) -> str:
        return IGNORE_NAME if class_id == IGNORE else self.classes[class_id].name

    def canonical(self, label: str) -> str:
        """The name that a label has today; an unknown label stays as it is."""
        found = self.id_of(label)
        return label if found is None else self.name_of(found)

    def with_added(self, name: str, colour: Colour | None = None) -> ClassTable:
        """Raises ValueError for an empty, reserved or used name and beyond 254 classes."""
        name = self._checked(name)
        self._check_alias(name)
        new_id = len(self.classes)
        if new_id >= MAX_CLASSES:
            raise ValueError(
                f"class {name!r} would be number {new_id + 1}; a label plane of bytes holds at most "
                f"{MAX_CLASSES} classes (254 means unlabelled, 255 ignore), so merge or drop some"
            )
        return ClassTable((*self.classes, Class(new_id, name, colour or voc_colour(new_id))))

    def with_renamed(self, class_id: int, name: str) -> ClassTable:
        """The former name stays as an alias, so that files and undo steps that use it keep their meaning."""
        old = self.classes[class_id]
        if name.strip() == old.name:
            return self
        name = self._checked(name)
        if name not in old.aliases:
            self._check_alias(name)
        aliases = tuple(alias for alias in (*old.aliases, old.name) if alias != name)
        kept = list(self.classes)
        kept[class_id] = replace(old, name=name, aliases=aliases)
        return ClassTable(tuple(kept))

    def with_alias(self, name: str, alias: str) -> ClassTable:
        """Files that say `alias` mean `name` from now on. Raises ValueError where either cannot be."""
        class_id = self.id_of(name)
        if class_id is None or class_id >= len(self.classes):
            raise ValueError(f"there is no class {name!r}")
        self._check_alias(self._checked(alias))
        kept = list(self.classes)
        kept[class_id] = replace(kept[class_id], aliases=(*kept[class_id].aliases, alias.strip()))
        return ClassTable(tuple(kept))

    def with_merged(self, kept: str, gone: str) -> ClassTable:
        """Without the class `gone`, whose name and aliases mean `kept` from now on; later classes move up by one."""
        source = next((item for item in self.classes if item.name == gone), None)
        if source is None or source.id == 0 or kept not in self.names or kept == gone:
            raise ValueError(f"{gone!r} cannot be merged into {kept!r}")
        rest = [item for item in self.classes if item is not source]
        table = ClassTable(tuple(replace(item, id=index) for index, item in enumerate(rest)))
        for alias in (gone, *source.aliases):
            table = table.with_alias(kept, alias)
        return table

    def with_colour(self, class_id: int, colour: Colour) -> ClassTable:
        kept = list(self.classes)
        kept[class_id] = replace(kept[class_id], colour=colour)
        return ClassTable(tuple(kept))

    def _checked(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise ValueError("a class needs a name; type one")
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
            raise ValueError(f"{name!r} holds signs that no list of classes can hold; choose another name")
        if name == IGNORE_NAME:
            raise ValueError(f"{IGNORE_NAME} is reserved for pixels that do not count; choose another name")
        if name in self.names:
            raise ValueError(f"there is a class {name!r} already; choose another name")
        return name

    def _check_alias(self, name: str) -> None:
        """A former name may still stand in files and in undo steps, so it cannot become another class."""
        for item in self.classes:
            if name in item.aliases:
                raise ValueError(f"{name!r} was the name of {item.name!r} and still means it; choose another name")
