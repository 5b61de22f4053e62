#!/usr/bin/env bash
# Makes every icon again from icon.svg, icon-small.svg and menu-bar.svg, at the root of the project. `./dev icons` runs
# it.
set -euo pipefail

# icns_part TYPE PNG: one picture of an Apple icon: its type, its length as 32 bits, itself.
icns_part() {
  local length
  length=$(printf '%08x' $(($(stat -c %s "$2") + 8)))
  printf '%s' "$1"
  printf '%b' "\\x${length:0:2}\\x${length:2:2}\\x${length:4:2}\\x${length:6:2}"
  cat "$2"
}

icns() {
  local body=$1/body size type
  for size in 16:icp4 32:icp5 64:icp6 128:ic07 256:ic08 512:ic09 1024:ic10; do
    type=${size#*:}
    icns_part "$type" "$1/${size%:*}.png"
  done >"$body"
  icns_part icns "$body"
}

draw() {
  local made size source
  made=$(mktemp -d)
  for size in 16 22 24 32 48 64 96 128 256 512 1024; do
    source=icons/icon.svg
    ((size <= 32)) && source=icons/icon-small.svg
    rsvg-convert --width "$size" --height "$size" "$source" --output "$made/$size.png"
  done
  cp "$made/32.png" icons/32x32.png
  cp "$made/64.png" icons/64x64.png
  cp "$made/128.png" icons/128x128.png
  cp "$made/256.png" icons/128x128@2x.png
  cp "$made/512.png" icons/icon.png
  # The sizes of the icon theme specification, for Linux packages, which take icon.svg as well.
  for size in 16 22 24 32 48 64 96 128 256 512; do
    install -D -m 644 "$made/$size.png" "icons/hicolor/${size}x$size/apps/grapnel-desktop.png"
  done
  (cd "$made" && convert 16.png 24.png 32.png 48.png 64.png 256.png icon.ico)
  cp "$made/icon.ico" icons/icon.ico
  icns "$made" >icons/icon.icns
  # 18 points at two pixels each.
  rsvg-convert --width 36 --height 36 icons/menu-bar.svg --output icons/menu-bar.png
  rm -r "$made"
  ls -l icons
}

draw
