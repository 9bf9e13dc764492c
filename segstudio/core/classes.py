"""Classes (id, name, colour) and the class table."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from segstudio.core.colours import Colour, voc_colour

UNLABELLED: Final = 254  # pixel without any label
IGNORE: Final = 255  # pixel excluded from training and metrics
MAX_CLASSES: Final = 254
IGNORE_NAME: Final = "__ignore__"
BACKGROUND_NAME: Final = "_background_"


def is_background(name: str) -> bool:
    """True for a name that means background, such as `_background_` or `Background`."""
    return name.strip("_").lower() == "background"


@dataclass(frozen=True)
class Class:
    """One class; `aliases` are former names, by which files may still refer to it."""

    id: int
    name: str
    colour: Colour
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassTable:
    """Immutable list of classes in order of id, from 0."""

    classes: tuple[Class, ...] = (Class(0, BACKGROUND_NAME, voc_colour(0)),)

    @staticmethod
    def from_names(names: Iterable[str]) -> ClassTable:
        """A table of the names in their order, in VOC colours, without `__ignore__`; the default table if none is left.

        Raises ValueError for names that a table cannot hold, see `with_added`.
        """
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
    def has_background(self) -> bool:
        """True if class 0 is a background class; CamVid, for example, has none."""
        return bool(self.classes) and is_background(self.classes[0].name)

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.classes]

    def id_of(self, label: str) -> int | None:
        """Class id of a label, by name, then by alias; IGNORE for `__ignore__`; None for an unknown label.

        `_background_` is always 0.
        """
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

    def canonical_name(self, label: str) -> str:
        """The current name of a label that may be an alias; an unknown label is returned unchanged."""
        found = self.id_of(label)
        return label if found is None else self.name_of(found)

    def with_added(self, name: str, colour: Colour | None = None) -> ClassTable:
        """Append a class. Raises ValueError for an empty, reserved or used name and beyond 254 classes."""
        name = self._normalise_name(name)
        self._check_alias(name)
        new_id = len(self.classes)
        if new_id >= MAX_CLASSES:
            raise ValueError(
                f"class {name!r} would be number {new_id + 1}, but an 8-bit label plane holds at most "
                f"{MAX_CLASSES} classes (254 means unlabelled, 255 ignore); merge or delete some"
            )
        return ClassTable((*self.classes, Class(new_id, name, colour or voc_colour(new_id))))

    def with_renamed(self, class_id: int, name: str) -> ClassTable:
        """Rename a class. The old name becomes an alias, because files and undo steps may still contain it."""
        old = self.classes[class_id]
        if name.strip() == old.name:
            return self
        name = self._normalise_name(name)
        if name not in old.aliases:
            self._check_alias(name)
        aliases = tuple(alias for alias in (*old.aliases, old.name) if alias != name)
        kept = list(self.classes)
        kept[class_id] = replace(old, name=name, aliases=aliases)
        return ClassTable(tuple(kept))

    def with_alias(self, name: str, alias: str) -> ClassTable:
        """Add an alias to the class `name`. Raises ValueError for an unknown class or an alias in use."""
        class_id = self.id_of(name)
        if class_id is None or class_id >= len(self.classes):
            raise ValueError(f"there is no class {name!r}; choose one of {', '.join(self.names)}")
        self._check_alias(self._normalise_name(alias))
        kept = list(self.classes)
        kept[class_id] = replace(kept[class_id], aliases=(*kept[class_id].aliases, alias.strip()))
        return ClassTable(tuple(kept))

    def with_merged(self, kept: str, removed: str) -> ClassTable:
        """Merge the class `removed` into `kept`: its name and aliases become aliases, and later ids decrease by one.

        Raises ValueError for an unknown class, for class 0 and for a class and itself.
        """
        source = next((item for item in self.classes if item.name == removed), None)
        if source is None or source.id == 0 or kept not in self.names or kept == removed:
            raise ValueError(
                f"{removed!r} cannot be merged into {kept!r}; choose two classes, and not class 0 as the first"
            )
        rest = [item for item in self.classes if item is not source]
        table = ClassTable(tuple(replace(item, id=index) for index, item in enumerate(rest)))
        for alias in (removed, *source.aliases):
            table = table.with_alias(kept, alias)
        return table

    def with_colour(self, class_id: int, colour: Colour) -> ClassTable:
        kept = list(self.classes)
        kept[class_id] = replace(kept[class_id], colour=colour)
        return ClassTable(tuple(kept))

    def _normalise_name(self, name: str) -> str:
        """The name without surrounding spaces; raises ValueError for a name that a new class cannot have."""
        name = name.strip()
        if not name:
            raise ValueError("a class needs a name; type one")
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
            raise ValueError(f"{name!r} contains control characters; choose another name")
        if name == IGNORE_NAME:
            raise ValueError(f"{IGNORE_NAME} is reserved for ignored pixels; choose another name")
        if name in self.names:
            raise ValueError(f"there is already a class {name!r}; choose another name")
        return name

    def _check_alias(self, name: str) -> None:
        """Raise ValueError if `name` is an alias: files and undo steps that contain it would change their meaning."""
        for item in self.classes:
            if name in item.aliases:
                raise ValueError(f"{name!r} was the name of {item.name!r} and is still its alias; choose another name")
