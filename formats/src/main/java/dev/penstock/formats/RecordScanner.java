package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A forward pass over the samples of a shard. After {@link #next} returned true the other methods
 * speak of that sample, until the next call. Offsets are in decoded bytes from the start of the
 * shard. One thread at a time. The owner closes it; that frees its window of native memory.
 */
public interface RecordScanner extends AutoCloseable {
  /** The most native memory that a pass holds: a window, and a long extended header once. */
  long MAX_NATIVE_BYTES = SourceWindow.SEQUENTIAL_BYTES + 2L * TarReader.MAX_PAX_BYTES;

  /**
   * Moves to the next sample; false at the end of the shard.
   *
   * @throws MalformedRecordException if the framing breaks: the pass is over, {@link #sampleOffset}
   *     is where the first sample starts that is not known to be whole, and the other methods say
   *     what is known of that one
   */
  boolean next() throws IOException;

  /** Where the sample's first byte lies. */
  long sampleOffset();

  /** The bytes that a {@link SampleParser} needs, from {@link #sampleOffset} on. */
  long sampleBytes();

  /** Length of the key in bytes; 0 when the format stores none. */
  int keyBytes();

  /** Copies the key, UTF-8 as a rule, to {@code target}. */
  void keyTo(MemorySegment target, long targetOffset);

  /** Number of fields whose places are known; 0 when the format only knows them by parsing. */
  int fieldCount();

  /** The name of field {@code field} in {@link #names}. */
  int fieldNameId(int field);

  /** Where the field's first byte lies. */
  long fieldOffset(int field);

  /** Length of the field in bytes. */
  long fieldBytes(int field);

  /** The dictionary of the field names met so far. */
  FieldNames names();

  /** Where a pass may begin that is to find the samples behind this one. */
  long endOffset();

  /** How far the pass has come: decoded bytes known to belong to the shard. */
  long position();

  @Override
  void close();
}
