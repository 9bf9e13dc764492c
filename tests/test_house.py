"""The rules of the house: who may import whom, how large things may grow, and what may not be loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "segstudio"
FILES = sorted(PACKAGE.rglob("*.py"))

ROOMS: dict[str, tuple[set[str], set[str]]] = {
    # room: (rooms and modules of segstudio it may import, libraries it may import)
    "errors": (set(), set()),
    "events": (set(), set()),
    "core": ({"core"}, {"numpy", "cv2", "PIL"}),
    "formats": (
        {"core", "formats", "errors"},
        {"numpy", "cv2", "PIL", "pycocotools", "tifffile", "defusedxml", "orjson"},
    ),
    "project": ({"core", "formats", "project", "errors", "events"}, {"numpy"}),
    "tools": ({"core", "tools"}, {"numpy", "cv2"}),
    "training": (
        {"core", "training", "formats.images", "formats.atomic", "errors", "events"},
        {"numpy", "cv2", "torch", "kornia", "safetensors"},
    ),
    "assist": ({"core", "assist", "errors", "events"}, {"numpy", "cv2", "osam"}),
    "review": ({"core", "project", "review", "errors", "events"}, {"numpy"}),
    "ui": (
        {"core", "formats", "project", "tools", "training", "review", "assist", "ui", "errors", "events"},
        {"PySide6", "numpy", "pyqtgraph", "qtawesome"},
    ),
    "console": ({"review", "training", "errors", "events"}, {"typer", "rich"}),
    "cli": (
        {
            "core",
            "formats",
            "project",
            "training",
            "review",
            "ui",
            "errors",
            "events",
            "console",
            "cli_data",
            "cli_learning",
            "",
        },
        {"typer", "rich", "torch"},
    ),
    "cli_data": (
        {"core", "formats", "project", "errors", "events", "console"},
        {"typer"},
    ),
    "cli_learning": (
        {"core", "formats", "project", "training", "review", "errors", "events", "console", "cli_data"},
        {"typer"},
    ),
    "__main__": ({"cli"}, set()),
    "__init__": (set(), set()),
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "mixins"}
MAX_FILE, MAX_FUNCTION, MAX_METHODS, MAX_PARAMETERS = 400, 50, 20, 6


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module with its line, inside functions and TYPE_CHECKING blocks too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def internal(name: str) -> str | None:
    """`segstudio.core.box.Box` -> `core.box`, the module that is meant."""
    if name.split(".")[0] != "segstudio":
        return None
    parts = name.split(".")[1:]
    while parts and not ((PACKAGE.joinpath(*parts)).with_suffix(".py").is_file() or PACKAGE.joinpath(*parts).is_dir()):
        parts = parts[:-1]
    return ".".join(parts)


def test_each_room_imports_only_what_it_may() -> None:
    faults = []
    for path in FILES:
        room = module_of(path).split(".")[0]
        inside, outside = ROOMS[room]
        for name, line in imports_of(path):
            module = internal(name)
            if module is not None:
                allowed = any(module == each or module.startswith(f"{each}.") for each in inside if each) or (
                    module == "" and "" in inside
                )
                if not allowed:
                    faults.append(f"{path.relative_to(ROOT)}:{line} imports segstudio.{module}")
            else:
                library = name.split(".")[0]
                if library not in sys.stdlib_module_names and library not in outside:
                    faults.append(f"{path.relative_to(ROOT)}:{line} imports {library}")
    assert not faults, "\n".join(faults)


def test_the_command_line_imports_rooms_only_inside_functions() -> None:
    for name in ("cli", "cli_data", "cli_learning", "console", "__main__"):
        for node in ast.parse((PACKAGE / f"{name}.py").read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("segstudio."):
                allowed = node.module in ("segstudio.cli.console", "segstudio.cli.data", "segstudio.cli.training")
                assert allowed, f"{name}.py:{node.lineno} imports {node.module} at its top"


def test_the_window_imports_torch_only_inside_functions() -> None:
    light = {"training.events", "training.choices", "training.config", "training.surroundings", "training.preload"}
    for path in (PACKAGE / "ui").rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (internal(node.module or "") or "").startswith("training."):
                if internal(node.module or "") in light:
                    continue
                pytest.fail(f"{path.name}:{node.lineno} imports {node.module} at its top")


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {
        module_of(path): {m for name, _ in imports_of(path) if (m := internal(name)) and m != module_of(path)}
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


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    for path in FILES:
        assert not FORBIDDEN_NAMES & set(module_of(path).lower().split(".")), path
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert not node.name.lower().endswith(("mixin", "manager", "helper")), f"{path}: {node.name}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_functions_and_classes_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name}: {length} lines"
            is_verb = any("app.command" in ast.unparse(each) for each in node.decorator_list)
            count = len([a for a in node.args.args if a.arg not in ("self", "cls")])
            assert is_verb or count <= MAX_PARAMETERS, f"{node.name}: {count} parameters"
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(each, ast.FunctionDef) for each in node.body)
            assert methods <= MAX_METHODS, f"{node.name}: {methods} methods"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), f"{path} has no docstring"


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running `code`."""
    script = f"{code}\nimport sys; print('\\n'.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_rooms_below_load_neither_qt_nor_torch() -> None:
    modules = [
        f"segstudio.{module_of(path)}"
        for path in FILES
        if module_of(path).split(".")[0] in ("core", "formats", "project", "tools", "review")
    ]
    loaded = loaded_after("import " + ", ".join(modules))
    assert not loaded & {"PySide6", "PyQt5", "shiboken6", "torch", "kornia", "labelme"}


def test_the_window_loads_without_torch() -> None:
    assert not loaded_after("import segstudio.ui.app") & {"torch", "kornia", "PyQt5", "labelme"}


def test_the_command_line_loads_without_qt_or_torch() -> None:
    assert not loaded_after("import segstudio.cli.main") & {"torch", "PySide6", "cv2"}
