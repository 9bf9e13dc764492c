"""Class mapping: which class of the project each class of a dataset becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, IGNORE_NAME, ClassTable, is_background
from segstudio.core.colours import Colour
from segstudio.errors import ProjectError

DROP: Final = ""
_IGNORED_NAMES: Final = frozenset({"void", "ignore", "ignored", "don't care", "dontcare"})


@dataclass(frozen=True)
class ClassMapping:
    """`names` maps a name in the dataset to one in the project, to `__ignore__` or to DROP; other names stay.

    `colours` are for classes of the project, by their names.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, Colour] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    def map_label(self, label: str) -> str:
        return self.names.get(label, label)

    def map_table(self, table: ClassTable) -> ClassTable:
        """The dataset's classes under their names in the project, merged, without those dropped or ignored."""
        out = ClassTable(())
        for item in table:
            name = self.map_label(item.name)
            if is_background(item.name) and item.id == 0 and name in (DROP, IGNORE_NAME):
                name = item.name  # a table of the project has a background class
            if name not in (DROP, IGNORE_NAME) and name not in out.names:
                out = out.with_added(name, self.colours.get(name) or item.colour)
        return out if len(out) else ClassTable()

    def map_annotation(self, annotation: Annotation) -> tuple[Annotation, tuple[str, ...]]:
        """The annotation with the project's class names, and a note for each class that was dropped from it."""
        if all(self.map_label(label) == label for label in annotation.labels):
            return annotation, ()
        dropped = Counter(shape.label for shape in annotation.shapes if self.map_label(shape.label) == DROP)
        kept = (shape for shape in annotation.shapes if self.map_label(shape.label) != DROP)
        shapes = tuple(replace(shape, label=self.map_label(shape.label)) for shape in kept)
        notes = tuple(f"{count} objects of {label} were dropped as requested" for label, count in dropped.items())
        return annotation.with_shapes(shapes), notes


def propose_mapping(names: Iterable[str], project: ClassTable) -> dict[str, str]:
    """The mapping that a user would most likely want; only names that change are in it.

    `void` and the like are ignored, background gets the project's name for it, and a name that differs from a class of
    the project only in case or blanks becomes that class.
    """
    known = {_normalise(name): name for name in project.names}
    out: dict[str, str] = {}
    for position, name in enumerate(names):
        if name.casefold() in _IGNORED_NAMES and position > 0:
            out[name] = IGNORE_NAME
        elif is_background(name) and project.has_background and len(project) > 1:
            out[name] = project[0].name
        elif project.id_of(name) is None and _normalise(name) in known:
            out[name] = known[_normalise(name)]
    return {name: target for name, target in out.items() if name != target}


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """From texts such as `SOURCE=CLASS`, `SOURCE=__ignore__` or `SOURCE=` (drop). Raises ProjectError."""
    out: dict[str, str] = {}
    for text in texts:
        name, sign, target = text.partition("=")
        if not sign or not name.strip():
            raise ProjectError(f"--map {text}: write SOURCE=CLASS, SOURCE={IGNORE_NAME} or SOURCE= to drop it")
        if is_background(name) and not target.strip():
            target = BACKGROUND_NAME
        out[name.strip()] = target.strip()
    return out


def _normalise(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()
