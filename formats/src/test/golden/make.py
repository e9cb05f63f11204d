#!/usr/bin/env python3
"""Writes the golden archives and what the reference readers find in them.

    python3 -m venv venv && venv/bin/pip install webdataset lz4 zstandard tensorflow-cpu
    venv/bin/python formats/src/test/golden/make.py

Also needs GNU tar, gzip, zstd, pzstd and lz4. The results are committed; the Java tests read them
without any of this. expected.tsv has a line per field: file, number of the sample, key, field (as
JSON strings), kind, number of values, length, SHA-256. It is written by webdataset reading tar and by
TensorFlow reading TFRecord; a compressed archive is expected to hold what its plain twin holds.
"""

import hashlib
import io
import pathlib
import struct
import subprocess
import sys
import tarfile

import lz4.frame
import webdataset
import zstandard

import listing

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "resources" / "golden"
TIME = 1_000_000_000


def info(name, size, **more):
    member = tarfile.TarInfo(name)
    member.size = size
    member.mtime = TIME
    for key, value in more.items():
        setattr(member, key, value)
    return member


def python_tar(file, format, members, **more):
    with tarfile.open(TARGET / file, "w", format=format, **more) as archive:
        for name, data, fields in members:
            archive.addfile(info(name, len(data), **fields), io.BytesIO(data))


def members(*names):
    return [(name, f"{name}\n".encode("utf-8", "surrogateescape") * 3, {}) for name in names]


def checksum(header, signed=False):
    """The header with its checksum set anew."""
    blank = header[:148] + b" " * 8 + header[156:]
    total = sum(struct.unpack("512b" if signed else "512B", blank))
    return header[:148] + b"%06o\0 " % total + header[156:]


def patch(source, target, change):
    """A copy of an archive whose members' headers went through change(header, name)."""
    data = bytearray((TARGET / source).read_bytes())
    with tarfile.open(TARGET / source) as archive:
        for member in archive:
            at = member.offset_data - 512
            data[at : at + 512] = change(bytes(data[at : at + 512]), member)
    (TARGET / target).write_bytes(data)


def base256(header, member):
    return checksum(header[:124] + b"\x80" + member.size.to_bytes(11, "big") + header[136:])


def python_tars():
    plain = members("a/0.jpg", "a/0.cls", "a/1.jpg", "a/1.cls", "b.tar.gz", "c")
    python_tar("python-ustar.tar", tarfile.USTAR_FORMAT, plain)
    python_tar("python-gnu.tar", tarfile.GNU_FORMAT, plain)
    python_tar(
        "python-pax-global.tar", tarfile.PAX_FORMAT, plain, pax_headers={"comment": "a global header", "x.y": "z=1\n2"}
    )
    odd = members(
        "ü/ключ.Größe", "x\udcff.bin\udcfe", "n" * 300 + ".long.name", "a\nb.txt", "x.y/..z", "plain/.z", "d.o.t.s/k.é.É"
    )
    python_tar("python-pax-odd.tar", tarfile.PAX_FORMAT, odd)
    python_tar("python-gnu-odd.tar", tarfile.GNU_FORMAT, odd)
    sized = [(name, data, {"pax_headers": {"size": str(len(data))}}) for name, data, _ in plain]
    python_tar("python-pax-size.tar", tarfile.PAX_FORMAT, sized)
    patch("python-gnu.tar", "python-base256.tar", base256)
    high = members("é" * 20 + ".txt", "ü.bin")
    python_tar("python-high.tar", tarfile.GNU_FORMAT, high)
    patch("python-high.tar", "python-signed-checksum.tar", lambda header, member: checksum(header, signed=True))
    patch("python-gnu.tar", "python-no-magic.tar", lambda header, member: checksum(header[:257] + bytes(8) + header[265:]))
    patch("python-gnu.tar", "python-type-zero.tar", lambda header, member: checksum(header[:156] + b"\0" + header[157:]))
    meta = members("__meta__", "__a.b__", "0.a", "__x__/0.b", "0.c", "__y/0.d", "z/__q__", "z/__q__.e", "0.a", "0.F", "nodot", "0.g")
    python_tar("python-meta.tar", tarfile.USTAR_FORMAT, meta)
    types = [
        ("0.a", b"contiguous", {"type": tarfile.CONTTYPE}),
        ("dir.d", b"", {"type": tarfile.DIRTYPE}),
        ("0.sym", b"", {"type": tarfile.SYMTYPE, "linkname": "0.a"}),
        ("0.hard", b"", {"type": tarfile.LNKTYPE, "linkname": "0.a"}),
        ("0.dev", b"", {"type": tarfile.CHRTYPE}),
        ("0.label", b"unknown type with data" * 30, {"type": b"V"}),
        ("0.z", b"after" * 200, {}),
    ]
    python_tar("python-types.tar", tarfile.GNU_FORMAT, types)
    python_tar("python-empty.tar", tarfile.GNU_FORMAT, [])
    whole = (TARGET / "python-ustar.tar").read_bytes()
    end = len(whole.rstrip(b"\0")) + 511 & -512
    (TARGET / "end-missing.tar").write_bytes(whole[:end])
    (TARGET / "end-one-block.tar").write_bytes(whole[: end + 512])
    (TARGET / "end-garbage.tar").write_bytes(whole[: end + 1024] + b"garbage" * 100)
    (TARGET / "end-concatenated.tar").write_bytes(whole[: end + 1024] + (TARGET / "python-gnu.tar").read_bytes())


