package dev.penstock.cache;

import dev.penstock.cache.origin.RangeRead;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A cached piece of an object: (object with its version, stored or decoded, number), and the place
 * in the pool where its bytes are or will be. Fields without another word are guarded by the lock
 * of {@link RamTier}.
 */
final class Block {
  /** Not in the eviction heap. */
  static final int NOT_QUEUED = -1;

  final CachedObject object;
  final boolean decoded;
  final long number;

  /** Where it lies in the pool; fixed while the block is in the table or pinned. */
  final int place;

  /** Who has pinned it, one entry a session. */
  @Nullable Pin pins;

  @Nullable Block nextInBucket;
  boolean inTable;
  int queueIndex = NOT_QUEUED;
  long score;

  /** Whether its bytes are read, or were, from the SSD tier. */
  volatile boolean fromSsd;

  // Until the bytes are here: what brings them, who needs them first, in which step of its plan,
  // and whether anybody waits already. Guarded by this.
  private @Nullable RangeRead read;
  private @Nullable Reader neededBy;
  private long neededIn;
  private boolean awaited;

  // Written once, before settled; read after settled was seen true.
  private int length;
  private @Nullable IOException failure;
  private volatile boolean settled;

  /** How often one session has pinned a block; it is charged for it once. */
  static final class Pin {
    final Share share;
    @Nullable Pin next;
    int count;

    Pin(Share share, @Nullable Pin next) {
      this.share = share;
      this.next = next;
    }
  }

  Block(CachedObject object, boolean decoded, long number, int place) {
    this.object = object;
    this.decoded = decoded;
    this.number = number;
    this.place = place;
  }

  /** The bytes are in place. Called once, instead of {@link #settleFailed}. */
  synchronized void settle(int bytes) {
    length = bytes;
    settled();
    notifyAll();
  }

  /** The bytes cannot be had: whoever waits gets this failure. */
  synchronized void settleFailed(IOException reason) {
    failure = reason;
    settled();
    notifyAll();
  }

  private void settled() {
    read = null;
    neededBy = null;
    settled = true;
  }

  /** Says which read brings the bytes, so that it can be hurried. */
  synchronized void comesBy(RangeRead under) {
    if (!settled) {
      read = under;
    }
  }

  /** A reader has requested it for a step of its plan; whoever needs it first counts. */
  synchronized void neededBy(Reader reader, long step) {
    Reader known = neededBy;
    if (!settled
        && (known == null
            || (known != reader && reader.slackNanos(step) < known.slackNanos(neededIn)))) {
      neededBy = reader;
      neededIn = step;
    }
  }

  /** How long readers can do without it, see {@link NextUse#slackNanos}; for ever once it came. */
  synchronized long slackNanos() {
    Reader by = neededBy;
    if (awaited && !settled) {
      return 0;
    }
    return by == null ? NextUse.UNKNOWN : by.slackNanos(neededIn);
  }

  boolean isSettled() {
    return settled;
  }

  /** Waits until the bytes are in place or cannot be had. */
  void awaitSettled() throws InterruptedException {
    if (settled) {
      return;
    }
    RangeRead late;
    synchronized (this) {
      awaited = true;
      late = read;
    }
    if (late != null) {
      late.hurry();
    }
    synchronized (this) {
      while (!settled) {
        wait();
      }
    }
  }

  /** Bytes in place; only once settled. */
  int length() {
    return length;
  }

  /** Why the bytes cannot be had, if so; only once settled. */
  @Nullable IOException failure() {
    return failure;
  }

  @Nullable Pin pinOf(Share share) {
    for (Pin pin = pins; pin != null; pin = pin.next) {
      if (pin.share == share) {
        return pin;
      }
    }
    return null;
  }

  void unlink(Pin pin) {
    if (pins == pin) {
      pins = pin.next;
      return;
    }
    for (Pin at = pins; at != null; at = at.next) {
      if (at.next == pin) {
        at.next = pin.next;
      }
    }
  }

  @Override
  public String toString() {
    return "block %d (%s) of %s".formatted(number, decoded ? "decoded" : "stored", object);
  }
}
