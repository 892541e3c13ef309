#!/bin/sh
# Proves that built/ is what the sources build to.
#
# With the tools of TOOLCHAIN, a rebuild in another folder must give the bytes in git. With others it cannot; then two
# rebuilds in different folders must agree, so that at least nothing of a folder gets into a program.
set -eu
. "$(dirname -- "$0")/toolchain.sh"
need_tools

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# rebuild FOLDER: copies the sources there and builds them.
rebuild() {
    mkdir -p "$1"
    (cd "$programs" && tar -cf - --exclude=./target --exclude=./built .) | tar -xf - -C "$1"
    CARGO_TARGET_DIR="$1/target" "$1/build.sh" "$1/built" >/dev/null
}

same_tools=yes
for tool in rustc cargo llvm sbpf-linker; do
    if [ "$(pinned $tool)" != "$(installed $tool)" ]; then
        echo "check-rebuild.sh: warning: $tool is '$(installed $tool)', TOOLCHAIN says '$(pinned $tool)'" >&2
        same_tools=no
    fi
done

rebuild "$work/one"
if [ $same_tools = yes ]; then
    (cd "$programs/built" && sha256sum --quiet --check SHA256SUMS) || fail "built/ does not match its own SHA256SUMS"
    cmp "$work/one/built/SHA256SUMS" "$programs/built/SHA256SUMS" ||
        fail "the sources build to other bytes than those in built/: run programs/build.sh and commit"
    echo "the programs in git are byte for byte what the sources build to"
else
    rebuild "$work/another/folder"
    cmp "$work/one/built/SHA256SUMS" "$work/another/folder/built/SHA256SUMS" ||
        fail "two rebuilds in different folders differ"
    echo "two rebuilds in different folders agree; with these tools they cannot be compared to git"
fi
