#!/bin/sh
# Installs what build.sh needs: Debian's packages, and the linker from crates.io (about two minutes). Skips what is there.
set -eu
. "$(dirname -- "$0")/toolchain.sh"

missing=
for package in $(pinned packages); do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || fail "these Debian packages are missing:$missing"
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    # shellcheck disable=SC2086 # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing
fi

if [ "$(installed sbpf-linker)" != "$(pinned sbpf-linker)" ]; then
    # Its default feature asks for LLVM 23; the programs' own compiler has 22.
    llvm=$(pinned llvm)
    major=${llvm%%.*}
    prefix=/usr/lib/llvm-$major
    version=$(pinned sbpf-linker)
    env "LLVM_SYS_${major}1_PREFIX=$prefix" \
        RUSTFLAGS="-L $prefix/lib -C link-arg=-Wl,-rpath,$prefix/lib" \
        "$CARGO" install --locked --force "sbpf-linker@${version##* }" \
        --no-default-features --features "bpf-linker/llvm-$major"
fi
need_tools
