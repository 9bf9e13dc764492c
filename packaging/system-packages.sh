#!/usr/bin/env sh
# Installs the system libraries that the wheels of Qt (the window) and PyQt5 (labelme) expect, and the X server and mouse
# of the end-to-end test, on Debian and its relatives. Elsewhere, and without root, it prints what is missing.
# segstudio/cli/system.py names the same libraries in its error messages; a test compares both lists.
set -eu
packages="
fonts-dejavu-core xvfb xdotool
libdbus-1-3 libegl1 libfontconfig1 libfreetype6 libgl1 libglib2.0-0
libx11-6 libx11-xcb1 libxext6 libxkbcommon0 libxkbcommon-x11-0
libxcb1 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render0
libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xinerama0 libxcb-xkb1
"

is_installed() {
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q "ok installed"
}

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
  for package in $packages; do
    # Debian 13 and Ubuntu 24.04 renamed some packages: libglib2.0-0 is libglib2.0-0t64 there
    is_installed "$package" || is_installed "${package}t64" || missing="$missing $package"
  done
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "For the window and its end-to-end test: apt-get install$missing" >&2
fi
