package dev.penstock.sharding;

/**
 * Cursor arithmetic for one source: how steps lie in epochs. All of it is independent of the number
 * of ranks. A normal position is one at which a step starts: with {@code DROP} at least a step's
 * samples are left in its epoch, else at least one.
 */
sealed class Steps permits GrownSteps {
  private final long samples;
  private final int batch;
  private final End end;

  Steps(long samples, int batch, End end) {
    this.samples = samples;
    this.batch = batch;
    this.end = end;
  }

  /** The samples of an epoch. */
  long samples(long epoch) {
    return samples;
  }

  End end() {
    return end;
  }

  int batch() {
    return batch;
  }

  boolean carries() {
    return end == End.CARRY;
  }

  /** Steps that start in an epoch entered at its index 0. */
  long perEpoch() {
    return end == End.DROP ? samples / batch : Math.ceilDiv(samples, (long) batch);
  }

  /** Steps that start in the first epochs of a run that began at 0. */
  long in(long epochs) {
    return end == End.CARRY
        ? Math.ceilDiv(Math.multiplyExact(epochs, samples), (long) batch)
        : Math.multiplyExact(epochs, perEpoch());
  }

  /** The same place as a normal position. */
  Cursor normal(Cursor at) {
    boolean over = end == End.DROP ? samples - at.index() < batch : at.index() >= samples;
    return over ? at.at(at.epoch() + 1, 0, at.step()) : at;
  }

  Cursor after(Cursor from, long steps) {
    Cursor at = normal(from);
    if (steps < 0) {
      return before(at, Math.min(-steps, at.step()));
    }
    long step = at.step() + steps;
    if (end == End.CARRY) {
      long place =
          Math.addExact(
              Math.addExact(Math.multiplyExact(at.epoch(), samples), at.index()),
              Math.multiplyExact(steps, (long) batch));
      return at.at(place / samples, place % samples, step);
    }
    long left = leftIn(at.index());
    if (steps < left) {
      return at.at(at.epoch(), at.index() + steps * batch, step);
    }
    long beyond = steps - left;
    return at.at(at.epoch() + 1 + beyond / perEpoch(), beyond % perEpoch() * batch, step);
  }

  /** Steps that start at an index or later in its epoch, unless they carry over. */
  long leftIn(long index) {
    long left = samples - index;
    return end == End.DROP ? left / batch : Math.ceilDiv(left, (long) batch);
  }

  /** Goes back; where an epoch did not begin at a multiple of the batch, to its start at first. */
  private Cursor before(Cursor at, long steps) {
    long step = at.step() - steps;
    if (end == End.CARRY) {
      long place = Math.multiplyExact(at.epoch(), samples) + at.index();
      place = Math.max(0, place - Math.multiplyExact(steps, (long) batch));
      return at.at(place / samples, place % samples, step);
    }
    long done = Math.ceilDiv(at.index(), (long) batch);
    if (steps <= done) {
      return at.at(at.epoch(), Math.max(0, at.index() - steps * batch), step);
    }
    long beyond = steps - done;
    long epochs = Math.ceilDiv(beyond, perEpoch());
    if (epochs > at.epoch()) {
      return at.at(0, 0, step);
    }
    return at.at(at.epoch() - epochs, (epochs * perEpoch() - beyond) * batch, step);
  }
}
