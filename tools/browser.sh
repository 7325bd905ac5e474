#!/bin/sh
# Prints the path of a Chromium or Chrome for the tests; installs one, with Chinese fonts, on Debian.
# BROWSER=skip does without: the tests that need one are then left out.
set -eu

say() { echo "$*" >&2; }

find_browser() {
  for each in /usr/bin/chromium /usr/bin/google-chrome /usr/bin/google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
    /Applications/Chromium.app/Contents/MacOS/Chromium; do
    if [ -x "$each" ]; then
      echo "$each"
      return
    fi
  done
}

has_chinese_fonts() {
  [ "$(uname)" = Darwin ] || fc-list :lang=zh 2>/dev/null | grep -q .
}

install_with() {
  say "Installing: $packages"
  $1 apt-get update -q >&2
  $1 env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    $packages >&2
}

if [ "${BROWSER:-}" = skip ]; then
  echo none
  exit 0
fi
packages=
[ -n "$(find_browser)" ] || packages=chromium
has_chinese_fonts || packages="$packages fontconfig fonts-noto-cjk"
if [ -n "$packages" ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    install_with ""
  elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
    install_with sudo
  fi
  if [ -z "$(find_browser)" ] || ! has_chinese_fonts; then
    say "Error: The browser tests need Chromium or Chrome, and a font with Chinese."
    say "Hint: On Debian: sudo apt-get install chromium fonts-noto-cjk. Or leave those tests out:" \
      "make test BROWSER=skip"
    exit 1
  fi
fi
find_browser
