#!/bin/sh
# Makes .venv (Python packages) and node_modules (Azurite). Quick when nothing has changed; a set-up that was
# interrupted is started afresh. Needs Python 3.11-3.13 with venv, and nothing else: Node.js comes from PyPI.
#
# PYTHON=/path/to/python chooses the Python; without it the newest usable one is taken. --find-python only says which.
set -eu
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

versions="3.13 3.12 3.11"

# A name on the PATH proves nothing: a version manager's shim may exist and fail, and Debian's python3 may lack venv.
usable() { # path version
    "$1" -c "import sys, ensurepip, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" >/dev/null 2>&1
}

find_python() {
    for version in $versions; do
        for candidate in ${PYTHON:+"$PYTHON"} \
            "python$version" \
            "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3 \
            "$HOME/.local/share/uv/python/cpython-$version".*/bin/python3 \
            "${ASDF_DATA_DIR:-$HOME/.asdf}/installs/python/$version".*/bin/python3 \
            "$HOME/.local/share/mise/installs/python/$version".*/bin/python3 \
            "/opt/homebrew/bin/python$version" \
            "/usr/local/bin/python$version" \
            "/Library/Frameworks/Python.framework/Versions/$version/bin/python3" \
            python3 python; do
            if usable "$candidate" "$version"; then
                printf '%s\n' "$candidate"
                return
            fi
            [ -z "${PYTHON:-}" ] || break # the one that was named, or none
        done
    done
}

no_python() {
    [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not a usable Python. Needed: one of $versions, with the modules venv and ensurepip"
    if command -v apt-get >/dev/null 2>&1; then
        fix="On Debian or Ubuntu: apt-get install python3-venv"
    else
        fix="Get one from python.org, or from your package manager"
    fi
    fail "no usable Python found. Needed: one of $versions, with the modules venv and ensurepip. $fix. To name one: make setup PYTHON=/path/to/python"
}

if [ "${1:-}" = --find-python ]; then
    python=$(find_python)
    [ -n "$python" ] || no_python
    printf '%s\n' "$python"
    exit
fi

# The stamps say what was installed; changing a requirement or the lock file changes them.
wanted_packages() { cat requirements.txt requirements-cli.txt requirements-dev.txt | cksum; }
wanted_storage() { cat package.json package-lock.json | cksum; }
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

venv=.venv
unfinished=.venv-unfinished
usable_venv() {
    [ ! -e "$unfinished" ] &&
        "$venv/bin/python" -c "import sys, pip; sys.exit('%d.%d' % sys.version_info[:2] not in '$versions'.split())" >/dev/null 2>&1
}

packages=$(wanted_packages)
storage=$(wanted_storage)

if ! usable_venv || ! stamped "$venv/.installed" "$packages"; then
    if ! usable_venv; then
        python=$(find_python)
        [ -n "$python" ] || no_python
        say "$("$python" -V) ($python): making $venv"
        : >"$unfinished"
        "$python" -m venv --clear "$venv" || fail "$python could not make $venv. Another Python: make setup PYTHON=/path/to/python"
    fi
    : >"$unfinished"
    rm -f "$venv/.installed"
    say "Python packages: one or two minutes the first time"
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input -r requirements-dev.txt || {
        rm -f "$unfinished" # pip ended by itself and left nothing half done: what is there can be kept
        fail "pip could not install requirements-dev.txt (its words are above). Is a package index within reach? Run make setup again to go on"
    }
    printf '%s' "$packages" >"$venv/.installed"
    rm -f "$unfinished"
fi

if ! stamped node_modules/.installed "$storage"; then
    say "Azurite (storage emulator): half a minute the first time"
    # Node trusts its own list of authorities unless it is told to trust the machine's.
    PATH="$PWD/$venv/bin:$PATH" NODE_USE_SYSTEM_CA="${NODE_USE_SYSTEM_CA:-1}" \
        npm ci --ignore-scripts --no-audit --no-fund ||
        fail "npm could not install Azurite (its words are above). Is an npm registry within reach? Run make setup again to go on"
    printf '%s' "$storage" >node_modules/.installed
fi
