package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/**
 * Goes through one rank's order of arrival, row by row. It decides which lane gives the next row,
 * which shard a lane reads, how large its next window may be, and in which order the window's
 * samples are given; whoever reads the shards tells it what was found. Nothing here depends on when
 * something was found, so the rows are a function of the data and the parameters alone. One thread.
 *
 * <pre>{@code
 * int lane = walk.turn();
 * while (!walk.hasWindow(lane)) {
 *   // read at walk.offset(lane) of shard walk.shard(lane), at most walk.samplesMax(lane) samples …
 *   walk.window(lane, samples, nextOffset, nextOrdinal); // or walk.ended(lane)
 *   lane = walk.turn();
 * }
 * int sample = walk.take(); // of that window
 * }</pre>
 */
public final class ArrivalWalk {
  /** What {@link #turn} says when a whole pass has given no row. */
  public static final int NOTHING = -1;

  private final ArrivalOrder order;
  private final ArrivalCursor start;
  private final Lane[] lanes;
  private int[] shards;
  private int[] nextShards = new int[0];
  private long pass;
  private int next;
  private int turn;
  private boolean gaveRows;

  private static final class Lane {
    boolean open;
    int place;
    long offset;
    int ordinal;
    int taken;
    int size;
    long endOffset;
    int endOrdinal;
    String object = "";
    int[] table = new int[0];
  }

  /** Goes on at a cursor of this order, as {@link ArrivalOrder#resume} has let it pass. */
  public ArrivalWalk(ArrivalOrder order, ArrivalCursor at) {
    this.order = order;
    this.start = at;
    this.lanes = new Lane[order.spec().lanes()];
    for (int i = 0; i < lanes.length; i++) {
      lanes[i] = new Lane();
    }
    pass = at.pass();
    next = at.next();
    turn = at.turn();
    shards = order.pass(pass);
    gaveRows = next > 0;
    for (ArrivalCursor.Lane saved : at.open()) {
      Lane lane = lanes[saved.lane()];
      lane.open = true;
      lane.place = saved.place();
      lane.offset = saved.offset();
      lane.ordinal = saved.ordinal();
      lane.taken = saved.taken();
      lane.object = saved.object();
    }
  }

  /**
   * The lane that gives the next row; it has a shard. Where a lane is without one, it gets the
   * pass's next; where the pass has none left, the other lanes go on; and when all are through, the
   * next pass begins.
   *
   * @return {@link #NOTHING} if no shard of a whole pass had a sample for this rank
   */
  public int turn() {
    int idle = 0;
    while (true) {
      Lane lane = lanes[turn];
      if (!lane.open && next < shards.length) {
        begin(lane);
      }
      if (lane.open) {
        return turn;
      }
      turn = (turn + 1) % lanes.length;
      if (++idle == lanes.length) {
        if (!gaveRows) {
          return NOTHING;
        }
        pass++;
        shards = nextShards.length == 0 ? order.pass(pass) : nextShards;
        nextShards = new int[0];
        next = 0;
        turn = 0;
        idle = 0;
        gaveRows = false;
      }
    }
  }

  private void begin(Lane lane) {
    lane.open = true;
    lane.place = next++;
    lane.offset = 0;
    lane.ordinal = 0;
    lane.taken = 0;
    lane.size = 0;
    lane.object = "";
  }

  /** Whether the lane's present window was told, and has rows left. */
  public boolean hasWindow(int lane) {
    return lanes[lane].size > 0;
  }

  /** The number in the list of the shard that a lane reads. */
  public int shard(int lane) {
    return shards[opened(lane).place];
  }

  /** The place of that shard among those of the pass. */
  public int place(int lane) {
    return opened(lane).place;
  }

  /** Where the lane's present window begins, in decoded bytes of its shard. */
  public long offset(int lane) {
    return opened(lane).offset;
  }

  /** The ordinal of the sample that stands there. */
  public int ordinal(int lane) {
    return opened(lane).ordinal;
  }

  /** How many samples of this rank the lane's present window has at most. */
  public int samplesMax(int lane) {
    return order.spec().samplesMax(warmUp(lane), opened(lane).ordinal);
  }

