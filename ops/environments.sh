#!/usr/bin/env bash
# Builds .venv and localnet/.venv from their lock files; does nothing when they are as the locks say.
# Two environments, because anchorpy holds solders at a version whose SVM cannot run the programs that mainnet takes.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $*" >&2
    exit 1
}

python=${PYTHON:-python3}
trap 'exit 130' INT
command -v "$python" >/dev/null ||
    fail "$python is missing: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)."
"$python" -c '' 2>/dev/null || fail "$python cannot be run: install Python 3.11 or newer, or name another with 'make PYTHON=...'."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V), but 3.11 or newer is needed: install one and run 'make PYTHON=/path/to/it'."
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv)."

# One set-up at a time: two in the same folder would delete each other's files.
if [ "${OPINION_SETUP_LOCKED:-}" != 1 ] && command -v flock >/dev/null; then
    OPINION_SETUP_LOCKED=1 exec flock .setup.lock "$0" "$@"
fi

# stamp FILES...: what an environment was built from, in one line.
stamp() {
    { "$python" -c 'import sys; print(sys.version, sys.executable)'; pwd; cat "$@"; } | sha256sum | cut -d' ' -f1
}

# pip ENVIRONMENT ARGUMENTS...: its talk goes to a log, whose end is shown when it fails.
pip() {
    local environment=$1 log=$1/setup.log
    shift
    "$environment/bin/python" -m pip install --disable-pip-version-check --no-deps "$@" >>"$log" 2>&1 && return
    tail -n 15 "$log" >&2
    fail "pip could not install into $environment: its last lines are above, all of them in $log."
}

# build ENVIRONMENT LOCK PROJECT: from the lock's hashes and nothing else, then our own code, in place.
build() {
    local environment=$1 lock=$2 project=$3 locked described
    [ -f "$lock" ] || fail "$lock is missing: restore it from git."
    locked=$(stamp "$lock")
    described=$(stamp "$lock" "$project/pyproject.toml")
    if [ "$(cat "$environment/.locked" 2>/dev/null)" != "$locked" ]; then
        echo "setup: building $environment from $lock (a minute or so, once) ..."
        "$python" -m venv --clear "$environment" || fail "could not create $environment: see the lines above."
        pip "$environment" --require-hashes -r "$lock"
        echo "$locked" >"$environment/.locked"
    fi
    if [ "$(cat "$environment/.described" 2>/dev/null)" != "$described" ]; then
        pip "$environment" --no-build-isolation -e "$project"
        echo "$described" >"$environment/.described"
    fi
}

build .venv requirements.lock .
build localnet/.venv localnet/requirements.lock localnet
