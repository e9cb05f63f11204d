package dev.penstock.formats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A made-up LZ4 sequence that writes a block's history out again, for a decompressor that cannot be
 * told of any: the last four bytes of the history and the rest of it as literals, then one match of
 * four bytes over the whole distance, which puts the last four where they belong.
 *
 * <pre>
 *   input:   token | length | last4 | history without last4 | distance | the block
 *   output:  last4 | history | the block, decoded
 * </pre>
 */
final class Lz4Prelude {
  /** The largest distance of a match. */
  static final int HISTORY_BYTES = 65_535;

  /** The shortest match; so many bytes stand before the history in the output. */
  static final int MATCH_BYTES = 4;

  /** Token, length bytes (255 each), literals, distance. */
  static final int BYTES_MAX = 1 + HISTORY_BYTES / 255 + 2 + HISTORY_BYTES;

  private static final int LITERALS_IN_TOKEN = 15;

  private Lz4Prelude() {}

  /**
   * Writes the sequence for {@code historyBytes} bytes, at least four, at {@code historyAt} of
   * {@code history}, so that it ends at {@link #BYTES_MAX} of {@code input}; returns its length.
   */
  static int write(MemorySegment history, long historyAt, int historyBytes, MemorySegment input) {
    int rest = historyBytes - LITERALS_IN_TOKEN;
    int lengthBytes = rest < 0 ? 0 : rest / 255 + 1;
    int bytes = 1 + lengthBytes + historyBytes + 2;
    long at = (long) BYTES_MAX - bytes;
    int token = Math.min(historyBytes, LITERALS_IN_TOKEN) << 4;
    input.set(ValueLayout.JAVA_BYTE, at++, (byte) token);
    for (int i = 0; i < lengthBytes - 1; i++) {
      input.set(ValueLayout.JAVA_BYTE, at++, (byte) 255);
    }
    if (lengthBytes > 0) {
      input.set(ValueLayout.JAVA_BYTE, at++, (byte) (rest % 255));
    }
    int first = historyBytes - MATCH_BYTES;
    MemorySegment.copy(history, historyAt + first, input, at, MATCH_BYTES);
    MemorySegment.copy(history, historyAt, input, at + MATCH_BYTES, first);
    at += historyBytes;
    input.set(ValueLayout.JAVA_BYTE, at, (byte) historyBytes);
    input.set(ValueLayout.JAVA_BYTE, at + 1, (byte) (historyBytes >> 8));
    return bytes;
  }
}
