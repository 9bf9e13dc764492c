"""Progress reporting, error messages and exit codes of the command line."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from segstudio.api import Training
    from segstudio.api.job_events import OnEvent
    from segstudio.events import Note, Problem
    from segstudio.training.events import Finished, StepDone, TrainEvent


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Annotate images, train a segmentation network on them and review its predictions.",
)

_MAX_NOTES: Final = 20  # printed; --json prints all
_FAILED: Final = 2


def command(name: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to the command line; errors that a user can act on become one line and exit status 2."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*arguments: Any, **options: Any) -> None:
            with one_line_errors():
                function(*arguments, **options)

        app.command(name)(run)
        return run

    return register


class Reporter:
    """Shows what a job yields: a progress bar on a terminal, plain lines elsewhere. Collects problems and notes.

    With `as_json` only the result is printed, by `finish`.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        from rich.console import Console

        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self._as_json = as_json
        self._quiet = quiet or as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._tenths = -1

    def say(self, text: str) -> None:
        if not self._quiet:
            self._out.print(text, markup=False)

    @contextlib.contextmanager
    def task(self, text: str) -> Iterator[OnEvent]:
        """Show `text` while a job runs; gives the function that takes the job's Progress, Note and Problem events."""
        from segstudio.events import Note, Problem

        with self._bar(text) as advance:

            def show(event: Any) -> None:
                if isinstance(event, Problem):
                    self.add_problem(event)
                elif isinstance(event, Note):
                    self.add_note(event)
                else:
                    advance(event.done, event.total)

            yield show

    def drain(self, events: Iterable[Any], text: str) -> list[Any]:
        """Run a job to its end; its events other than Progress, Note and Problem, in order."""
        from segstudio.api.job_events import collect

        with self.task(text) as show:
            return collect(events, show).results

    def add_problem(self, problem: Problem) -> None:
        self.problems.append(problem)
        self._err.print(f"problem: {problem}", markup=False)

    def add_note(self, note: Note) -> None:
        self.notes.append(note)
        if len(self.notes) <= _MAX_NOTES:
            self.say(f"note: {note}")

    @contextlib.contextmanager
    def _bar(self, text: str) -> Iterator[Callable[[int, int], None]]:
        if self._quiet or not self._out.is_terminal:
            self.say(f"{text} …")
            yield lambda done, total: None
            return
        from rich.progress import Progress as Bar

        with Bar(console=self._out, transient=True) as bar:
            task = bar.add_task(text, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        self.say(text)

    def follow(self, training: Training) -> Finished:
        """Run a training to its end, with a line for each tenth and each validation."""
        from segstudio.events import Note, Problem
        from segstudio.training.events import StepDone

        for event in stop_when_interrupted(training):
            match event:
                case Problem():
                    self.add_problem(event)
                case Note():
                    self.add_note(event)
                case StepDone():
                    self._show_step(event)
                case _:
                    for line in describe(event):
                        self.say(line)
        assert training.finished is not None
        return training.finished

    def _show_step(self, event: StepDone) -> None:
        """One line for each tenth of the run."""
        tenths = int(event.progress * 10)
        if tenths != self._tenths:
            self._tenths = tenths
            left = "" if math.isnan(event.remaining_s) else f"  {event.remaining_s:.0f} s left"
            self.say(f"  {event.progress:4.0%}  loss {event.loss:.3f}{left}")

    def finish(self, failed: bool = False, **result: Any) -> None:
        """Print the result and exit: with status 1 if there were problems or the command `failed`, else 0."""
        if self._as_json:
            problems, notes = ([asdict(each) for each in group] for group in (self.problems, self.notes))
            document = {**result, "problems": problems, "notes": notes}
            sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
        elif len(self.notes) > _MAX_NOTES:
            self.say(f"{len(self.notes) - _MAX_NOTES} more notes; --json prints them all")
        if self.problems:
            self.say(f"done, with {len(self.problems)} problems (listed above)")
        raise typer.Exit(1 if self.problems or failed else 0)


def stop_when_interrupted(training: Training) -> Generator[TrainEvent, None, None]:
    """The training's events. Ctrl-C stops it between two of them, so that its state is saved; a second one at once."""
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        for event in training:
            yield event
            if interrupted:
                training.close()
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def describe(event: TrainEvent) -> list[str]:
    """The lines to print for an event of a training; none for events that are not printed."""
    from segstudio.review.report import format_metric
    from segstudio.training.events import EpochDone, PretrainedLoaded, Recovered, SamplesAdded, Started

    match event:
        case Started():
            return [
                f"training {event.run_dir.name}",
                f"{event.train_images} training images, {event.held_out_images} validation images",
                event.text,
                *(f"  {decision.key} {decision.value}: {decision.reason}" for decision in event.decisions),
            ]
        case PretrainedLoaded():
            return [f"  {line}" for line in event.lines]
        case Recovered():
            return [f"  step {event.step}: {event.text}"]
        case SamplesAdded():
            return [f"  step {event.step}: {event.images} newly annotated images added"]
        case EpochDone():
            return [f"  step {event.step}: loss {event.loss:.3f}, validation mIoU {format_metric(event.miou)}"]
    return []


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an error that a user can act on, and Ctrl-C, into one line and exit status 2."""
    from segstudio.cli.system import describe_load_error
    from segstudio.errors import SegstudioError

    try:
        yield
    except SegstudioError as error:
        _fail(str(error), error)
    except (ImportError, OSError) as error:
        line = describe_load_error(error)
        if line is None:
            raise
        _fail(line, error)
    except KeyboardInterrupt as error:
        _fail("stopped", error)


def _fail(line: str, error: BaseException) -> None:
    sys.stderr.write(f"segstudio: {line}\n")
    raise SystemExit(_FAILED) from error
