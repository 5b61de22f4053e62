#!/usr/bin/env bash
# Type-checks the programs and the tests for macOS, in the chroot for Windows: check.sh, at the root of the project, as
# root. Nothing is linked, and nothing runs: Apple's SDK may be used on Apple's computers only. The C compiler is zig's.
set -euo pipefail

readonly CHROOT=${XDG_CACHE_HOME:-$HOME/.cache}/grapnel/windows
readonly ZIG=0.17.1
readonly TARGET=aarch64-apple-darwin
readonly TOOLS=$PWD/packaging/macos
readonly SETTINGS=(
  "CARGO_BUILD_TARGET=$TARGET" SDKROOT=/opt/no-sdk
  ZIG_GLOBAL_CACHE_DIR=/var/cache/zig ZIG_LOCAL_CACHE_DIR=/var/cache/zig
  "CC_${TARGET//-/_}=$TOOLS/cc" "CXX_${TARGET//-/_}=$TOOLS/cc" "AR_${TARGET//-/_}=$TOOLS/ar"
)

in_chroot() { bash packaging/windows/chroot.sh "$@"; }

in_chroot true
if [[ $(cat "$CHROOT/opt/ziglang/version" 2>/dev/null) != "$ZIG" ]]; then
  rm -rf "$CHROOT/opt/ziglang"
  python3 -m venv "$CHROOT/opt/venv"
  "$CHROOT/opt/venv/bin/pip" install --quiet --target "$CHROOT/opt/ziglang" "ziglang==$ZIG"
  printf '%s\n' "$ZIG" >"$CHROOT/opt/ziglang/version"
fi
mkdir -p "$CHROOT/opt/no-sdk"
in_chroot env "${SETTINGS[@]}" cargo check "$@"
