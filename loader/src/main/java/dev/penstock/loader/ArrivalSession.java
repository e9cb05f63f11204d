package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.cache.NextUse;
import dev.penstock.cache.ShardList;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.WindowScan;
import dev.penstock.sharding.ArrivalCursor;
import dev.penstock.sharding.ArrivalOrder;
import dev.penstock.sharding.ArrivalSpec;
import dev.penstock.sharding.Position;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;

/**
 * A session in the order of arrival: over data without an index, endless, this rank's alone. Known
 * beforehand are the list of shards, their order, and what the first samples look like.
 */
public final class ArrivalSession extends SessionPlan {
  /** Shards open at once, unless told otherwise. */
  static final int DEFAULT_LANES = 4;

  /** Samples of a window at most, unless told otherwise: with the lanes, as many as in a block. */
  static final int DEFAULT_WINDOW = 16_384;

  /** Bytes of a window at most, unless memory is short. */
  static final long DEFAULT_WINDOW_BYTES = 16 << 20;

  private final ShardList shards;
  private final ArrivalOrder order;
  private final ArrivalCursor start;
  private final ArrivalHead head;
  private final FieldNames names = new FieldNames();
  private final ArrivalUse use = new ArrivalUse();
  private final int cursorBytes;
  private final long slotBytes;
  private final long openNanos;

  private ArrivalSession(
      SessionConfig config,
      ShardList shards,
      ArrivalHead head,
      ArrivalOrder order,
      ArrivalCursor start,
      long openNanos) {
    super(config, BatchSchema.of(head.columns()));
    this.shards = shards;
    this.head = head;
    this.order = order;
    this.start = start;
    this.openNanos = openNanos;
    this.cursorBytes = CursorJson.write(longest(order)).length;
    int rows = config.batchSize();
    this.slotBytes = BatchWriter.slotBytes(schema(), rows, head.likelyBytes(rows), cursorBytes);
  }

  /**
   * Lists the shards, looks at the first samples and, after a resume, at the shards that were open.
   *
   * @throws IOException if shards cannot be found or read
   * @throws IllegalArgumentException if the configuration does not fit the data or the cursor
   * @throws MemoryTooSmallException if the budget cannot hold the windows
   */
  static ArrivalSession of(Engine engine, SessionConfig config) throws IOException {
    long began = System.nanoTime();
    ShardList shards = engine.named(config.dataset());
    ArrivalHead head = head(engine, config, shards);
    ArrivalSpec spec = spec(engine, config, head);
    String list = Fingerprint.ofNames(shards.names());
    ArrivalOrder order = ArrivalOrder.of(spec, shards.count(), list);
    ArrivalCursor start = config.arrival().map(order::resume).orElseGet(order::start);
    checkOpen(order, start, shards);
    String expected = config.orderId().orElse(order.orderId());
    if (!expected.equals(order.orderId())) {
      throw new IllegalArgumentException(
          "order id is %s here and %s on other ranks: list of shards, world, seed or a parameter of the order differ; this rank has %s"
              .formatted(order.orderId(), expected, order.describe()));
    }
    return new ArrivalSession(config, shards, head, order, start, System.nanoTime() - began);
  }

  private static ArrivalHead head(Engine engine, SessionConfig config, ShardList shards)
      throws IOException {
    long share = engine.share();
    try (CacheSession cache =
        engine.cache().session(share, (shard, offset, length) -> NextUse.NEVER)) {
      ArrivalMemory memory = new ArrivalMemory(share, 0);
      return ArrivalHead.of(config, shards, cache, memory, engine.config().blockBytes());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException stopped =
          new InterruptedIOException("interrupted while looking at the first samples");
      stopped.initCause(e);
      throw stopped;
    }
  }

