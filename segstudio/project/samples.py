"""Training samples of a project, and on which side of the split they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from segstudio.core.annotation import Annotation
from segstudio.core.sample import Sample
from segstudio.errors import SegstudioError
from segstudio.events import Problem, Progress
from segstudio.project.duplicates import find_duplicate_images, find_duplicates_of
from segstudio.project.item import Item
from segstudio.project.project import Project
from segstudio.project.split import assign
from segstudio.project.store import load_annotated


def gather(project: Project, items: list[Item]) -> Iterator[Progress | Problem | tuple[Sample, ...]]:
    """The annotated images of the project by value, split. A file that cannot be read is reported and left out."""
    found: list[tuple[Item, Annotation]] = []
    for done, item in enumerate(items):
        yield Progress(done, len(items), item.name)
        try:
            annotation = load_annotated(item)
        except SegstudioError as error:
            yield Problem(item.name, str(error))
            continue
        if annotation is not None:
            found.append((item, replace(annotation, extra={})))  # an embedded image may be large
    held = split_items(project, [item for item, _ in found])
    yield tuple(Sample(item.name, item.image, annotation, held[item.name]) for item, annotation in found)


def split_items(project: Project, items: Sequence[Item]) -> dict[str, bool]:
    """For each of these annotated items whether it is held out: the one split of training, export and lint."""
    return assign(
        [item.name for item in items],
        project.held_out,
        by=project.split_by,
        duplicates=find_duplicate_images(items),
    )


def make_sample(project: Project, item: Item, annotation: Annotation, known: Mapping[str, bool]) -> Sample:
    """The sample of an image that was annotated after the others were gathered.

    `known` says of the others whether they are held out; a duplicate of one of them goes to its side.
    """
    held = known.get(item.name)
    if held is None:
        others = (Item(name, project.folder / name, "") for name in known)
        alike = [item.name, *find_duplicates_of(item.image, others)]
        held = assign([*known, item.name], known, by=project.split_by, duplicates=[alike])[item.name]
    return Sample(item.name, item.image, replace(annotation, extra={}), held)


def assign_subsets(samples: Sequence[Sample], held_out: Mapping[str, bool]) -> tuple[Sample, ...]:
    """The samples with the side that `held_out` gives for their names; the others stay on theirs."""
    return tuple(replace(sample, held_out=held_out.get(sample.name, sample.held_out)) for sample in samples)


def record_split(project: Project, samples: Sequence[Sample]) -> Project:
    """The project with the side of each sample recorded, so that later runs keep it."""
    return replace(project, held_out={**project.held_out, **{sample.name: sample.held_out for sample in samples}})
