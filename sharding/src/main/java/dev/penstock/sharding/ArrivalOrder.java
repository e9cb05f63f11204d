package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/**
 * One rank's order of arrival: which shards it reads in each pass, and how the samples of a window
 * are permuted. Needs no index: nothing is known of a shard but its number in the list. {@code
 * docs/order.md} specifies it. Immutable, thread-safe; {@link ArrivalWalk} goes through it.
 */
public final class ArrivalOrder {
  private final ArrivalSpec spec;
  private final int shards;
  private final String fingerprint;
  private final int first;
  private final int count;
  private final int part;
  private final int parts;

  private ArrivalOrder(ArrivalSpec spec, int shards, String fingerprint) {
    if (shards < 1) {
      throw new IllegalArgumentException("shards: there is none, at least 1 is needed");
    }
    this.spec = spec;
    this.shards = shards;
    this.fingerprint = fingerprint;
    int stride = Math.min(spec.world(), shards);
    this.first = spec.rank() % stride;
    this.count = Math.ceilDiv(shards - first, stride);
    this.part = spec.rank() / stride;
    this.parts = Math.ceilDiv(spec.world() - first, stride);
  }

  /**
   * The order over a list of so many shards.
   *
   * @param fingerprint names the list, so that a cursor of another one is refused
   */
  public static ArrivalOrder of(ArrivalSpec spec, int shards, String fingerprint) {
    return new ArrivalOrder(spec, shards, fingerprint);
  }

  /** The parameters. */
  public ArrivalSpec spec() {
    return spec;
  }

  /** Shards of the list. */
  public int shards() {
    return shards;
  }

  /** Shards that this rank reads in a pass. */
  public int shardsOfPass() {
    return count;
  }

  /** How many ranks share each shard of this rank; 1 unless there are fewer shards than ranks. */
  public int parts() {
    return parts;
  }

  /** Which of these ranks this is: it takes the samples {@code part}, {@code part + parts}, … */
  public int part() {
    return part;
  }

  /** The shards of this rank in a pass, by their numbers in the list, in the order of opening. */
  public int[] pass(long pass) {
    int[] all = new int[shards];
    Keyed.permutation(all, shards, Keyed.key(spec.seed(), Keyed.ARRIVAL_SHARDS, pass));
    int stride = Math.min(spec.world(), shards);
    int[] own = new int[count];
    for (int place = 0; place < count; place++) {
      own[place] = all[first + place * stride];
    }
    return own;
  }

  /** The order in which a window's samples are given, by their numbers in the window. */
  void permute(int[] table, int size, long pass, int shard, int ordinal) {
    Keyed.permutation(
        table, size, Keyed.key(spec.seed(), Keyed.ARRIVAL_WINDOW, pass, shard, ordinal));
  }

  /** The cursor before the first step. */
  public ArrivalCursor start() {
    return new ArrivalCursor(
        Keyed.ALGORITHM_VERSION,
        fingerprint,
        spec.seed(),
        spec.rank(),
        spec.world(),
        spec.lanes(),
        spec.window(),
        spec.windowBytes(),
        0,
        0,
        0,
        0,
        List.of());
  }

  /**
   * Takes up a saved cursor.
   *
   * @throws IllegalArgumentException saying what changed
   */
  public ArrivalCursor resume(ArrivalCursor saved) {
    ArrivalCursor now = start();
    List<String> changes = new ArrayList<>();
    add(changes, "algorithm version", saved.version(), now.version());
    add(changes, "list of shards", saved.fingerprint(), now.fingerprint());
    add(changes, "seed", saved.seed(), now.seed());
    add(changes, "rank", saved.rank(), now.rank());
    add(changes, "world", saved.world(), now.world());
    add(changes, "lanes", saved.lanes(), now.lanes());
    add(changes, "window", saved.window(), now.window());
    add(changes, "windowBytes", saved.windowBytes(), now.windowBytes());
    if (!changes.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot resume at pass %d, step %d of the order of arrival: %s. Such a position belongs to one rank of one world; use the saved parameters, or start without the cursor"
              .formatted(saved.pass(), saved.step(), String.join("; ", changes)));
    }
    if (saved.next() > count) {
      throw new IllegalArgumentException(
          "cannot resume at shard %d of a pass: this rank has %d; the cursor is damaged"
              .formatted(saved.next(), count));
    }
    return saved;
  }

  private static void add(List<String> changes, String name, Object saved, Object now) {
    if (!saved.equals(now)) {
      changes.add(name + " was " + saved + ", is " + now);
    }
  }

  /**
   * 16 bytes in hexadecimal that ranks compare before the first step: equal for equal lists of
   * shards, worlds, seeds and parameters, whatever the rank.
   */
  public String orderId() {
    return OrderId.of(
        "%d|%s|ARRIVAL|%d|%d|%d|%d|%d"
            .formatted(
                Keyed.ALGORITHM_VERSION,
                fingerprint,
                spec.seed(),
                spec.world(),
                spec.lanes(),
                spec.window(),
                spec.windowBytes()));
  }

  /** The order in one line, for people. */
  public String describe() {
    return "arrival, seed %d: rank %d of %d reads %d of %d shards a pass%s, %d at once, windows of at most %d samples and %d bytes"
        .formatted(
            spec.seed(),
            spec.rank(),
            spec.world(),
            count,
            shards,
            parts == 1 ? "" : ", each shared by %d ranks".formatted(parts),
            spec.lanes(),
            spec.window(),
            spec.windowBytes());
  }
}
