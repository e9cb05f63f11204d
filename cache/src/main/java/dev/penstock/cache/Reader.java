package dev.penstock.cache;

/**
 * A session as eviction sees it: its plan, and how quickly it moves through it compared with the
 * others. Guarded by the lock of {@link RamTier}.
 */
final class Reader {
  /** Requests over which the speed is averaged: long against bursts, short against an epoch. */
  private static final int SPEED_WINDOW = 4096;

  private final NextUse nextUse;
  private final RequestClock clock;
  private long lastPosition;
  private long lastTick;
  private double positionsPerTick = 1;
  private boolean moves;
  private boolean planned;
  private volatile boolean ending;

  /** Counts the requests of all sessions: the time scale on which plans are compared. */
  static final class RequestClock {
    private long ticks;

    void tick() {
      ticks++;
    }
  }

  Reader(NextUse nextUse, RequestClock clock) {
    this.nextUse = nextUse;
    this.clock = clock;
    this.lastPosition = nextUse.position();
    this.lastTick = clock.ticks;
  }

  /** A request was made: the clock moves, and now and then the speed is measured. */
  void requested() {
    clock.tick();
    long elapsed = clock.ticks - lastTick;
    if (elapsed >= SPEED_WINDOW) {
      long position = nextUse.position();
      if (position > lastPosition) {
        double speed = (double) (position - lastPosition) / elapsed;
        positionsPerTick = moves ? (positionsPerTick + speed) / 2 : speed;
        moves = true;
      }
      lastPosition = position;
      lastTick = clock.ticks;
    }
  }

  /** What the plan says of the bytes' next use; a reader whose plan knows none is planless. */
  long after(int shard, long offset, long length) {
    long use = nextUse.after(shard, offset, length);
    planned |= use != NextUse.NEVER;
    return use;
  }

  /** The step of its plan that it requests bytes for now. */
  long step() {
    return nextUse.step();
  }

  /** See {@link NextUse#slackNanos}; none for what an ending session waits for. Not guarded. */
  long slackNanos(long step) {
    return ending ? 0 : nextUse.slackNanos(step);
  }

  /** Its session is being closed, and waits for what is on its way. Not guarded. */
  void end() {
    ending = true;
  }

  /** Whether the plan has ever known a next use. */
  boolean isPlanned() {
    return planned;
  }

  boolean isLaterEpoch(long use) {
    long length = nextUse.epochLength();
    return length > 0 && use / length > nextUse.position() / length;
  }

  long epoch() {
    long length = nextUse.epochLength();
    return length > 0 ? nextUse.position() / length : 0;
  }

  /** When a use will come about, on the clock that all sessions share, as far as that is known. */
  long distance(long use) {
    return moves ? clock.ticks + (long) ((use - nextUse.position()) / positionsPerTick) : use;
  }
}
