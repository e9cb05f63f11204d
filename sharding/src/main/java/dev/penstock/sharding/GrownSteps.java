package dev.penstock.sharding;

/**
 * The steps of a run whose dataset has more samples from one epoch on: the earlier arithmetic
 * before that epoch, the later from it.
 */
final class GrownSteps extends Steps {
  private final Steps earlier;
  private final long growsAt;

  GrownSteps(Steps earlier, long growsAt, long samples) {
    super(samples, earlier.batch(), earlier.end());
    this.earlier = earlier;
    this.growsAt = growsAt;
  }

  @Override
  long samples(long epoch) {
    return epoch < growsAt ? earlier.samples(epoch) : super.samples(epoch);
  }

  @Override
  long in(long epochs) {
    return epochs <= growsAt
        ? earlier.in(epochs)
        : Math.addExact(before(0, 0), stepsBetween(carriedOver(0, 0), epochs));
  }

  @Override
  Cursor normal(Cursor at) {
    return at.epoch() < growsAt ? earlier.normal(at) : super.normal(at);
  }

  @Override
  Cursor after(Cursor from, long steps) {
    Cursor at = normal(from);
    if (at.epoch() >= growsAt) {
      Cursor moved = super.after(at, steps);
      if (moved.epoch() < growsAt) {
        throw new IllegalArgumentException(
            "cannot go back "
                + -steps
                + " steps from epoch "
                + at.epoch()
                + ": the dataset grew at epoch "
                + growsAt
                + "; take up a cursor that was saved before");
      }
      return moved;
    }
    long left = before(at.epoch(), at.index());
    if (steps < left) {
      return earlier.after(at, steps);
    }
    long carried = carriedOver(at.epoch(), at.index());
    long samples = super.samples(growsAt);
    Cursor grown = at.at(growsAt + carried / samples, carried % samples, at.step() + left);
    return super.after(grown, steps - left);
  }

  /** Steps that start at or after a normal position and before the dataset grows. */
  private long before(long epoch, long index) {
    if (carries()) {
      return Math.ceilDiv(samplesBefore(epoch, index), (long) batch());
    }
    return earlier.leftIn(index) + (growsAt - 1 - epoch) * earlier.perEpoch();
  }

  /** The index in the first grown epoch at which those steps end. */
  private long carriedOver(long epoch, long index) {
    long over = -samplesBefore(epoch, index);
    return carries() ? Math.floorMod(over, (long) batch()) : 0;
  }

  private long samplesBefore(long epoch, long index) {
    return Math.multiplyExact(growsAt - epoch, earlier.samples(epoch)) - index;
  }

  /** Steps from an index of the first grown epoch up to an epoch. */
  private long stepsBetween(long index, long epochs) {
    if (!carries()) {
      return Math.multiplyExact(epochs - growsAt, perEpoch());
    }
    long samples = Math.multiplyExact(epochs - growsAt, super.samples(growsAt));
    return Math.max(0, Math.ceilDiv(samples - index, (long) batch()));
  }
}
