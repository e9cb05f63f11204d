package dev.penstock.formats;

import java.util.Arrays;

/**
 * Where the frames of a compressed shard start, stored and decoded, and where the last one ends:
 * the places at which a decoder may enter. Immutable, thread-safe.
 */
public final class FrameTable {
  private final long[] storedOffsets;
  private final long[] decodedOffsets;
  private final long storedBytes;
  private final long decodedBytes;

  private FrameTable(
      long[] storedOffsets, long[] decodedOffsets, long storedBytes, long decodedBytes) {
    this.storedOffsets = storedOffsets;
    this.decodedOffsets = decodedOffsets;
    this.storedBytes = storedBytes;
    this.decodedBytes = decodedBytes;
  }

  /** The table of a plain shard, or of one closed frame. */
  public static FrameTable single(long storedBytes, long decodedBytes) {
    return builder().add(0, 0).build(storedBytes, decodedBytes);
  }

  /** A builder; see {@link Builder#add}. */
  public static Builder builder() {
    return new Builder();
  }

  /** Number of frames; frames that decode to nothing are left out. */
  public int count() {
    return storedOffsets.length;
  }

  /** Where frame {@code index} starts in the stored bytes. */
  public long storedOffset(int index) {
    return storedOffsets[index];
  }

  /** Where frame {@code index} starts in the decoded bytes. */
  public long decodedOffset(int index) {
    return decodedOffsets[index];
  }

  /** Length of the shard as stored; -1 while it is not known. */
  public long storedBytes() {
    return storedBytes;
  }

  /** Length of the shard decoded. */
  public long decodedBytes() {
    return decodedBytes;
  }

  /** The frame that holds the decoded byte at {@code decodedOffset}: the last that starts there. */
  public int frameOf(long decodedOffset) {
    if (decodedOffset < 0 || decodedOffset >= decodedBytes) {
      throw new IndexOutOfBoundsException(decodedOffset + " of " + decodedBytes);
    }
    int found = Arrays.binarySearch(decodedOffsets, decodedOffset);
    return found >= 0 ? found : -found - 2;
  }

  PackedLongs packedStoredOffsets() {
    return PackedLongs.of(storedOffsets, storedOffsets.length);
  }

  PackedLongs packedDecodedOffsets() {
    return PackedLongs.of(decodedOffsets, decodedOffsets.length);
  }

  /** Collects frames in the order of the shard. Not thread-safe. */
  public static final class Builder {
    private long[] storedOffsets = new long[4];
    private long[] decodedOffsets = new long[4];
    private int count;

    private Builder() {}

    /**
     * Notes that a decoder may enter at {@code storedOffset} and produces the decoded bytes from
     * {@code decodedOffset} on. Offsets ascend. A frame that starts where the one before it does
     * (which was empty, or skippable) replaces it.
     */
    public Builder add(long storedOffset, long decodedOffset) {
      if (count == 0
          ? storedOffset < 0 || decodedOffset != 0
          : !follows(storedOffset, decodedOffset)) {
        throw new IllegalArgumentException(
            "frame at stored %d, decoded %d is out of order"
                .formatted(storedOffset, decodedOffset));
      }
      if (count > 0 && decodedOffsets[count - 1] == decodedOffset) {
        storedOffsets[count - 1] = storedOffset;
        return this;
      }
      if (count == storedOffsets.length) {
        storedOffsets = Arrays.copyOf(storedOffsets, count * 2);
        decodedOffsets = Arrays.copyOf(decodedOffsets, count * 2);
      }
      storedOffsets[count] = storedOffset;
      decodedOffsets[count] = decodedOffset;
      count++;
      return this;
    }

    private boolean follows(long storedOffset, long decodedOffset) {
      return storedOffset > storedOffsets[count - 1] && decodedOffset >= decodedOffsets[count - 1];
    }

    /**
     * The finished table of a shard of these lengths (stored: -1 if not known). A trailing empty
     * frame is dropped.
     */
    public FrameTable build(long storedBytes, long decodedBytes) {
      int kept = count;
      if (kept > 1 && decodedOffsets[kept - 1] == decodedBytes) {
        kept--;
      }
      if (kept > 0
          && ((storedBytes >= 0 && storedOffsets[kept - 1] > storedBytes)
              || decodedOffsets[kept - 1] > decodedBytes)) {
        throw new IllegalArgumentException(
            "a frame starts behind the end: stored %d, decoded %d"
                .formatted(storedBytes, decodedBytes));
      }
      return new FrameTable(
          Arrays.copyOf(storedOffsets, kept),
          Arrays.copyOf(decodedOffsets, kept),
          storedBytes,
          decodedBytes);
    }
  }
}
