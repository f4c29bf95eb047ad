#!/bin/sh
# Print a Python of 3.12 or newer that can make an environment. Each candidate is run, not just found: a pyenv shim is
# on the PATH even where it fails because the version this folder asks for is not installed.
works='import sys, ensurepip, sqlite3, ssl, venv; assert sys.version_info >= (3, 12); print(sys.executable)'
for candidate in "${PYTHON:-}" python3.12 python3.13 python3.14 python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python /opt/homebrew/bin/python3 /usr/local/bin/python3; do
    [ -n "$candidate" ] || continue
    if found=$("$candidate" -c "$works" 2>/dev/null); then
        echo "$found"
        exit 0
    fi
done
echo "Python 3.12 or newer is needed, with venv, ensurepip, ssl and sqlite3 (on Debian: python3 and python3-venv)." >&2
echo "None of the Pythons on PATH or below pyenv will do; set PYTHON to one that does." >&2
exit 1
