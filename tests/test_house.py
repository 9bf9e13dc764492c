"""The rules of the code base: which room imports which, sizes, names, and what importing must not load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "segstudio"
FILES = sorted(PACKAGE.rglob("*.py"))


@dataclass(frozen=True)
class Room:
    """What a room may import: rooms or modules of segstudio (itself included), and libraries."""

    inside: frozenset[str]
    libraries: frozenset[str]


def room(inside: str = "", libraries: str = "") -> Room:
    return Room(frozenset(inside.split()), frozenset(libraries.split()))


BELOW_UI = "core formats project tools assist review app errors events run_layout"
ROOMS = {
    "errors": room(),
    "events": room(),
    "run_layout": room(),
    "core": room("core errors", "numpy cv2 PIL"),
    "formats": room(
        "formats core errors events",
        "numpy cv2 PIL pycocotools tifffile imagecodecs defusedxml orjson yaml",
    ),
    "project": room("project core formats errors events run_layout", "numpy filelock platformdirs"),
    "tools": room("tools core", "numpy cv2"),
    "assist": room("assist core errors events", "numpy cv2 osam"),
    "training": room(
        "training core formats.images formats.atomic errors events run_layout",
        "numpy cv2 torch kornia safetensors",
    ),
    "review": room("review core project errors events", "numpy"),
    "app": room(f"{BELOW_UI} training", "numpy cv2"),
    "ui": room(f"ui {BELOW_UI} training", "PySide6 numpy pyqtgraph qtawesome"),
    "api": room(f"api {BELOW_UI} training", "numpy tifffile"),
    "cli": room(f"cli api ui {BELOW_UI} training __init__", "typer rich torch PySide6"),
    "__main__": room("cli"),
    "__init__": room("api"),
}
# Modules of `training` that import no torch: `app`, `ui` and `api` may import these at the top of a file.
TORCH_FREE = {"training.config", "training.events", "training.hooks", "training.preload"}
WITHOUT_QT = ("core", "formats", "project", "tools", "assist", "review", "app", "api")
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "mixins", "mixin"}
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 50


@dataclass(frozen=True)
class Import:
    """One imported module, and whether that happens when the file itself is imported."""

    module: str
    line: int
    at_top: bool


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of the file, inside functions and TYPE_CHECKING blocks too."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from (Import(f"{node.module}.{alias.name}", node.lineno, id(node) in top) for alias in node.names)


def internal(name: str) -> str | None:
    """`segstudio.core.box.Box` -> `core.box`, the module that is imported; None for another package."""
    if name.split(".")[0] != "segstudio":
        return None
    parts = name.split(".")[1:]
    while parts and not (PACKAGE.joinpath(*parts).with_suffix(".py").is_file() or PACKAGE.joinpath(*parts).is_dir()):
        parts = parts[:-1]
    return ".".join(parts) or "__init__"


def may_import(room: Room, imported: Import) -> bool:
    module = internal(imported.module)
    if module is None:
        library = imported.module.split(".")[0]
        return library in sys.stdlib_module_names or library in room.libraries
    return any(module == each or module.startswith(f"{each}.") for each in room.inside)


def test_each_room_imports_only_what_it_may() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for path in FILES
        for found in imports_of(path)
        if not may_import(ROOMS[module_of(path).split(".")[0]], found)
    ]
    assert not faults, "\n".join(faults)


def test_the_command_line_imports_other_rooms_only_inside_functions() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module} at its top"
        for path in [PACKAGE / "__init__.py", PACKAGE / "__main__.py", *(PACKAGE / "cli").glob("*.py")]
        for found in imports_of(path)
        if found.at_top and (internal(found.module) or "cli").split(".")[0] not in ("cli", "errors", "events")
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["app", "ui", "api"])
def test_a_room_without_torch_imports_training_only_inside_functions(name: str) -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module} at its top"
        for path in (PACKAGE / name).rglob("*.py")
        for found in imports_of(path)
        if found.at_top
        and (module := internal(found.module) or "").split(".")[0] == "training"
        and module not in TORCH_FREE
    ]
    assert not faults, "\n".join(faults)


def test_there_is_no_import_circle() -> None:
    graph = {
        module_of(path): {m for found in imports_of(path) if (m := internal(found.module)) and m != module_of(path)}
        for path in FILES
    }
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module not in done:
            for other in sorted(graph.get(module, ())):
                visit(other, [*way, module])
            done.add(module)

    for module in graph:
        visit(module, [])


def test_names_of_modules_and_classes_say_what_they_hold() -> None:
    for path in FILES:
        assert not FORBIDDEN_NAMES & set(module_of(path).lower().split(".")), path
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert not node.name.lower().endswith(("mixin", "manager", "helper")), f"{path}: {node.name}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_stay_small_and_every_module_has_a_docstring(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{path} has no docstring"
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name}: {length} lines"


def loaded_after(code: str) -> set[str]:
    """Modules in `sys.modules` of a fresh interpreter after running `code`."""
    script = f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_rooms_below_the_window_load_neither_qt_nor_torch() -> None:
    modules = [f"segstudio.{module_of(path)}" for path in FILES if module_of(path).split(".")[0] in WITHOUT_QT]
    loaded = loaded_after("import " + ", ".join(modules))
    assert not loaded & {"PySide6", "PyQt5", "shiboken6", "torch", "kornia", "labelme"}


def test_importing_segstudio_loads_only_the_standard_library() -> None:
    loaded = loaded_after("import segstudio; assert 'train' in dir(segstudio)")
    assert {name for name in loaded if name.startswith("segstudio")} == {"segstudio"}
    assert not loaded & {"numpy", "cv2", "PIL", "torch", "PySide6", "typer", "rich"}


@pytest.mark.torch
def test_training_loads_neither_qt_nor_a_package_that_must_match_torch() -> None:
    modules = [f"segstudio.{module_of(path)}" for path in FILES if module_of(path).split(".")[0] == "training"]
    loaded = loaded_after("import " + ", ".join(modules))
    assert "torch" in loaded
    assert not loaded & {"PySide6", "torchvision", "timm", "segmentation_models_pytorch"}


@pytest.mark.window
def test_the_window_loads_without_torch() -> None:
    assert not loaded_after("import segstudio.ui.app") & {"torch", "kornia", "PyQt5", "labelme"}


def test_the_command_line_loads_without_qt_torch_or_opencv() -> None:
    assert not loaded_after("import segstudio.cli.main") & {"torch", "PySide6", "cv2", "numpy"}
