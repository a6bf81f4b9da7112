#!/bin/sh
# Have the Debian packages of tunnels and their laboratory, and unless $1 is `tunnels` of the browser, Java and Node:
# install them as root, else say how and end with 2.
set -eu
packages="python3-venv wireguard-tools wireguard-go nftables iproute2 iputils-ping procps util-linux conntrack socat systemd"
node_is_missing() {
  [ "${1:-}" != tunnels ] || return 1
  node="$(node -v 2> /dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')"
  [ "${node:-0}" -lt 20 ] || ! command -v npm > /dev/null
}
if [ "${1:-}" != tunnels ]; then
  packages="$packages chromium fonts-dejavu-core"
  java="$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')"
  [ "${java:-0}" -ge 17 ] || packages="$packages openjdk-17-jre-headless"
fi
! node_is_missing "$@" || packages="$packages nodejs npm"

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || [ "$(id -u)" -ne 0 ] || node_is_missing "$@" || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "wirety: real tunnels need root. Run:  sudo apt-get install --no-install-recommends $packages && sudo make ${MAKECMDGOALS:-test}" >&2
  echo "wirety: 'make test-fast' runs what needs no root." >&2
  exit 2
fi
if ! command -v apt-get > /dev/null; then
  echo "wirety: no apt-get here; install these yourself:$missing" >&2
  exit 2
fi

export DEBIAN_FRONTEND=noninteractive
install="apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300"
[ -z "$missing" ] || echo "wirety: installing$missing" >&2
# shellcheck disable=SC2086 # lists of words
$install $missing > /dev/null 2>&1 || {
  apt-get update -qq -o DPkg::Lock::Timeout=300 >&2
  $install $missing >&2 || $install $(echo "$missing" | sed s/openjdk-17/openjdk-21/) >&2 # newer releases have no 17
}

if node_is_missing "$@"; then
  echo "wirety: the console takes Node 20 or newer with npm, and found $(node -v 2> /dev/null || echo none):" >&2
  echo "wirety: this distribution has no newer one; install it from https://nodejs.org" >&2
  exit 2
fi
