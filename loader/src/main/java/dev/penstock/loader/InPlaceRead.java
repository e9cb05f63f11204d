package dev.penstock.loader;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.NativeRegion;
import dev.penstock.bridge.Scatter;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ShardIndex;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The read that is the gather: where reading copies anyway (page cache, tmpfs) and the index knows
 * the fields' places, a row's large fields are read straight into the slot, and what lies between
 * them (headers, padding, small fields) beside it, all with one system call. The parser then sees
 * the whole sample as one run, and verifies it as it verifies any other. One thread at a time.
 */
final class InPlaceRead implements AutoCloseable {
  /**
   * The kernel copies to places aligned to this a quarter faster than to others, whatever the
   * alignment of the file offset ({@code docs/internals/gather.md}).
   */
  private static final int ALIGNMENT = 64;

  private final LargeFields large;
  private final NativeRegion beside;
  private final Scatter scatter = new Scatter();
  private byte[] saved = new byte[8 * ALIGNMENT];
  private int[] early = new int[8];
  private long[] places = new long[8];
  private int savedCount;

  InPlaceRead(BatchSchema schema, ByteBudget budget) {
    this.large = new LargeFields(schema);
    this.beside = NativeRegion.open(budget, "gather", LargeFields.BESIDE_BYTES);
  }

  /** Forgets the last row. */
  void clear() {
    large.clear();
  }

  /**
   * Reads a row that {@link LargeFields#choose} has approved into the row that the writer has
   * begun, and lays its pieces out in {@code run}.
   */
  void read(ShardView shard, int ordinal, BatchWriter writer, ByteRun run) throws IOException {
    if (!large.choose(shard, ordinal)) {
      throw new IllegalStateException(
          "sample " + ordinal + " of " + shard.name + " is not for this");
    }
    ShardIndex index = shard.index;
    scatter.clear();
    run.clear();
    // All places are kept until the read. Making room in one column moves those behind it, or the
    // slot, so it comes before the first place.
    for (int i = 0; i < large.count(); i++) {
      writer.makeRoom(large.column(i), large.length(i));
    }
    long at = 0;
    long besideAt = 0;
    for (int i = 0; i < large.count(); i++) {
      long gap = large.position(i) - at;
      long place = writer.reserve(large.column(i), large.length(i));
      int before = save(writer.memory(), place, gap);
      besideAt = addBeside(run, besideAt, gap - before);
      scatter.add(writer.memory(), place - before, large.length(i) + before);
      run.append(writer.memory(), place - before, large.length(i) + before);
      at = large.position(i) + large.length(i);
    }
    addBeside(run, besideAt, index.sampleBytes(ordinal) - at);
    shard.source.readInto(index.sampleOffset(ordinal), scatter);
  }

  /**
   * Values lie one behind the other, at any address. So a field is read from a few bytes before its
   * first on, to the aligned address before its place; the end of the value that lies there is
   * saved, and put back by {@link #restore} when the parser has seen the bytes.
   *
   * @return how many bytes before the field the read starts
   */
  private int save(MemorySegment memory, long place, long gap) {
    int before = (int) ((memory.address() + place) % ALIGNMENT);
    int count = before <= gap ? before : 0;
    if (savedCount == early.length) {
      saved = Arrays.copyOf(saved, saved.length * 2);
      early = Arrays.copyOf(early, savedCount * 2);
      places = Arrays.copyOf(places, savedCount * 2);
    }
    early[savedCount] = count;
    places[savedCount] = place;
    MemorySegment.copy(
        memory, place - count, MemorySegment.ofArray(saved), (long) savedCount * ALIGNMENT, count);
    savedCount++;
    return count;
  }

  /** Puts back what lay before the fields. Called once after each read, whatever came of it. */
  void restore(MemorySegment memory) {
    for (int i = 0; i < savedCount; i++) {
      MemorySegment.copy(
          MemorySegment.ofArray(saved),
          (long) i * ALIGNMENT,
          memory,
          places[i] - early[i],
          early[i]);
    }
    savedCount = 0;
  }

  private long addBeside(ByteRun run, long besideAt, long length) {
    if (length > 0) {
      scatter.add(beside.segment(), besideAt, length);
      run.append(beside.segment(), besideAt, length);
    }
    return besideAt + length;
  }

  /**
   * Whether the field that the parser found lies in its column already.
   *
   * @throws FieldFormatException if the column was filled from elsewhere: index and shard disagree
   */
  boolean holds(int column, long position, long length) throws FieldFormatException {
    for (int i = 0; i < large.count(); i++) {
      if (large.column(i) == column) {
        if (large.position(i) == position && large.length(i) == length) {
          return true;
        }
        throw new FieldFormatException(
            "%d bytes at %d of the sample, its index says %d at %d; build the index anew"
                .formatted(length, position, large.length(i), large.position(i)));
      }
    }
    return false;
  }

  /** Throws if the parser found fewer of the fields than were read into their columns. */
  void requireFound(int found) throws FieldFormatException {
    if (found != large.count()) {
      throw new FieldFormatException(
          "%d of the %d large fields that its index names were found; build the index anew"
              .formatted(found, large.count()));
    }
  }

  @Override
  public void close() {
    beside.close();
  }
}
