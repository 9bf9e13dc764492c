"""How a job looks on a terminal, in a pipe, and as an exit status."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from segstudio.events import Note, Problem


app = typer.Typer(add_completion=False, no_args_is_help=True, help="Draw, learn and review segmentation masks.")


_NOTES_SHOWN = 20


class Reporter:
    """Shows what a job yields: a bar on a terminal, plain lines elsewhere; keeps results and counts problems."""

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console

        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)
        self.quiet = quiet
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self._tenth = -1

    def say(self, text: str) -> None:
        if not self.quiet:
            self.out.print(text, markup=False)

    def drain(self, events: Iterable[Any], text: str) -> list[Any]:
        """Every event that is neither progress nor a problem, in order."""
        from segstudio.events import Note, Problem, Progress

        results = []
        with self._bar(text) as advance:
            for event in events:
                if isinstance(event, Progress):
                    advance(event.done, event.total)
                elif isinstance(event, Problem):
                    self.problem(str(event), event)
                elif isinstance(event, Note):
                    self.notes.append(event)
                    if len(self.notes) <= _NOTES_SHOWN:
                        self.say(f"note: {event}")
                else:
                    results.append(event)
        return results

    def problem(self, text: str, event: Problem | None = None) -> None:
        from segstudio.events import Problem

        self.problems.append(event or Problem("", text))
        self.err.print(f"problem: {text}", markup=False)

    @contextlib.contextmanager
    def _bar(self, text: str) -> Iterator[Any]:
        if self.quiet or not self.out.is_terminal:
            self.say(f"{text} …")
            yield lambda done, total: None
            return
        from rich.progress import Progress as Bar

        with Bar(console=self.out, transient=True) as bar:
            task = bar.add_task(text, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        self.say(text)

    def training(self, events: Iterable[Any]) -> Any:
        """Follows a run; gives its Finished event."""
        from segstudio.training.events import Finished, StepDone

        finished = None
        for event in self.drained_as_it_goes(events):
            if isinstance(event, StepDone):
                self._tenth_of_the_way(event.progress, event.loss, event.left_s)
            elif isinstance(event, Finished):
                finished = event
            else:
                self._tell(event)
        return finished

    def _tell(self, event: Any) -> None:
        from segstudio.events import Note
        from segstudio.review.report import text
        from segstudio.training.events import EpochDone, Joined, Rescued, Started, Transferred

        match event:
            case Started():
                self.say(f"{event.train_images} images to learn from, {event.held_out_images} held out")
                self.say(event.text)
                for choice in event.choices:
                    self.say(f"  {choice.key} {choice.value}: {choice.reason}")
            case Note():
                self.notes.append(event)
                self.say(f"note: {event}")
            case Transferred():
                for line in event.lines:
                    self.say(f"  {line}")
            case Rescued():
                self.say(f"  step {event.step}: {event.text}")
            case Joined():
                self.say(f"  step {event.step}: {event.images} new masks joined")
            case EpochDone():
                self.say(f"  step {event.step}: loss {event.loss:.3f}, held-out mIoU {text(event.miou)}")

    def drained_as_it_goes(self, events: Iterable[Any]) -> Iterator[Any]:
        from segstudio.events import Problem, Progress

        for event in events:
            if isinstance(event, Problem):
                self.problem(str(event), event)
            elif not isinstance(event, Progress):
                yield event

    def _tenth_of_the_way(self, progress: float, loss: float, left_s: float) -> None:
        if int(progress * 10) != self._tenth:
            self._tenth = int(progress * 10)
            left = f"  {left_s:.0f} s left" if left_s == left_s else ""  # NaN before the first step
            self.say(f"  {progress:4.0%}  loss {loss:.3f}{left}")

    def finish(self, as_json: bool = False, failed: bool = False, **result: Any) -> None:
        """The report and the exit status: 1 where there were problems, or where it `failed` without any."""
        if as_json:
            problems, notes = ([asdict(each) for each in group] for group in (self.problems, self.notes))
            plain = {**result, "problems": problems, "notes": notes}
            sys.stdout.write(json.dumps(plain, indent=2, default=str) + "\n")
        elif len(self.notes) > _NOTES_SHOWN:
            self.say(f"{len(self.notes) - _NOTES_SHOWN} more notes; --json lists them all")
        if self.problems and not as_json:
            self.say(f"done, with {len(self.problems)} problems (listed above)")
        raise typer.Exit(1 if self.problems or failed else 0)


def until_interrupted(events: Iterator[Any]) -> Iterator[Any]:
    """Ctrl-C ends a job between two of its events, so that it keeps all it has done; a second one ends it at once."""
    asked: list[int] = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(1)

    before = signal.signal(signal.SIGINT, ask)
    try:
        for event in events:
            yield event
            if asked:
                events.close()  # type: ignore[attr-defined]
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """A user's error becomes one line and exit status 2."""
    from segstudio.errors import SegstudioError

    try:
        yield
    except SegstudioError as error:
        sys.stderr.write(f"segstudio: {error}\n")
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        sys.stderr.write("segstudio: stopped\n")
        raise typer.Exit(2) from error
