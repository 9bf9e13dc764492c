#!/usr/bin/env sh
# What Qt's xcb platform and the end-to-end test need of a Debian-like system; elsewhere it only says so.
set -eu
packages="xvfb xdotool libxcb-cursor0 libxkbcommon-x11-0 libegl1 libgl1 libdbus-1-3 libxcb-icccm4 libxcb-keysyms1
libxcb-shape0 libxcb-image0 libxcb-render-util0 fonts-dejavu-core"
missing=""
if command -v dpkg-query >/dev/null 2>&1; then
  for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
  done
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "For the window and its end-to-end test, install:$missing" >&2
fi
