package dev.penstock.sharding;

import org.jspecify.annotations.Nullable;

/**
 * The rows of a mixture from one change of weights to the next. In lane {@code l} the {@code i}-th
 * row of the stretch has row {@code i + h} of the pattern, {@code h = floor(l · Q / L)}; the
 * source's item there is its count in the pattern, less that before {@code h}, plus what the lane
 * has read of the source before the stretch. Immutable; 8 bytes a lane and source.
 */
final class MixStretch {
  private final MixEntry entry;
  private final MixPattern pattern;
  private final int lanes;
  private final int sources;

  /** For each lane and source, what is added to the pattern's count to get the item. */
  private final long[] base;

  /** The first stretch of a run if there is no stretch before. */
  MixStretch(MixEntry entry, int lanes, int sources, @Nullable MixStretch before) {
    this.entry = entry;
    this.pattern = new MixPattern(entry);
    this.lanes = lanes;
    this.sources = sources;
    this.base = new long[lanes * sources];
    for (int lane = 0; lane < lanes; lane++) {
      for (int d = 0; d < sources; d++) {
        long read = before == null ? 0 : before.itemsBefore(lane, d, entry.position());
        base[lane * sources + d] = read - pattern.count(d, phase(lane));
      }
    }
  }

  MixEntry entry() {
    return entry;
  }

  long position() {
    return entry.position();
  }

  MixPattern pattern() {
    return pattern;
  }

  /** The row of the endless pattern that a position has in its lane. */
  long patternRow(long position) {
    int lane = (int) (position % lanes);
    return position / lanes - firstTurn(lane) + phase(lane);
  }

  /** The item of its source at a position, whose row of the endless pattern is known. */
  long item(int lane, int source, long patternRow) {
    int inCycle = (int) (patternRow % pattern.cycle());
    return base[lane * sources + source]
        + patternRow / pattern.cycle() * pattern.quota(source)
        + pattern.rankAt(inCycle);
  }

  /** What a lane has read of a source before a position at or after the stretch's start. */
  long itemsBefore(int lane, int source, long position) {
    long turns = turnsBefore(lane, position) - firstTurn(lane);
    return base[lane * sources + source] + pattern.count(source, turns + phase(lane));
  }

  /** The position at which a lane reads an item of a source, were the stretch endless. */
  long positionOf(int lane, int source, long item) {
    long row = pattern.row(source, item - base[lane * sources + source]);
    return (row - phase(lane) + firstTurn(lane)) * lanes + lane;
  }

  /** The first position at which some lane would read an item that a source does not have. */
  long firstBeyond(int source, long itemsPerLane) {
    long first = Long.MAX_VALUE;
    if (pattern.quota(source) > 0) {
      for (int lane = 0; lane < lanes; lane++) {
        first = Math.min(first, firstBeyond(lane, source, itemsPerLane));
      }
    }
    return first;
  }

  /** A lane that has read all already goes beyond at its next row of the source. */
  private long firstBeyond(int lane, int source, long itemsPerLane) {
    long read = itemsBefore(lane, source, position());
    return positionOf(lane, source, Math.max(read, itemsPerLane));
  }

  private long phase(int lane) {
    return (long) lane * pattern.cycle() / lanes;
  }

  /** The number of the lane's first row in the stretch, counted from the run's start. */
  private long firstTurn(int lane) {
    return turnsBefore(lane, position());
  }

  private long turnsBefore(int lane, long position) {
    return position <= lane ? 0 : (position - lane - 1) / lanes + 1;
  }
}
