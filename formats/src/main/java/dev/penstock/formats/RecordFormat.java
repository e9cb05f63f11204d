package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** How samples lie in a shard's decoded bytes. Stateless; shared freely. */
public sealed interface RecordFormat permits WebDatasetFormat, TfRecordFormat {
  /** How many first decoded bytes {@link #detect} wants to see. */
  int HEAD_BYTES = 512;

  /**
   * The format of a shard whose decoded bytes start with the first {@code length} bytes of {@code
   * head} (all of them if there are fewer than {@link #HEAD_BYTES}). Content decides; the name
   * counts only for empty shards. TFRecord is taken to hold {@code tf.train.Example}.
   *
   * @throws MalformedRecordException if it is neither
   */
  static RecordFormat detect(String name, MemorySegment head, long length)
      throws MalformedRecordException {
    return FormatDetection.detect(name, head, length);
  }

  /** The name that the index uses. */
  RecordKind kind();

  /**
   * Whether an index of this format knows the place of every field: for tar and raw records yes,
   * for {@code tf.train.Example} only parsing tells.
   */
  boolean placesKnown();

  /**
   * A forward pass over the samples of {@code source}, reading headers only: payloads are hopped
   * over. The caller closes it, and the source.
   */
  default RecordScanner scan(ByteSource source) throws IOException {
    return scan(source, 0);
  }

  /** The same from the sample on that starts at {@code offset}, as an earlier pass has found it. */
  RecordScanner scan(ByteSource source, long offset) throws IOException;

  /** A parser with a field dictionary of its own; one thread at a time. */
  default SampleParser parser() {
    return parser(new FieldNames());
  }

  /** A parser that interns field names in {@code names}, which parsers may share. */
  SampleParser parser(FieldNames names);
}