  /** How many bytes it has at most, unless a single sample has more. */
  public long bytesMax(int lane) {
    return order.spec().bytesMax(warmUp(lane), opened(lane).offset);
  }

  /** The run's first shards are places 0, 1, … of its first pass. */
  private int warmUp(int lane) {
    int place = opened(lane).place;
    return pass == 0 && place < lanes.length ? place : -1;
  }

  /** What the cursor that this began at knows a lane's shard by; empty if it was opened since. */
  public String object(int lane) {
    return opened(lane).object;
  }

  /** Says what a lane's shard is known by, for cursors. */
  public void opened(int lane, String object) {
    opened(lane).object = object;
  }

  private Lane opened(int lane) {
    Lane opened = lanes[lane];
    if (!opened.open) {
      throw new IllegalStateException("lane " + lane + " has no shard");
    }
    return opened;
  }

  /**
   * Says what the lane's present window has.
   *
   * @param samples of this rank in it, at least 1
   * @param nextOffset where the window behind it begins
   * @param nextOrdinal of the sample that stands there
   * @throws IllegalArgumentException if the cursor had taken more rows of it than it has
   */
  public void window(int lane, int samples, long nextOffset, int nextOrdinal) {
    Lane told = opened(lane);
    if (samples < 1 || told.taken >= samples) {
      throw new IllegalArgumentException(
          "cannot resume behind row %d of a window of %d samples, at byte %d of shard %d: the shard is not the one that the cursor was saved with"
              .formatted(told.taken, samples, told.offset, shard(lane)));
    }
    if (told.table.length < samples) {
      told.table = new int[samples];
    }
    order.permute(told.table, samples, pass, shard(lane), told.ordinal);
    told.size = samples;
    told.endOffset = nextOffset;
    told.endOrdinal = nextOrdinal;
  }

  /** Says that the lane's shard has no sample of this rank from its present window on. */
  public void ended(int lane) {
    Lane told = opened(lane);
    if (told.taken > 0) {
      throw new IllegalArgumentException(
          "cannot resume behind row %d of a window at byte %d of shard %d, where the shard ends now: it is not the one that the cursor was saved with"
              .formatted(told.taken, told.offset, shard(lane)));
    }
    told.open = false;
    told.size = 0;
  }

  /**
   * Takes the next row: the number, in the window of the lane whose {@link #turn} it is, of its
   * sample. The lane's window is over when {@link #hasWindow} says so.
   */
  public int take() {
    Lane lane = opened(turn);
    if (lane.size == 0) {
      throw new IllegalStateException("lane " + turn + " has no window to take a row from");
    }
    int sample = lane.table[lane.taken++];
    if (lane.taken == lane.size) {
      lane.offset = lane.endOffset;
      lane.ordinal = lane.endOrdinal;
      lane.taken = 0;
      lane.size = 0;
    }
    gaveRows = true;
    turn = (turn + 1) % lanes.length;
    return sample;
  }

  /** The pass over the data that the next row is of, as far as that is decided. */
  public long pass() {
    return pass;
  }

  /** Shards of the pass that have been opened; the one at this place comes next. */
  public int opened() {
    return next;
  }

  /**
   * The shard that will be opened as the {@code ahead}-th from now on, from 0, for whoever wants to
   * have it open by then; {@link #NOTHING} if that is further than the end of the next pass.
   */
  public int upcoming(int ahead) {
    int place = next + ahead;
    if (place < shards.length) {
      return shards[place];
    }
    place -= shards.length;
    if (place >= shards.length) {
      return NOTHING;
    }
    if (nextShards.length == 0) {
      nextShards = order.pass(pass + 1);
    }
    return nextShards[place];
  }

  /** The position before the next row, as that of a step. */
  public ArrivalCursor cursor(long step) {
    List<ArrivalCursor.Lane> open = new ArrayList<>();
    for (int i = 0; i < lanes.length; i++) {
      Lane lane = lanes[i];
      if (lane.open) {
        open.add(
            new ArrivalCursor.Lane(
                i, lane.place, lane.offset, lane.ordinal, lane.taken, lane.object));
      }
    }
    return start.at(pass, next, turn, step, open);
  }
}
