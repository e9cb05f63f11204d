package dev.penstock.cache;

import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of one compressed object, and the streams that are inside it. */
final class Decoding {
  private final CachedObject object;
  private final Codec codec;
  private final boolean remote;

  /** Decoded length, -1 until somebody has told or an end was reached. */
  volatile long decodedBytes = -1;

  private volatile @Nullable FrameTable frames;

  // Guarded by the lock of DecodeScheduler.
  final List<DecodeStream> streams = new ArrayList<>();

  /** How long streams inside it have waited for stored bytes, those that wait now left out. */
  long starvedNanos;

  Decoding(CachedObject object, Codec codec) {
    this.object = object;
    this.codec = codec;
    this.remote = object.origin().isRemote(object.stored().location());
  }

  /** Adds what an index says; places to enter are only ever added to. */
  void learn(@Nullable FrameTable table, long length) {
    if (table != null && frames == null && table.decodedBytes() >= 0) {
      frames = table;
    }
    if (length >= 0) {
      decodedBytes = length;
    }
  }

  /**
   * Where decoding stops before the stored bytes end, since what lies behind does not decode: the
   * decoded length where the frames' stored length is unknown, else as far as one can count.
   */
  long lastDecodable() {
    FrameTable table = frames;
    return table != null && table.storedBytes() < 0 ? table.decodedBytes() : Long.MAX_VALUE;
  }

  CachedObject object() {
    return object;
  }

  /** Whether reading costs round trips, so that more should be read ahead. */
  boolean isRemote() {
    return remote;
  }

  Codec codec() {
    return codec;
  }

  /** The last frame at which decoding may enter to produce the decoded byte at {@code offset}. */
  int entryOf(long offset) {
    FrameTable table = frames;
    return table == null || offset >= table.decodedBytes() ? -1 : table.frameOf(offset);
  }

  /** Where the frame ends that holds the decoded byte at {@code offset}, as stored. */
  long storedEndOf(long offset) {
    FrameTable table = frames;
    int next = entryOf(offset) + 1;
    return table == null || next == 0 || next >= table.count()
        ? object.stored().sizeBytes()
        : table.storedOffset(next);
  }

  long entryDecoded(int frame) {
    FrameTable table = frames;
    return table == null || frame < 0 ? 0 : table.decodedOffset(frame);
  }

  long entryStored(int frame) {
    FrameTable table = frames;
    return table == null || frame < 0 ? 0 : table.storedOffset(frame);
  }
}
