package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.RecordKind;
import dev.penstock.formats.ShardIndex;
import dev.penstock.formats.TfRecordFormat;
import dev.penstock.formats.WindowScan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A shard that is read window by window: its bytes, the scan that finds samples in them, and the
 * samples of the present window. For the reading thread.
 */
final class ArrivalLane implements AutoCloseable {
  final int shard;
  final StoredObject object;
  final ForwardSource source;
  private final ArrivalReading reading;
  private @Nullable WindowScan scan;
  private @Nullable FieldNames names;
  private int[] columns = new int[0];
  private @Nullable RecordFormat format;
  private boolean ended;

  private @Nullable ShardView window;

  /**
   * What all lanes of a reader have in common.
   *
   * @param format that shards have; null while the first one is looked at
   * @param part which of the ranks that share each shard this is
   */
  record ArrivalReading(
      @Nullable RecordFormat format,
      boolean rawRecords,
      Map<String, Integer> columnNumbers,
      int part,
      int parts) {}

  private ArrivalLane(
      ArrivalReading reading, int shard, StoredObject object, ForwardSource source) {
    this.reading = reading;
    this.shard = shard;
    this.object = object;
    this.source = source;
  }

  /** Opens a shard; looks at nothing in it yet. */
  static ArrivalLane open(
      ArrivalReading reading,
      CacheSession cache,
      int shard,
      StoredObject object,
      ArrivalMemory memory,
      long blockBytes,
      Runnable makeRoom)
      throws IOException {
    return new ArrivalLane(
        reading,
        shard,
        object,
        new ForwardSource(cache, shard, object, memory, blockBytes, makeRoom));
  }

  /**
   * Reads the window that begins at a sample: the first call says where, later ones go on.
   *
   * @return how many samples it has for this reader; 0 at the shard's end
   */
  int read(long offset, int ordinal, int samplesMax, long bytesMax)
      throws IOException, InterruptedException {
    WindowScan from = scan;
    if (from == null && offset != WindowScan.END) {
      startAt(offset, bytesMax);
      RecordFormat format = offset == 0 || reading.format == null ? detect() : reading.format;
      from = WindowScan.open(source, format, offset, ordinal, reading.part, reading.parts);
      scan = from;
      names = from.names();
    }
    if (from == null || from.offset() == WindowScan.END) {
      ended = true;
      return 0;
    }
    source.passed(from.offset());
    source.ahead(from.offset() + bytesMax);
    source.need(from.offset() + bytesMax);
    ShardIndex index = from.next(samplesMax, bytesMax);
    window = new ShardView(shard, 0, object.name(), index, source, columnsOf(from.names()), false);
    ended = index.sampleCount() == 0;
    return index.sampleCount();
  }

  /** Asks for the first bytes from a place on, as far as memory allows; before they are read. */
  void startAt(long offset, long bytes) throws IOException, InterruptedException {
    if (scan == null && offset != WindowScan.END) {
      source.startAt(offset);
      source.ahead(offset + bytes);
    }
  }

  private RecordFormat detect() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(RecordFormat.HEAD_BYTES);
      int have = source.readAt(0, head, 0, RecordFormat.HEAD_BYTES);
      RecordFormat found = RecordFormat.detect(object.name(), head, have);
      if (reading.rawRecords && found.kind() == RecordKind.TFRECORD_EXAMPLE) {
        found = TfRecordFormat.raw();
      }
      RecordFormat expected = reading.format;
      if (expected != null && !found.equals(expected)) {
        throw new IOException(
            "%s is %s but the first shard is %s; a dataset has shards of one format"
                .formatted(object.location(), found.kind(), expected.kind()));
      }
      format = found;
      return found;
    }
  }

  /** The format that was found at the shard's start. */
  RecordFormat format() {
    RecordFormat known = format;
    if (known == null) {
      throw new IllegalStateException(object.location() + " was not looked at yet");
    }
    return known;
  }

  /** The column of each field name of the scan's dictionary, which grows. */
  private int[] columnsOf(FieldNames known) {
    int count = known.count();
    if (columns.length < count) {
      int[] grown = new int[count];
      for (int name = 0; name < count; name++) {
        grown[name] = reading.columnNumbers.getOrDefault(known.name(name), -1);
      }
      columns = grown;
    }
    return columns;
  }

  /** The samples of the present window. */
  ShardView window() {
    ShardView present = window;
    if (present == null) {
      throw new IllegalStateException("no window of " + object.location() + " was read yet");
    }
    return present;
  }

  /** Where the next window begins. */
  long nextOffset() {
    return scan == null ? 0 : scan.offset();
  }

  /** The number in the shard of the sample that the next window begins with. */
  int nextOrdinal() {
    return scan == null ? 0 : scan.ordinal();
  }

  /** Names of fields that no column takes. */
  List<String> unknownFields() {
    List<String> unknown = new ArrayList<>();
    FieldNames known = names;
    for (int name = 0; known != null && name < columns.length; name++) {
      if (columns[name] < 0) {
        unknown.add(known.name(name));
      }
    }
    return unknown;
  }

  /** Asks for the bytes of the next window, as far as memory allows. */
  void ahead(long bytes) throws IOException, InterruptedException {
    long next = nextOffset();
    if (next != WindowScan.END) {
      source.ahead(next + bytes);
    }
  }

  /** Gives up what was read ahead of the present window. */
  void giveUpAhead() {
    long next = nextOffset();
    source.giveUpAhead(next);
  }

  /** Whether everything of the shard has been asked for, so that another will soon be needed. */
  boolean isEnding() {
    return ended || nextOffset() == WindowScan.END || source.isAllAsked();
  }

  @Override
  public void close() throws IOException {
    if (scan != null) {
      scan.close();
    }
    source.close();
  }
}
