"""Which class of the project each class of a source becomes."""

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
_NOTHINGS: Final = frozenset({"void", "ignore", "ignored", "don't care", "dontcare"})


@dataclass(frozen=True)
class ClassMapping:
    """`names` lead from a name in the source to one in the project, `__ignore__` or DROP; names not in it stay.

    `colours` are of classes of the project.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, Colour] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    def of(self, label: str) -> str:
        return self.names.get(label, label)

    def table(self, table: ClassTable) -> ClassTable:
        """The source's classes under their names in the project, merged and without those dropped or ignored."""
        out = ClassTable(())
        for item in table:
            name = self.of(item.name)
            if is_background(item.name) and item.id == 0 and name in (DROP, IGNORE_NAME):
                name = item.name  # there is always something behind things
            if name not in (DROP, IGNORE_NAME) and name not in out.names:
                out = out.with_added(name, self.colours.get(name) or item.colour)
        return out if len(out) else ClassTable()

    def annotation(self, annotation: Annotation) -> tuple[Annotation, tuple[str, ...]]:
        """The annotation in the project's terms, and a note for each class that was dropped from it."""
        if all(self.of(label) == label for label in annotation.labels):
            return annotation, ()
        dropped = Counter(shape.label for shape in annotation.shapes if self.of(shape.label) == DROP)
        kept = (shape for shape in annotation.shapes if self.of(shape.label) != DROP)
        shapes = tuple(replace(shape, label=self.of(shape.label)) for shape in kept)
        notes = tuple(f"{count} objects of {label} were dropped, as told" for label, count in dropped.items())
        return annotation.with_shapes(shapes), notes


def proposed(names: Iterable[str], project: ClassTable) -> dict[str, str]:
    """What a user would most likely want: `void` ignored, background as the project calls it, names that differ
    only in case or in blanks taken as the same. Only names that change are in it."""
    known = {_plain(name): name for name in project.names}
    out: dict[str, str] = {}
    for position, name in enumerate(names):
        if name.casefold() in _NOTHINGS and position > 0:
            out[name] = IGNORE_NAME
        elif is_background(name) and is_background(project[0].name) and len(project) > 1:
            out[name] = project[0].name
        elif project.id_of(name) is None and _plain(name) in known:
            out[name] = known[_plain(name)]
    return {name: target for name, target in out.items() if name != target}


def parsed(texts: Iterable[str]) -> dict[str, str]:
    """`SOURCE=CLASS`, `SOURCE=__ignore__` or `SOURCE=` (drop), one each. Raises ProjectError."""
    out: dict[str, str] = {}
    for text in texts:
        name, sign, target = text.partition("=")
        if not sign or not name.strip():
            raise ProjectError(f"--map {text}: write SOURCE=CLASS, SOURCE={IGNORE_NAME} or SOURCE= to drop it")
        if is_background(name) and not target.strip():
            target = BACKGROUND_NAME
        out[name.strip()] = target.strip()
    return out


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()
