package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/** Tells tar from TFRecord by the first bytes. */
final class FormatDetection {
  private FormatDetection() {}

  static RecordFormat detect(String name, MemorySegment head, long length)
      throws MalformedRecordException {
    if (length == 0) {
      if (name.toLowerCase(Locale.ROOT).contains(".tfrec")) {
        return TfRecordFormat.EXAMPLE;
      }
      throw new MalformedRecordException(
          name,
          0,
          "empty: neither a tar archive nor TFRecord (which may be empty, named .tfrecord)");
    }
    if (length >= TarHeader.BLOCK_BYTES && TarHeader.looksLikeHeader(head, 0)) {
      return WebDatasetFormat.INSTANCE;
    }
    if (length >= TfRecordFormat.HEADER_BYTES && TfRecordFormat.looksLikeHeader(head, 0)) {
      return TfRecordFormat.EXAMPLE;
    }
    throw new MalformedRecordException(
        name,
        0,
        "neither a tar header (checksum) nor a TFRecord header (CRC32C) at the start"
            + guess(head, length));
  }

  private static String guess(MemorySegment head, long length) {
    if (starts(head, length, 'B', 'Z', 'h')) {
      return "; it looks like bzip2, which is not supported: recompress with zstd";
    }
    if (starts(head, length, 0xFD, '7', 'z', 'X', 'Z')) {
      return "; it looks like xz, which is not supported: recompress with zstd";
    }
    if (starts(head, length, 'P', 'K', 3, 4)) {
      return "; it looks like zip, which is not supported: convert it to tar";
    }
    return "";
  }

  private static boolean starts(MemorySegment head, long length, int... magic) {
    if (length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((head.get(ValueLayout.JAVA_BYTE, i) & 0xFF) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
