#!/bin/sh
# Builds the programs to sBPF v3: build.sh [FOLDER], into built/ beside it when none is named.
#
# The same tools give the same bytes wherever the sources lie: paths are remapped, and Cargo.lock decides the crates.
set -eu
. "$(dirname -- "$0")/toolchain.sh"
need_tools

out=${1:-$programs/built}
target=bpfel-unknown-none
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$programs/target}/sbpf"
export CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER=sbpf-linker
# Unaligned loads are what this machine has; without the feature, LLVM reads words byte by byte, and the program is half as
# large again. rustc warns that it may rename the feature one day.
export RUSTFLAGS="-C linker-plugin-lto \
-C panic=abort \
-C target-feature=+allows-misaligned-mem-access \
-C link-arg=--arch=v3 \
-C link-arg=--llvm-args=-bpf-stack-size=4096 \
-C link-arg=--export=memcpy,memmove,memset,memcmp \
--remap-path-prefix=$programs=programs \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"

mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)
cd "$programs"
for program in opinion_market ecvrf_test multisig multisig_v3; do
    package=$(echo "$program" | tr _ -)
    "$CARGO" build --quiet --locked --release --target "$target" --package "$package"
    cp "$CARGO_TARGET_DIR/$target/release/lib$program.so" "$out/$program.so"
done
cd "$out"
sha256sum ecvrf_test.so multisig.so multisig_v3.so opinion_market.so >SHA256SUMS
cat SHA256SUMS
