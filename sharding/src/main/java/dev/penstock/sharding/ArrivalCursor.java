package dev.penstock.sharding;

import java.util.List;

/**
 * Where one rank's run in the order of arrival goes on, in a form small enough for any checkpoint:
 * a few hundred bytes and about a hundred for each open shard. It belongs to this rank of this
 * world and to these stored shards.
 *
 * @param version of the order's algorithms
 * @param fingerprint of the list of shards: their names in their order
 * @param seed of the order
 * @param rank whose position it is
 * @param world of the ranks that share the shards
 * @param lanes shards open at once
 * @param window samples of a window, at most
 * @param windowBytes bytes of a window, at most
 * @param pass over the data in which the next row is, from 0
 * @param next the place of the pass's shards from which the next one is opened
 * @param turn the lane that gives the next row
 * @param step number of the next step since the run's first start
 * @param open the shards that are being read, by rising lane
 */
public record ArrivalCursor(
    int version,
    String fingerprint,
    long seed,
    int rank,
    int world,
    int lanes,
    int window,
    long windowBytes,
    long pass,
    int next,
    int turn,
    long step,
    List<Lane> open)
    implements Position {

  /**
   * A shard that is being read.
   *
   * @param lane that reads it
   * @param place of the shard in the pass
   * @param offset where its present window begins, in decoded bytes
   * @param ordinal of the sample that stands there
   * @param taken rows of the window that have been given
   * @param object what the reader knows the stored shard by, so that another is told from it
   */
  public record Lane(int lane, int place, long offset, int ordinal, int taken, String object) {
    public Lane {
      if (lane < 0 || place < 0 || offset < 0 || ordinal < 0 || taken < 0) {
        throw new IllegalArgumentException(
            "lane %d at place %d, byte %d, sample %d, row %d: none can be negative"
                .formatted(lane, place, offset, ordinal, taken));
      }
    }
  }

  public ArrivalCursor {
    open = List.copyOf(open);
    if (pass < 0 || next < 0 || step < 0 || turn < 0 || turn >= lanes) {
      throw new IllegalArgumentException(
          "cursor at pass %d, shard %d, step %d, lane %d of %d: out of range"
              .formatted(pass, next, step, turn, lanes));
    }
    int above = -1;
    for (Lane lane : open) {
      if (lane.lane() <= above || lane.lane() >= lanes || lane.place() >= next) {
        throw new IllegalArgumentException(
            "cursor has lane %d at place %d among %d lanes and %d opened shards"
                .formatted(lane.lane(), lane.place(), lanes, next));
      }
      above = lane.lane();
    }
  }

  /** Another position of the same order of the same rank; the numbers as in this record. */
  public ArrivalCursor at(
      long newPass, int newNext, int newTurn, long newStep, List<Lane> newOpen) {
    return new ArrivalCursor(
        version,
        fingerprint,
        seed,
        rank,
        world,
        lanes,
        window,
        windowBytes,
        newPass,
        newNext,
        newTurn,
        newStep,
        newOpen);
  }

  @Override
  public long epoch() {
    return pass;
  }

  /** The parameters of the order that this is a position in. */
  public ArrivalSpec spec() {
    return new ArrivalSpec(seed, rank, world, lanes, window, windowBytes);
  }
}
