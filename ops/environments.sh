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
command -v "$python" >/dev/null ||
    fail "$python is missing: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V 2>&1), but 3.11 or newer is needed: install one and run 'make PYTHON=/path/to/it'."
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv)."

# One set-up at a time: two in the same folder would delete each other's files.
if [ "${OPINION_SETUP_LOCKED:-}" != 1 ] && command -v flock >/dev/null; then
    OPINION_SETUP_LOCKED=1 exec flock .setup.lock "$0" "$@"
fi

# build ENVIRONMENT LOCK PROJECT: from the lock's hashes and nothing else, then our own code, in place.
build() {
    local environment=$1 lock=$2 project=$3 stamp log
    [ -f "$lock" ] || fail "$lock is missing: restore it from git."
    stamp=$({ "$python" -c 'import sys; print(sys.version, sys.executable)'; pwd; cat "$lock" "$project/pyproject.toml"; } | sha256sum | cut -d' ' -f1)
    [ "$(cat "$environment/.built-from" 2>/dev/null)" = "$stamp" ] && return
    echo "setup: building $environment from $lock (a minute or so, once) ..."
    "$python" -m venv --clear "$environment" || fail "could not create $environment: see the lines above."
    log=$environment/setup.log
    if ! {
        "$environment/bin/python" -m pip install --disable-pip-version-check --require-hashes --no-deps -r "$lock" &&
            "$environment/bin/python" -m pip install --disable-pip-version-check --no-build-isolation --no-deps -e "$project"
    } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "pip could not install what $lock names: its last lines are above, all of them in $log."
    fi
    echo "$stamp" >"$environment/.built-from"
}

build .venv requirements.lock .
build localnet/.venv localnet/requirements.lock localnet
