#!/bin/sh
# Build dist/wirety-agent: one file for this machine's architecture, for hosts without Python 3.11.
# $1: the virtual environment's bin directory, with PyInstaller and what the agent needs; $2: where to instead of dist.
# It needs a libc as new as this machine's: build on the oldest distribution you serve.
set -eu
cd "$(dirname "$0")/../.."
work=build/executable
to="${2:-dist}"
mkdir -p "$work"
printf 'import sys\n\nfrom agent.__main__ import main\n\nsys.exit(main())\n' > "$work/wirety-agent.py"
"$1/python" -m PyInstaller --onefile --strip --noconfirm --clean --log-level ERROR \
  --name wirety-agent --paths . --hidden-import agent.adapters.metrics \
  --collect-submodules agent.adapters.platforms --collect-submodules agent.commands \
  --add-data "$PWD/agent/packaging/wirety-agent.service:agent/packaging" \
  --add-data "$PWD/agent/packaging/wirety-agent-seal.service:agent/packaging" \
  --add-data "$PWD/agent/packaging/networkd.conf:agent/packaging" \
  --exclude-module tkinter --exclude-module test --exclude-module unittest --exclude-module chalicelib.adapters \
  --distpath "$to" --workpath "$work/work" --specpath "$work" "$work/wirety-agent.py"
