#!/bin/sh
# Compile requirements*.in into exact pins that name no download address. $1: the venv's bin directory.
set -eu
export CUSTOM_COMPILE_COMMAND="make lock"
compile() {
  "$1/pip-compile" --quiet --strip-extras --allow-unsafe --annotation-style=line \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options "$2" -o "$3"
}
compile "$1" requirements.in requirements.txt
compile "$1" requirements-dev.in requirements-dev.txt
