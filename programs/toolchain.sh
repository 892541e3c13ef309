# Sourced by the scripts beside it: where the tools are, and what TOOLCHAIN says of them.
#
# A rustup toolchain may stand before Debian's on PATH, and it cannot build for this target: Debian's are named by path.

programs=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
RUSTC=${SBPF_RUSTC:-/usr/bin/rustc}
CARGO=${SBPF_CARGO:-/usr/bin/cargo}
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
export RUSTC PATH

# fail SENTENCE: says it and ends.
fail() {
    echo "$(basename -- "$0"): $*" >&2
    exit 1
}

# pinned KEY: TOOLCHAIN's value.
pinned() {
    sed -n "s/^$1=//p" "$programs/TOOLCHAIN"
}

# installed KEY: the same of this machine, nothing when the tool is missing.
installed() {
    case $1 in
        rustc) "$RUSTC" --version 2>/dev/null ;;
        cargo) "$CARGO" --version 2>/dev/null ;;
        llvm) "$RUSTC" --version --verbose 2>/dev/null | sed -n 's/^LLVM version: //p' ;;
        sbpf-linker) sbpf-linker --version 2>/dev/null | head -n 1 ;;
    esac || true
}

# need_tools: ends with one sentence when the programs cannot be built here.
need_tools() {
    for tool in rustc cargo sbpf-linker; do
        [ -n "$(installed $tool)" ] || fail "$tool is missing: run programs/install-toolchain.sh"
    done
    [ -d "$("$RUSTC" --print sysroot)/lib/rustlib/bpfel-unknown-none" ] ||
        fail "$RUSTC has no core library for bpfel-unknown-none: run programs/install-toolchain.sh"
}
