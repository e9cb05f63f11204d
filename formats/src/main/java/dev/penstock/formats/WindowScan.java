package dev.penstock.formats;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A forward pass over a shard that has no index, which tells where the next few samples lie: the
 * index of a window after the other. It can begin at any sample, so that a reader goes on where it
 * stopped. One thread; the caller closes it, and the source.
 *
 * <p>Of a shard that several readers share, each takes every {@code parts}-th sample. Where a
 * window ends depends on the shard's bytes and the limits alone.
 */
public final class WindowScan implements AutoCloseable {
  /** What {@link #offset} says when nothing lies behind. */
  public static final long END = Long.MAX_VALUE;

  private final String shard;
  private final RecordFormat format;
  private final RecordScanner scanner;
  private final int part;
  private final int parts;
  private int ordinal;
  private long offset;

  /** Whether the scanner stands at a sample that no window has yet. */
  private boolean found;

  private boolean ended;
  private @Nullable MalformedRecordException damage;

  private WindowScan(
      String shard,
      RecordFormat format,
      RecordScanner scanner,
      long offset,
      int ordinal,
      int part,
      int parts) {
    this.shard = shard;
    this.format = format;
    this.scanner = scanner;
    this.offset = offset;
    this.ordinal = ordinal;
    this.part = part;
    this.parts = parts;
  }

  /**
   * Begins at a sample.
   *
   * @param offset where it starts, in decoded bytes: 0, or what {@link #offset} said (not {@link
   *     #END})
   * @param ordinal its number in the shard: 0, or what {@link #ordinal} said
   * @param part which of the readers this is, from 0
   * @param parts how many readers share the shard
   */
  public static WindowScan open(
      ByteSource source, RecordFormat format, long offset, int ordinal, int part, int parts)
      throws IOException {
    return new WindowScan(
        source.name(), format, format.scan(source, offset), offset, ordinal, part, parts);
  }

  /**
   * The next window: as many of this reader's samples, one behind the other, as both limits allow,
   * but one at least. Where the shard's framing breaks, the window's last sample stands for the
   * rest, as in any {@link ShardIndex}, and the shard ends. The window's own codec, frames and
   * length say nothing.
   *
   * @param samplesMax how many samples it has at most
   * @param bytesMax how many bytes lie from its first sample's start to its last one's end, at
   *     most, others' samples included; a single sample may have more
   * @return an index without samples if there are no more
   */
  public ShardIndex next(int samplesMax, long bytesMax) throws IOException {
    IndexColumns.Builder columns = new IndexColumns.Builder(format.kind() == RecordKind.WEBDATASET);
    long start = -1;
    int first = -1;
    int count = 0;
    while ((count < samplesMax || !isOwn()) && advance()) {
      start = start < 0 ? scanner.sampleOffset() : start;
      if (count > 0 && scanner.sampleOffset() + scanner.sampleBytes() - start > bytesMax) {
        break;
      }
      if (isOwn()) {
        columns.add(scanner);
        first = first < 0 ? ordinal : first;
        count++;
      }
      pass();
    }
    String reason = "";
    MalformedRecordException broken = damage;
    if (broken != null) {
      damage = null;
      if (isOwn()) {
        columns.addDamaged(scanner, broken.offset());
        first = first < 0 ? ordinal : first;
        reason = broken.reason();
      }
    }
    return new ShardIndex(
        columns.build(Math.max(scanner.position(), scanner.sampleOffset())),
        format.kind(),
        Codec.NONE,
        FrameTable.single(-1, 0),
        scanner.names(),
        reason,
        shard,
        Math.max(0, first),
        parts);
  }

  private boolean isOwn() {
    return ordinal % parts == part;
  }

  /** Whether the scanner stands at a sample that is in no window yet. */
  private boolean advance() throws IOException {
    if (!found && !ended) {
      try {
        found = scanner.next();
        ended = !found;
      } catch (MalformedRecordException e) {
        damage = e;
        ended = true;
      }
      offset = ended ? END : scanner.sampleOffset();
    }
    return found;
  }

  private void pass() {
    found = false;
    ordinal = Math.incrementExact(ordinal);
    offset = scanner.endOffset();
  }

  /** Where the next window begins, in decoded bytes; {@link #END} if it is known that none does. */
  public long offset() {
    return offset;
  }

  /** The number in the shard of the sample that the next window begins with. */
  public int ordinal() {
    return ordinal;
  }

  /** The dictionary of the field names met so far. */
  public FieldNames names() {
    return scanner.names();
  }

  @Override
  public void close() {
    scanner.close();
  }
}
