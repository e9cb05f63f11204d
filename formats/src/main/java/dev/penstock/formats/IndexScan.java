package dev.penstock.formats;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** One pass over a shard, into columns. */
final class IndexScan {
  private static final long PROGRESS_BYTES = 16 << 20;
  private static final int DRAIN_BYTES = 64 << 10;

  private IndexScan() {}

  static ShardIndex scan(ByteSource source, Codec codec, IndexOptions options) throws IOException {
    RecordFormat format = options.format().isPresent() ? options.format().get() : detect(source);
    try (RecordScanner scanner = format.scan(source)) {
      IndexColumns.Builder columns =
          new IndexColumns.Builder(format.kind() == RecordKind.WEBDATASET);
      Optional<MalformedRecordException> damage = addAll(scanner, columns, options);
      long decodedBytes =
          damage.isPresent()
              ? endOfDamaged(source, columns, damage.get())
              : end(source, scanner.position());
      options.progress().accept(decodedBytes);
      return new ShardIndex(
          columns.build(decodedBytes),
          format.kind(),
          codec,
          FrameTable.single(codec == Codec.NONE ? decodedBytes : -1, decodedBytes),
          scanner.names(),
          damage.map(MalformedRecordException::reason).orElse(""),
          source.name());
    }
  }

  /** Adds the samples; returns what ended the pass before the end, if that is tolerated. */
  private static Optional<MalformedRecordException> addAll(
      RecordScanner scanner, IndexColumns.Builder columns, IndexOptions options)
      throws IOException {
    long reported = 0;
    try {
      while (scanner.next()) {
        columns.add(scanner);
        if (scanner.position() - reported >= PROGRESS_BYTES) {
          reported = scanner.position();
          options.progress().accept(reported);
        }
      }
      return Optional.empty();
    } catch (MalformedRecordException e) {
      if (!options.toleratesDamage()) {
        throw e;
      }
      columns.addDamaged(scanner, e.offset());
      return Optional.of(e);
    }
  }

  /** Behind damage nothing is found; a stream that does not decode has no more bytes either. */
  private static long endOfDamaged(
      ByteSource source, IndexColumns.Builder columns, MalformedRecordException damage) {
    return source.lengthBytes() >= 0
        ? source.lengthBytes()
        : Math.max(columns.lastOffset(), damage.offset());
  }

  private static RecordFormat detect(ByteSource source) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(RecordFormat.HEAD_BYTES);
      int have = 0;
      while (have < RecordFormat.HEAD_BYTES) {
        int got = source.readAt(have, head, have, RecordFormat.HEAD_BYTES - have);
        if (got <= 0) {
          break;
        }
        have += got;
      }
      return RecordFormat.detect(source.name(), head, have);
    }
  }

  /** The decoded length: known, or found by reading what follows the last sample. */
  private static long end(ByteSource source, long position) throws IOException {
    if (source.lengthBytes() >= 0) {
      return source.lengthBytes();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rest = arena.allocate(DRAIN_BYTES);
      long end = position;
      int got = source.readAt(end, rest, 0, DRAIN_BYTES);
      while (got > 0) {
        end += got;
        got = source.readAt(end, rest, 0, DRAIN_BYTES);
      }
      return end;
    }
  }
}
