#!/usr/bin/env bash
# Writes the golden archives that GNU tar and the compressors' own programs make.
# Called by make.py with the target directory; run that.
set -euo pipefail
target=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export LC_ALL=C.UTF-8 TZ=UTC

mkdir -p tree/deep/dir.with.dots tree/.hidden tree/__meta__
text() { # PATH BYTES: a file of so many bytes, its own name over and over
  { yes "$1" || :; } | head -c "$2" > "tree/$1"
}
text 000.jpg 1500
text 000.cls 1
text 001.jpg 513
text 001.seg.png 512
text 001.JSON 17
: > tree/002.empty
text 002.txt 511
text deep/a.jpg 33
text deep/dir.with.dots/b.c.d 44
text deep/dir.with.dots/.dotfile.txt 5
text .hidden/x.txt 6
text .rootdot 7
text nodot 8
text __meta__/info.json 9
text __top__ 10
text 'umlaut-ä-日本.txt' 11
ln -s 000.jpg tree/link.jpg
ln tree/000.jpg tree/hard.jpg
mkfifo tree/pipe.txt
names=$(cd tree && find . -mindepth 1 | sort)

pack() { # FORMAT FILE [OPTION...]: the tree, in a fixed order
  local format=$1 file=$2
  shift 2
  (cd tree && printf '%s\n' "$names" | sed 's,^\./,,' | tar --format="$format" --owner=0 --group=0 --numeric-owner \
    --mtime=@1000000000 --no-recursion -b 2 "$@" -cf "$target/$file" -T -)
}
pack v7 gnutar-v7.tar --exclude=pipe.txt
pack ustar gnutar-ustar.tar
pack gnu gnutar-gnu.tar
pack posix gnutar-pax.tar --pax-option=delete=atime,delete=ctime

# Names longer than a header holds.
long=$(printf 'long%.0s' {1..60})
mkdir -p "tree/$long"
text "$long/$long.txt" 21
text "$long/second.$long.bin" 22
names=$(printf './%s/%s\n' "$long" "$long.txt" "$long" "second.$long.bin")
pack gnu gnutar-gnu-long.tar
pack posix gnutar-pax-long.tar --pax-option=delete=atime,delete=ctime
mid=$(printf 'mid%.0s' {1..30})
mkdir -p "tree/$mid"
text "$mid/$mid.txt" 23
names="./$mid/$mid.txt"
pack ustar gnutar-ustar-prefix.tar

# Sparse files, which are refused.
truncate -s 1M tree/sparse.bin
printf x >> tree/sparse.bin
names=./sparse.bin
pack gnu gnutar-gnu-sparse.tar -S
pack posix gnutar-pax-sparse.tar -S

# One archive under every codec.
base=$target/gnutar-gnu.tar
size=$(stat -c %s "$base")
half=$((size / 2))
head -c $half "$base" > first
tail -c +$((half + 1)) "$base" > second
gzip -nc "$base" > "$target/codec-gzip.tar.gz"
{ gzip -nc first; gzip -nc second; head -c 100 /dev/zero; } > "$target/codec-gzip-members-padded.tar.gz"
zstd -qc "$base" > "$target/codec-zstd.tar.zst"
zstd -q --no-check -19 -c "$base" > "$target/codec-zstd-19-nocheck.tar.zst"
{ zstd -qc first; zstd -qc second; } > "$target/codec-zstd-frames.tar.zst"
pzstd -qc -p 2 "$base" > "$target/codec-pzstd.tar.zst"
lz4 -qc "$base" > "$target/codec-lz4.tar.lz4"
lz4 -qc -9 -BD -B4 -BX --content-size "$base" > "$target/codec-lz4-linked-checked.tar.lz4"
{ lz4 -qc first; lz4 -qc --no-frame-crc second; } > "$target/codec-lz4-frames.tar.lz4"
