#!/usr/bin/env bash
# Runs a command in a chroot of Debian sid, which has a Rust compiler with the sources of its standard library, a C
# compiler for Windows, and Wine: chroot.sh COMMAND…, at the root of the project, as root. Makes the chroot first if it
# is missing or incomplete. The Wine of Debian 12 lacks parts of Windows that Rust programs need.
set -euo pipefail
umask 022

readonly CHROOT=${XDG_CACHE_HOME:-$HOME/.cache}/grapnel/windows
readonly SUITE=sid
readonly PACKAGES=(
  cargo rustc rust-src gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64 nasm cmake ca-certificates wine wine64
)
CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}

# The first mirror of Debian among the system's sources; nothing if there is none, so that debootstrap takes its own.
mirror() {
  # shellcheck disable=SC2016 # apt fills it in.
  apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' 2>/dev/null | head -n 1
}

# What this system knows of the network: names, name servers, apt's settings such as a proxy, and certificates.
copy_network() {
  cp -L /etc/hosts /etc/resolv.conf "$CHROOT/etc/"
  apt-config dump Acquire >"$CHROOT/etc/apt/apt.conf.d/90system"
  if [[ -d $CHROOT/etc/ssl/certs ]]; then cp -L /etc/ssl/certs/ca-certificates.crt "$CHROOT/etc/ssl/certs/"; fi
}

make() {
  local stamp=$CHROOT/.grapnel-packages from
  [[ $(cat "$stamp" 2>/dev/null) != "${PACKAGES[*]}" ]] || return 0
  # Made under another name, so that an interrupted one is not taken for complete.
  if [[ ! -d $CHROOT ]]; then
    rm -rf "$CHROOT.new"
    mkdir -p "$(dirname "$CHROOT")"
    mapfile -t from < <(mirror)
    debootstrap --variant=minbase "$SUITE" "$CHROOT.new" "${from[@]}"
    mv "$CHROOT.new" "$CHROOT"
  fi
  copy_network
  inside apt-get update
  inside env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${PACKAGES[@]}"
  copy_network
  printf '%s\n' "${PACKAGES[*]}" >"$stamp"
}

# Runs a command in the chroot. The project and cargo's directory have the same paths as outside. The mounts belong to
# this command alone, and end with it. Debian's Wine aborts if TMPDIR is set, and makes its directory only in one that
# exists.
inside() {
  # shellcheck disable=SC2016 # Another shell fills it in.
  unshare --mount bash -euc '
    root=$1 project=$2 cargo=$3
    shift 3
    mount --make-rprivate /
    mkdir -p "$root$project" "$root$cargo" "$cargo" "$root/var/cache/grapnel"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind "$project" "$root$project"
    mount --bind "$cargo" "$root$cargo"
    exec chroot "$root" env --unset=TMPDIR --chdir="$project" "$@"
  ' bash "$CHROOT" "$PWD" "$CARGO_HOME" "${SETTINGS[@]}" "$@"
}

# The build is that of development without what a debugger needs, in a directory of the chroot, and the tests run in
# Wine. Debian has no standard library of Rust for Windows: cargo builds it, which the stable compiler does with
# RUSTC_BOOTSTRAP. Tests find WebView2's loader where the programs have it.
readonly SETTINGS=(
  PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "CARGO_HOME=$CARGO_HOME"
  CARGO_TARGET_DIR=/var/cache/grapnel CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=0
  RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_unwind CARGO_BUILD_TARGET=x86_64-pc-windows-gnu
  CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine64 WINEPREFIX=/var/cache/grapnel/wine WINEDEBUG=-all
  'WINEPATH=Z:\var\cache\grapnel\x86_64-pc-windows-gnu\debug'
  "WINEDLLOVERRIDES=mscoree=;mshtml=" "INSTA_WORKSPACE_ROOT=$PWD" INSTA_UPDATE=no
)

((EUID == 0)) || { echo "A chroot can be made and entered by root only." >&2; exit 1; }
make
inside "$@"
