#!/bin/sh
# Installs the Debian packages named on the command line that are missing, and says so before it does. Without the right to
# install it names the one command that is missing and lets the build go on with what is there.
set -u

missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These packages are missing, by their Debian names:$missing"
    echo "Install what your system calls them; going on with what is there."
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    become=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    become=sudo
else
    echo "These packages are missing; to install them, run:"
    echo "    sudo apt-get install -y$missing"
    echo "Going on with what is there."
    exit 0
fi
echo "Installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The list of packages may be old or absent: it is fetched anew only if the first try fails.
install() { $become env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$log" 2>&1; }
if ! install; then
    $become apt-get update >/dev/null 2>&1
    if ! install; then
        tail -n 5 "$log" >&2
        echo "apt-get could not install:$missing" >&2
        exit 1
    fi
fi