  /** What was set, else what the cursor has, else defaults as far as memory allows. */
  private static ArrivalSpec spec(Engine engine, SessionConfig config, ArrivalHead head) {
    int lanes =
        config.lanes().orElse(config.arrival().map(ArrivalCursor::lanes).orElse(DEFAULT_LANES));
    int window =
        config.window().orElse(config.arrival().map(ArrivalCursor::window).orElse(DEFAULT_WINDOW));
    long rows = head.likelyBytes(config.batchSize());
    long bytes = config.arrival().map(ArrivalCursor::windowBytes).orElse(DEFAULT_WINDOW_BYTES);
    if (config.arrival().isEmpty()) {
      while (bytes > engine.config().blockBytes()
          && neededBytes(lanes, bytes, rows) > engine.share()) {
        bytes /= 2;
      }
    }
    ArrivalSpec spec =
        new ArrivalSpec(config.seed(), config.rank(), config.world(), lanes, window, bytes);
    long needed = neededBytes(lanes, bytes, rows);
    if (needed > engine.share()) {
      throw MemoryTooSmallException.forWindows(engine.config(), needed, lanes, bytes, config);
    }
    return spec;
  }

  /**
   * The lanes' windows, what is read ahead of them, a batch that is put together and one before.
   */
  private static long neededBytes(int lanes, long windowBytes, long batchBytes) {
    return (lanes + 2) * windowBytes + 2 * batchBytes;
  }

  /** What is stored under the names of the shards that were being read has to be what was. */
  private static void checkOpen(ArrivalOrder order, ArrivalCursor start, ShardList shards)
      throws IOException {
    int[] pass = order.pass(start.pass());
    for (ArrivalCursor.Lane lane : start.open()) {
      StoredObject now = shards.get(pass[lane.place()]);
      if (!lane.object().equals(identity(now))) {
        throw new IllegalArgumentException(
            "cannot resume inside shard %s: it is another than the one that the cursor was saved with (its size and version were %s, are %s: %d bytes, version %s)"
                .formatted(
                    now.location(),
                    lane.object(),
                    identity(now),
                    now.sizeBytes(),
                    now.version().tag()));
      }
    }
  }

  /** What a stored shard is known by in cursors: its size, and a hash of its version. */
  static String identity(StoredObject object) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(object.version().tag().getBytes(StandardCharsets.UTF_8));
      return object.sizeBytes() + "-" + HexFormat.of().formatHex(hash, 0, Long.BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** A cursor that takes as much room as any of this order. */
  private static ArrivalCursor longest(ArrivalOrder order) {
    ArrivalCursor start = order.start();
    List<ArrivalCursor.Lane> open = new ArrayList<>();
    for (int lane = 0; lane < start.lanes(); lane++) {
      open.add(
          new ArrivalCursor.Lane(
              lane,
              Integer.MAX_VALUE - 1,
              WindowScan.END,
              Integer.MAX_VALUE,
              Integer.MAX_VALUE,
              Long.MAX_VALUE + "-" + "0".repeat(2 * Long.BYTES)));
    }
    return start.at(Long.MAX_VALUE, Integer.MAX_VALUE, start.lanes() - 1, Long.MAX_VALUE, open);
  }

  /** The order of this rank. */
  public ArrivalOrder arrival() {
    return order;
  }

  /** The shards, in the order of the list. */
  public ShardList shards() {
    return shards;
  }

  @Override
  public ArrivalCursor start() {
    return start;
  }

  @Override
  public long slotBytes() {
    return slotBytes;
  }

  @Override
  public OptionalLong stepsPerEpoch() {
    return OptionalLong.empty();
  }

  @Override
  public String orderId() {
    return order.orderId();
  }

  @Override
  public String describe() {
    return order.describe();
  }

  @Override
  public List<String> locations() {
    return shards.locations();
  }

  @Override
  public long indexNanos() {
    return 0;
  }

  /** Nanoseconds that listing the shards and looking at the first samples took. */
  public long openNanos() {
    return openNanos;
  }

  /** What the lanes' windows hold together at most, but for samples larger than a window. */
  public long workingSetBytes() {
    return order.spec().lanes() * order.spec().windowBytes();
  }

  @Override
  int cursorBytes() {
    return cursorBytes;
  }

  @Override
  NextUse nextUse() {
    return use;
  }

  /** The reader has come to another pass. */
  void moveTo(Position position) {
    use.moveTo(position.epoch());
  }

  @Override
  public RecordFormat format() {
    return head.format();
  }

  @Override
  FieldNames names() {
    return names;
  }

  @Override
  long sampleNumber(ShardView shard, int sample) {
    return (long) shard.number << Integer.SIZE | shard.index.ordinal(sample);
  }
}
