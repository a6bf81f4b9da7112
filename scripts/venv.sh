#!/bin/sh
# Make the virtual environment $2 with Python $1, holding exactly the pinned requirements.
set -eu
python=$1
venv=$2

if ! command -v "$python" > /dev/null; then
  echo "wirety: $python not found. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "wirety: Python 3.11 or newer is needed, $python is $("$python" -V 2>&1). Say which one: make PYTHON=python3.11 …" >&2
  exit 2
fi
if ! "$python" -c 'import venv, ensurepip' 2> /dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "wirety: $python cannot make virtual environments. On Debian or Ubuntu: apt-get install python$version-venv" >&2
  exit 2
fi

[ -x "$venv/bin/python" ] || { echo "wirety: making $venv" >&2; "$python" -m venv "$venv"; }
echo "wirety: installing the pinned requirements into $venv (a minute or two the first time)" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r requirements.txt -r requirements-dev.txt >&2
cat requirements.txt requirements-dev.txt > "$venv/.requirements"