def webdataset_tar():
    with open(TARGET / "webdataset-writer.tar", "wb") as stream:
        with webdataset.TarWriter(stream, mtime=TIME) as writer:
            for i in range(12):
                writer.write(
                    {
                        "__key__": f"part/{i:06d}",
                        "cls": i % 3,
                        "json": {"i": i, "name": "ä" * i},
                        "txt": "text" * i,
                        "left.bin": bytes(range(i)),
                    }
                )


def handmade_codecs():
    plain = (TARGET / "gnutar-gnu.tar").read_bytes()
    import zlib

    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = body.compress(plain) + body.flush()
    head = bytes([0x1F, 0x8B, 8, 2 | 4 | 8 | 16]) + struct.pack("<IBB", TIME, 2, 3)
    head += struct.pack("<H", 6) + b"PS\x02\x00hi" + b"name.tar\0" + b"a comment\0"
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    tail = struct.pack("<II", zlib.crc32(plain), len(plain))
    (TARGET / "codec-gzip-header.tar.gz").write_bytes(head + data + tail)
    skippable = struct.pack("<II", 0x184D2A5E, 11) + b"skip me now"
    sized = zstandard.ZstdCompressor(level=5, write_content_size=True)
    pieces = [plain[at : at + 4096] for at in range(0, len(plain), 4096)]
    frames = b"".join(sized.compress(piece) + skippable for piece in pieces)
    (TARGET / "codec-zstd-skippable.tar.zst").write_bytes(frames)
    linked = lz4.frame.compress(plain, block_size=lz4.frame.BLOCKSIZE_MAX64KB, block_linked=True, content_checksum=True)
    (TARGET / "codec-lz4-skippable.tar.lz4").write_bytes(linked[:0] + struct.pack("<II", 0x184D2A50, 3) + b"xyz" + linked)
    noise = b"".join(hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(6000)) + plain[:3000] * 3
    with tarfile.open(TARGET / "noise.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(info("noise.bin", len(noise)), io.BytesIO(noise))
    plain = (TARGET / "noise.tar").read_bytes()
    linked = lz4.frame.compress(plain, block_size=lz4.frame.BLOCKSIZE_MAX64KB, block_linked=True, block_checksum=True)
    (TARGET / "codec-noise.tar.lz4").write_bytes(linked)


def tfrecords():
    import tensorflow as tf

    def bytes_list(*values):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    def ints(*values):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def floats(*values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    examples = []
    for i in range(8):
        feature = {
            "image/encoded": bytes_list(bytes(range(256)) * i),
            "label": ints(i),
            "bbox": floats(*[0.5 * j - i for j in range(i)]),
            "ids": ints(*[(-1) ** j * 7**j for j in range(2 * i)]),
            "extremes": ints(-(2**63), 2**63 - 1, 0),
            "ключ": bytes_list(b"\xff\x00"),
            "words": bytes_list(*[b"w" * j for j in range(i)]),
        }
        if i == 3:
            feature["unset"] = tf.train.Feature()
        examples.append(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString(deterministic=True))
    examples.append(tf.train.Example().SerializeToString())

    def write(file, options=None):
        with tf.io.TFRecordWriter(str(TARGET / file), options) as writer:
            for example in examples:
                writer.write(example)

    write("tensorflow.tfrecord")
    write("tensorflow-gzip.tfrecord", tf.io.TFRecordOptions(compression_type="GZIP"))


def expected():
    lines = []
    for path in sorted(TARGET.glob("*.tar")):
        if "sparse" in path.name:
            continue
        names = [path.name]
        if path.name == "gnutar-gnu.tar":
            names += [other.name for other in sorted(TARGET.glob("codec-*")) if "noise" not in other.name]
        if path.name == "noise.tar":
            names.append("codec-noise.tar.lz4")
        found = list(listing.webdataset_lines(path))
        lines += [name + one[len(path.name) :] for name in names for one in found or [path.name + "\t-"]]
    lines += listing.tensorflow_lines(TARGET / "tensorflow.tfrecord")
    lines += listing.tensorflow_lines(TARGET / "tensorflow-gzip.tfrecord", "GZIP")
    (TARGET / "expected.tsv").write_text("\n".join(lines) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    for old in TARGET.iterdir():
        old.unlink()
    subprocess.run(["bash", str(HERE / "make.sh"), str(TARGET)], check=True)
    python_tars()
    webdataset_tar()
    handmade_codecs()
    tfrecords()
    expected()
    total = sum(path.stat().st_size for path in TARGET.iterdir())
    print(f"{len(list(TARGET.iterdir()))} files, {total} bytes in {TARGET}", file=sys.stderr)


if __name__ == "__main__":
    main()
