"""Missing system libraries and displays, reported in one line that says what to install."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata as metadata
import os
import re
import sys
from pathlib import Path
from typing import Final

from segstudio.errors import SegstudioError

# Shared libraries that the wheels of Qt expect from the system, with their Debian packages.
# packaging/system-packages.sh installs the same list.
DEBIAN_PACKAGES: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_MISSING: Final = re.compile(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file")


def describe_load_error(error: BaseException) -> str | None:
    """One line for an ImportError or OSError of a missing library or Python package; None for any other error."""
    found = _MISSING.search(str(error))
    if found is not None:
        library, remedy = found[1], "install the package that contains it"
        if library in DEBIAN_PACKAGES:
            packages = {DEBIAN_PACKAGES[name] for name in (library, *_find_missing())}
            remedy = f"apt-get install {' '.join(sorted(packages))}"
        return f"the system library {library} is missing; {remedy}"
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("segstudio"):
        return f"the Python package {error.name} is missing; reinstall segstudio with its dependencies"
    return None


def _find_missing() -> list[str]:
    """Those of the known libraries that cannot be loaded, so that one command installs all of them."""
    return [name for name in DEBIAN_PACKAGES if not _can_load(name)] if sys.platform == "linux" else []


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def check_window() -> None:
    """Raise where the window cannot open, before Qt would abort the process.

    Raises ImportError or OSError for a missing library, SegstudioError for a missing display.
    """
    importlib.import_module("PySide6.QtWidgets")
    check_xcb_plugin()
    if not _uses_xcb():
        return
    if not _has_x_server():
        display = os.environ.get("DISPLAY")
        reason = f"the display {display} cannot be opened" if display else "there is no display"
        raise SegstudioError(f"{reason}, so there is no window; set DISPLAY, or use the commands (segstudio --help)")


def _uses_xcb() -> bool:
    """True if Qt will take its xcb platform; on Wayland Qt chooses itself."""
    platform = os.environ.get("QT_QPA_PLATFORM", "xcb").partition(":")[0]
    return sys.platform == "linux" and platform == "xcb" and not os.environ.get("WAYLAND_DISPLAY")


def check_xcb_plugin() -> None:
    """Load Qt's xcb plugin where Qt will need it. Raises OSError where a library of it is missing: Qt aborts there."""
    if not _uses_xcb():
        return
    from PySide6.QtCore import QLibraryInfo

    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
    if plugin.is_file():
        ctypes.CDLL(str(plugin))


def has_display() -> bool:
    """True if a window could open on this machine."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("WAYLAND_DISPLAY")) or _has_x_server()


def _has_x_server() -> bool:
    """True if the X server that DISPLAY names accepts a connection; Qt aborts where it does not."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # the error about the library itself says more
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def try_to_load(module: str) -> str:
    """Import `module`; "" if that works, else one line about what is missing."""
    try:
        importlib.import_module(module)
        if module.startswith("PySide6"):
            check_xcb_plugin()
    except (ImportError, OSError) as error:
        return describe_load_error(error) or f"{module} cannot be loaded ({error})".replace("\n", " ")
    return ""


def find_opencv_conflict() -> str:
    """One line if OpenCV's full wheel is installed, else ""."""
    try:
        version = metadata.version("opencv-python")
    except metadata.PackageNotFoundError:
        return ""
    return (
        f"opencv-python {version} is installed, which makes Qt load its plugins; pip uninstall opencv-python, then "
        "reinstall opencv-python-headless"
    )
