package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Lets a parser look at a stretch of bytes as one piece of memory, wherever they come from. */
abstract class Window {
  /** Where {@link #load} left the bytes. */
  MemorySegment segment = MemorySegment.NULL;

  /** The place of the asked-for position in {@link #segment}. */
  long base;

  /**
   * Makes {@code [position, position + length)} readable at {@code (segment, base)} until the next
   * call, and returns how many of these bytes exist: fewer only at the end.
   */
  abstract int load(long position, int length) throws IOException;
}
