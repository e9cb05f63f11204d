package dev.penstock.formats;

import java.io.IOException;
import java.util.Arrays;

/**
 * Reads members that belong to samples: the reader below plus webdataset's naming rules and the
 * field dictionary. Shared by the scan, which sees whole shards, and the parser, which sees one
 * sample.
 */
final class TarNames {
  final TarReader tar = new TarReader();
  final FieldNames names;
  private final FieldNames unicodeNames = new FieldNames();

  /** By id in {@link #unicodeNames}: one more than the id in {@link #names}, or 0. */
  private int[] unicodeIds = {};

  private int keyLength;
  private int fieldNameId;

  TarNames(FieldNames names) {
    this.names = names;
  }

  /** Moves to the next member that is a field of some sample; false at the end. */
  boolean next(Window in) throws IOException {
    while (tar.next(in)) {
      if (!tar.isRegular() || SampleName.isMeta(tar.nameBuffer(), tar.nameLength())) {
        continue;
      }
      keyLength = SampleName.keyEnd(tar.nameBuffer(), tar.nameLength());
      if (keyLength >= 0) {
        fieldNameId = intern(tar.nameBuffer(), keyLength + 1, tar.nameLength());
        return true;
      }
    }
    return false;
  }

  private int intern(byte[] name, int from, int to) throws MalformedRecordException {
    int id;
    if (SampleName.lowerAscii(name, from, to)) {
      if (SampleName.isReserved(name, from, to)) {
        throw tar.malformed(
            tar.memberOffset(),
            "field name %s is reserved".formatted(Names.toText(name, from, to - from)));
      }
      id = names.intern(name, from, to);
    } else {
      id = internUnicode(name, from, to);
    }
    if (id < 0) {
      throw tar.malformed(tar.memberOffset(), FieldNames.FULL);
    }
    return id;
  }

  /** Lower case beyond ASCII goes through text, so what it comes to is remembered. */
  private int internUnicode(byte[] name, int from, int to) {
    int known = unicodeNames.intern(name, from, to);
    if (known >= 0 && known < unicodeIds.length && unicodeIds[known] != 0) {
      return unicodeIds[known] - 1;
    }
    byte[] lower = SampleName.lower(name, from, to);
    int id = names.intern(lower, 0, lower.length);
    if (known >= 0 && id >= 0) {
      if (known >= unicodeIds.length) {
        unicodeIds = Arrays.copyOf(unicodeIds, Math.max(known + 1, unicodeIds.length * 2));
      }
      unicodeIds[known] = id + 1;
    }
    return id;
  }

  /** Length of the key, at the front of the reader's name buffer. */
  int keyLength() {
    return keyLength;
  }

  int fieldNameId() {
    return fieldNameId;
  }

  MalformedRecordException duplicate() {
    return tar.malformed(
        tar.memberOffset(), "sample has two fields named %s".formatted(names.name(fieldNameId)));
  }

  MalformedRecordException tooMany() {
    return tar.malformed(
        tar.memberOffset(), "sample has more than %d fields".formatted(SampleFields.MAX_FIELDS));
  }
}
