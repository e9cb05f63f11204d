package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies the numbers of a feature that {@link ExampleParser} has walked: nothing is checked again.
 * The range is the part of a {@code Feature} that holds lists of one kind, perhaps several, packed
 * or not, perhaps with unknown fields between.
 */
final class ExampleLists {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private ExampleLists() {}

  static void copyInt64(
      RunReader reader, long position, long length, MemorySegment target, long targetOffset) {
    long end = position + length;
    long to = targetOffset;
    long at = position;
    while (at < end) {
      long tag = reader.varint(at, end);
      at = reader.next;
      if (tag != Wire.MESSAGE_3) {
        at = skip(reader, tag, at, end);
        continue;
      }
      long listBytes = reader.varint(at, end);
      at = reader.next;
      long listEnd = at + listBytes;
      while (at < listEnd) {
        long inner = reader.varint(at, listEnd);
        at = reader.next;
        if (inner == Wire.MESSAGE_1) {
          long packedBytes = reader.varint(at, listEnd);
          at = reader.next;
          long packedEnd = at + packedBytes;
          while (at < packedEnd) {
            target.set(LONG, to, reader.varint(at, packedEnd));
            at = reader.next;
            to += Long.BYTES;
          }
        } else if (inner == Wire.VARINT_1) {
          target.set(LONG, to, reader.varint(at, listEnd));
          at = reader.next;
          to += Long.BYTES;
        } else {
          at = skip(reader, inner, at, listEnd);
        }
      }
    }
  }

  static void copyFloat(
      RunReader reader,
      ByteRun run,
      long position,
      long length,
      MemorySegment target,
      long targetOffset) {
    long end = position + length;
    long to = targetOffset;
    long at = position;
    while (at < end) {
      long tag = reader.varint(at, end);
      at = reader.next;
      if (tag != Wire.MESSAGE_2) {
        at = skip(reader, tag, at, end);
        continue;
      }
      long listBytes = reader.varint(at, end);
      at = reader.next;
      long listEnd = at + listBytes;
      while (at < listEnd) {
        long inner = reader.varint(at, listEnd);
        at = reader.next;
        if (inner == Wire.MESSAGE_1) {
          long packedBytes = reader.varint(at, listEnd);
          at = reader.next;
          run.copyTo(at, target, to, packedBytes);
          at += packedBytes;
          to += packedBytes;
        } else if (inner == Wire.FIXED32_1) {
          target.set(INT, to, run.intAt(at));
          at += Float.BYTES;
          to += Float.BYTES;
        } else {
          at = skip(reader, inner, at, listEnd);
        }
      }
    }
  }

  static long skip(RunReader reader, long tag, long at, long limit) {
    return switch ((int) (tag & 7)) {
      case Wire.VARINT -> {
        reader.varint(at, limit);
        yield reader.next;
      }
      case Wire.FIXED64 -> at + 8;
      case Wire.LENGTH -> {
        long length = reader.varint(at, limit);
        yield reader.next + length;
      }
      case Wire.FIXED32 -> at + 4;
      default -> throw new IllegalArgumentException("not a parsed feature");
    };
  }
}
