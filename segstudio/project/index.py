"""Cache of item states, confusion matrices and uncertainties in SQLite; it can be deleted at any time."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from segstudio.core.metrics import ConfusionMatrix
from segstudio.errors import SegstudioError
from segstudio.events import Progress
from segstudio.formats.labelme import labelme_json
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project
from segstudio.project.store import Stamp, state_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items(
    name TEXT PRIMARY KEY, stamp TEXT, labelled INT, status TEXT, labels TEXT, problem TEXT
);
CREATE TABLE IF NOT EXISTS uncertainties(run TEXT, name TEXT, value REAL, PRIMARY KEY(run, name));
CREATE TABLE IF NOT EXISTS matrices(run TEXT, name TEXT, classes TEXT, matrix BLOB, PRIMARY KEY(run, name));
"""


class Index:
    """One connection, used by the thread that opened it. Where SQLite cannot write, the index is in memory only."""

    def __init__(self, path: Path) -> None:
        self._db = _open(path)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def read_states(self) -> dict[str, tuple[str, ItemState]]:
        """By name: repr of the file's stamp when the state was read, and the state."""
        rows = self._db.execute("SELECT name, stamp, labelled, status, labels, problem FROM items")
        return {
            name: (stamp, ItemState(name, bool(has_shapes), status, tuple(json.loads(labels)), problem))
            for name, stamp, has_shapes, status, labels, problem in rows
        }

    def put_state(self, stamp: Stamp, state: ItemState) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO items VALUES(?,?,?,?,?,?)",
            (
                state.name,
                repr(stamp),
                state.has_shapes,
                state.status,
                json.dumps(state.labels, ensure_ascii=False),
                state.problem,
            ),
        )

    def put_matrix(self, run: str, name: str, classes: list[str], matrix: ConfusionMatrix) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO matrices VALUES(?,?,?,?)",
            (run, name, json.dumps(classes), np.ascontiguousarray(matrix, np.int64).tobytes()),
        )

    def rename_run(self, run: str, name: str) -> None:
        for table in ("matrices", "uncertainties"):
            self._db.execute(f"DELETE FROM {table} WHERE run = ?", (name,))
            self._db.execute(f"UPDATE {table} SET run = ? WHERE run = ?", (name, run))

    def delete_run(self, run: str) -> None:
        for table in ("matrices", "uncertainties"):
            self._db.execute(f"DELETE FROM {table} WHERE run = ?", (run,))

    def put_uncertainty(self, run: str, name: str, value: float) -> None:
        self._db.execute("INSERT OR REPLACE INTO uncertainties VALUES(?,?,?)", (run, name, value))

    def read_uncertainties(self, run: str) -> dict[str, float]:
        """By image: mean entropy of the run's prediction, from 0 to 1 (all classes equally likely)."""
        return dict(self._db.execute("SELECT name, value FROM uncertainties WHERE run = ?", (run,)))

    def read_matrices(self, run: str, classes: list[str]) -> dict[str, ConfusionMatrix]:
        """By image; only matrices computed with exactly these class names."""
        rows = self._db.execute(
            "SELECT name, matrix FROM matrices WHERE run = ? AND classes = ?", (run, json.dumps(classes))
        )
        side = len(classes)
        return {
            name: np.frombuffer(blob, np.int64).reshape(side, side)
            for name, blob in rows
            if len(blob) == 8 * side * side
        }


def _open(path: Path) -> sqlite3.Connection:
    """A damaged file is deleted and made again: it holds nothing that cannot be computed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _connect(str(path))
    except sqlite3.OperationalError:  # locked by another program for 10 s, or no right to write
        return _connect(":memory:")
    except sqlite3.DatabaseError:
        with contextlib.suppress(OSError):
            path.unlink()
            return _connect(str(path))
    except OSError:
        pass
    return _connect(":memory:")


def _connect(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, timeout=10.0, isolation_level=None)  # autocommit: a write blocks others briefly
    try:
        if name != ":memory:":
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")  # a cache; it may be lost
        db.executescript(_SCHEMA)
        db.execute("SELECT name, stamp, labelled, status, labels, problem FROM items LIMIT 1")
        db.execute("SELECT run, name, classes, matrix FROM matrices LIMIT 1")
    except sqlite3.Error:
        db.close()
        raise
    return db


def read_state(item: Item) -> ItemState:
    """The state of an item, from its file."""
    if not item.annotation_path.is_file():
        return ItemState(item.name)
    try:
        annotation = labelme_json.read(item.annotation_path, (1, 1), pixels=False).annotation
    except SegstudioError as error:
        return ItemState(item.name, problem=str(error))
    return state_of(item.name, annotation)


def scan(project: Project, items: list[Item]) -> Iterator[Progress | ItemState]:
    """The state of each item: from the index where its file has not changed, else from the file."""
    with Index(project.index_file) as index:
        known = index.read_states()
        stamps = _StampCache()
        for done, item in enumerate(items):
            stamp = stamps.read(item)
            held = known.get(item.name)
            if held is not None and held[0] == repr(stamp):
                state = held[1]
            elif stamp is None:
                state = ItemState(item.name)
            else:
                state = read_state(item)
                index.put_state(stamp, state)
            if done % 100 == 0:
                yield Progress(done, len(items), "reading labels")
            yield state


class _StampCache:
    """Stamps as `stamp_of` returns them, from one listing per folder instead of one stat call per image."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, Stamp]] = {}

    def read(self, item: Item) -> Stamp:
        folder, name = os.path.split(item.annotation_file)
        stamps = self._folders.get(folder)
        if stamps is None:
            stamps = self._folders[folder] = _list_stamps(folder)
        return stamps.get(name)


def _list_stamps(folder: str) -> dict[str, Stamp]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".json")]
    except OSError:
        return {}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in found}
