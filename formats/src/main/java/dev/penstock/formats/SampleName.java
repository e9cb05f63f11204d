package dev.penstock.formats;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What webdataset makes of a member's path: whether it belongs to a sample, and where its key ends
 * and its field name starts. The rules are those of webdataset 1.0, {@code tariterators.py}: {@code
 * base_plus_ext} for the split, {@code tar_file_iterator} for the metadata it skips.
 */
final class SampleName {
  private SampleName() {}

  /**
   * Where the key of {@code name[0, length)} ends, which is also where a dot stands and the field
   * name starts behind it; -1 if the member belongs to no sample.
   *
   * <p>The pattern is {@code ^((?:.*\/|)[^.]+)[.]([^\/]*)$}: the dot is the first of the last path
   * component. A component that starts with a dot has it as field name, its directory being the
   * key, provided that the directory's own name has no dot. A line break stops the {@code .*}.
   */
  static int keyEnd(byte[] name, int length) {
    int slash = -1;
    int anchor = -1;
    int beforeAnchor = -1;
    boolean broken = false;
    for (int i = 0; i < length; i++) {
      if (name[i] == '/') {
        slash = i;
        if (!broken) {
          beforeAnchor = anchor;
          anchor = i;
        }
      } else if (name[i] == '\n') {
        broken = true;
      }
    }
    int start = anchor + 1;
    int dot = firstDot(name, start, length);
    if (dot == start && start > 0) {
      start = beforeAnchor + 1;
      dot = firstDot(name, start, length);
    }
    return dot > slash && dot > start ? dot : -1;
  }

  private static int firstDot(byte[] name, int from, int length) {
    for (int i = from; i < length; i++) {
      if (name[i] == '.') {
        return i;
      }
    }
    return -1;
  }

  /** Whether webdataset passes over the member as metadata: {@code __name__} at the top. */
  static boolean isMeta(byte[] name, int length) {
    if (length < 2 || name[0] != '_' || name[1] != '_') {
      return false;
    }
    int end = 0;
    while (end < length && name[end] != '/') {
      end++;
    }
    if (end == length) {
      if (endsInUnderscores(name, end)) {
        return true;
      }
      // A dollar sign in a pattern also stands before a last line break.
      return end >= 5 && name[end - 1] == '\n' && endsInUnderscores(name, end - 1);
    }
    return end >= 4 && endsInUnderscores(name, end);
  }

  private static boolean endsInUnderscores(byte[] name, int end) {
    return name[end - 1] == '_' && name[end - 2] == '_';
  }

  /** Lower-cases {@code name[from, to)} in place if it is ASCII; whether it was. */
  static boolean lowerAscii(byte[] name, int from, int to) {
    for (int i = from; i < to; i++) {
      byte value = name[i];
      if (value < 0) {
        return false;
      }
      if (value >= 'A' && value <= 'Z') {
        name[i] = (byte) (value + 32);
      }
    }
    return true;
  }

  /** The lower case of any name. */
  static byte[] lower(byte[] name, int from, int to) {
    return Names.toBytes(Names.toText(name, from, to - from).toLowerCase(Locale.ROOT));
  }

  /** Whether the field name is one that webdataset keeps for itself in every sample. */
  static boolean isReserved(byte[] name, int from, int to) {
    if (to - from < 4 || name[from] != '_' || name[from + 1] != '_') {
      return false;
    }
    String text = new String(name, from, to - from, StandardCharsets.ISO_8859_1);
    return switch (text) {
      case "__key__", "__url__", "__bad__", "__local_path__" -> true;
      default -> false;
    };
  }
}
