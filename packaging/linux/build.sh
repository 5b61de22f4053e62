#!/usr/bin/env bash
# Makes the deb and the rpm from a release build, at the root of the project: build.sh RELEASE_DIRECTORY [VERSION].
# `./dev bundle` runs it. The same sources and programs give the same packages.
set -euo pipefail
umask 022

readonly RELEASE=$1
readonly SOURCES=packaging/linux
readonly STAGED=$RELEASE/linux
VERSION=${2:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
MAINTAINER=$(sed -n 's/^Maintainer: //p' "$SOURCES/control")
readonly VERSION MAINTAINER

# put MODE FILE PLACE: installs a file at a place of the staged tree.
put() { install -D -m "$1" "$2" "$STAGED/$3"; }

# Writes standard input, compressed, to a place of the staged tree.
put_compressed() {
  mkdir -p "$STAGED/$(dirname "$1")"
  gzip -9n >"$STAGED/$1"
}

# The released versions of the changelog with their dates: `## 1.2.3 - 2026-01-31`, also with brackets. A version that
# has no entry yet is a development version of the last commit.
releases() {
  local released
  released=$(sed -nE 's/^## \[?([0-9][^] ]*)\]? - ([0-9-]+).*/\1 \2 stable/p' CHANGELOG.md)
  grep -q "^$VERSION " <<<"$released" || printf '%s %s development\n' "$VERSION" "$(date -ud "@$SOURCE_DATE_EPOCH" +%F)"
  printf '%s' "${released:+$released$'\n'}"
}

metainfo() {
  local version day type
  sed '/<releases>/q' "$SOURCES/dev.grapnel.desktop.metainfo.xml"
  while read -r version day type; do
    printf '    <release version="%s" date="%s" type="%s"/>\n' "$version" "$day" "$type"
  done < <(releases)
  sed -n '/<\/releases>/,$p' "$SOURCES/dev.grapnel.desktop.metainfo.xml"
}

debian_changelog() {
  local version day type
  while read -r version day type; do
    printf 'grapnel (%s-1) unstable; urgency=medium\n\n  * The changes are in changelog.gz.\n\n' "$version"
    printf ' -- %s  %s\n\n' "$MAINTAINER" "$(date -uRd "$day")"
  done < <(releases)
}

stage() {
  local program file page documentation=usr/share/doc/grapnel
  rm -rf "$STAGED"
  for program in grapnel grapnel-cli grapnel-desktop; do put 755 "$RELEASE/$program" "usr/bin/$program"; done
  for file in grapnel-agent.service grapnel-agent.socket; do
    put 644 "src-tauri/linux/$file" "usr/lib/systemd/user/$file"
  done
  put 644 src-tauri/linux/grapnel.desktop usr/share/applications/Grapnel.desktop
  metainfo | put 644 /dev/stdin usr/share/metainfo/dev.grapnel.desktop.metainfo.xml
  for file in icons/hicolor/*/apps/*; do put 644 "$file" "usr/share/$file"; done
  put 644 icons/icon.svg usr/share/icons/hicolor/scalable/apps/grapnel-desktop.svg

  "$RELEASE/grapnel" completions bash | put 644 /dev/stdin usr/share/bash-completion/completions/grapnel
  "$RELEASE/grapnel" completions zsh | put 644 /dev/stdin usr/share/zsh/vendor-completions/_grapnel
  "$RELEASE/grapnel" completions fish | put 644 /dev/stdin usr/share/fish/vendor_completions.d/grapnel.fish
  mkdir -p "$STAGED/usr/share/man/man1"
  "$RELEASE/grapnel" man "$STAGED/usr/share/man/man1"
  for page in "$SOURCES"/*.1; do put 644 "$page" "usr/share/man/man1/$(basename "$page")"; done
  gzip -9n "$STAGED"/usr/share/man/man1/*.1

  put 644 "$SOURCES/copyright" "$documentation/copyright"
  put_compressed "$documentation/changelog.gz" <CHANGELOG.md
  debian_changelog | put_compressed "$documentation/changelog.Debian.gz"
  put_compressed "$documentation/third-party-notices.txt.gz" <src-tauri/third-party-notices.txt
  put 644 "$SOURCES/lintian-overrides" usr/share/lintian/overrides/grapnel
  find "$STAGED" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
}

# The libraries that the programs are linked with, as dependencies with versions.
library_packages() {
  local work
  work=$(mktemp -d)
  mkdir "$work/debian"
  printf 'Source: grapnel\n\nPackage: grapnel\nArchitecture: any\n' >"$work/debian/control"
  (
    cd "$work"
    dpkg-shlibdeps -O "$1"/usr/bin/* 2>shlibdeps.log || { cat shlibdeps.log >&2; exit 1; }
  ) | sed -n 's/^shlibs:Depends=//p'
  rm -r "$work"
}

deb() {
  local tree=$RELEASE/deb architecture depends
  architecture=$(dpkg --print-architecture)
  depends=$(library_packages "$(realpath "$STAGED")")
  rm -rf "$tree"
  cp -a "$STAGED" "$tree"
  install -d "$tree/DEBIAN"
  (cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
  sed -e "s/@VERSION@/$VERSION-1/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
    -e "s/@SIZE@/$(du -sk --apparent-size "$tree/usr" | cut -f 1)/" "$SOURCES/control" >"$tree/DEBIAN/control"
  install -m 755 "$SOURCES/postrm" "$tree/DEBIAN/postrm"
  mkdir -p "$RELEASE/bundle/deb"
  # The dictionary of level 9 holds all programs, which have much in common.
  dpkg-deb -Zxz -z9 --root-owner-group --build "$tree" \
    "$RELEASE/bundle/deb/grapnel_$VERSION-1_$architecture.deb"
  rm -r "$tree"
}

rpm_changelog() {
  local version day type
  printf '\n%%changelog\n'
  while read -r version day type; do
    printf '* %s %s - %s-1\n' "$(LC_ALL=C date -ud "$day" '+%a %b %d %Y')" "$MAINTAINER" "$version"
    printf -- '- The changes are in CHANGELOG.md.\n\n'
  done < <(releases)
}

rpm() {
  local top
  top=$(mktemp -d)
  { cat "$SOURCES/grapnel.spec" && rpm_changelog; } >"$top/grapnel.spec"
  rpmbuild -bb --quiet --define "_topdir $top" --define "grapnel_version $VERSION" \
    --define "grapnel_staged $(realpath "$STAGED")" --define "grapnel_source $PWD" \
    --define '_binary_payload w9.xzdio' --define '_build_id_links none' --define '__os_install_post %{nil}' \
    --define '_buildhost localhost' \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    "$top/grapnel.spec"
  mkdir -p "$RELEASE/bundle/rpm"
  cp "$top"/RPMS/*/grapnel-"$VERSION"-1.*.rpm "$RELEASE/bundle/rpm/"
  rm -r "$top"
}

stage
deb
rpm
