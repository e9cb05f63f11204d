package dev.penstock.loader;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.BlockCache;
import dev.penstock.cache.CacheConfig;
import dev.penstock.cache.CachePolicy;
import dev.penstock.cache.CacheSession;
import dev.penstock.cache.CacheStats;
import dev.penstock.cache.DatasetLocator;
import dev.penstock.cache.NextUse;
import dev.penstock.cache.Origins;
import dev.penstock.cache.ShardList;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all sessions of a process share: one byte budget, one cache, the opened datasets. The core
 * of {@link Loader} and of the sidecar. Thread-safe.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /** Reads in flight on local disks: deeper buys latency, not bandwidth (docs/internals). */
  private static final int QUEUE_DEPTH = 64;

  /** Compressed shards that are decoded at once: the default lanes of closed shards, twice. */
  private static final int DECODE_STREAMS = 16;

  /** More than any machine has; keeps sums of sizes from overflowing. */
  private static final long MOST_BYTES = 1L << 60;

  private final EngineConfig config;
  private final ByteBudget budget;
  private final List<Origin> origins;
  private final BlockCache cache;
  private final OpenDatasets datasets = new OpenDatasets();
  private final IndexCache indexes = new IndexCache(IndexCache.DEFAULT_BYTES);

  private Engine(EngineConfig config, ByteBudget budget, List<Origin> origins, BlockCache cache) {
    this.config = config;
    this.budget = budget;
    this.origins = origins;
    this.cache = cache;
  }

  /**
   * Opens the cache within the budget.
   *
   * @throws dev.penstock.bridge.BudgetExceededException if the budget is too small
   * @throws IOException if a cache directory cannot be used, or another process has it
   */
  public static Engine open(EngineConfig config) throws IOException {
    return open(config, UnaryOperator.identity());
  }

  /** The same with origins that {@code wrap} puts something round, which the engine then closes. */
  static Engine open(EngineConfig asked, UnaryOperator<Origin> wrap) throws IOException {
    EngineConfig config = asked.sized();
    ByteBudget budget = ByteBudget.of(config.memoryBytes());
    CacheConfig cacheConfig = cacheConfig(config);
    List<Origin> origins =
        Origins.open(cacheConfig, budget, config.originOptions()).stream().map(wrap).toList();
    try {
      BlockCache cache = BlockCache.open(cacheConfig, budget, origins, config.ssd());
      LOG.debug("engine: {}", cache.description());
      return new Engine(config, budget, origins, cache);
    } catch (IOException | RuntimeException | Error e) {
      origins.forEach(Origin::close);
      throw e;
    }
  }

  private static CacheConfig cacheConfig(EngineConfig config) {
    return CacheConfig.of(config.poolBytes(), config.blockBytes())
        .withRamTier(config.ramTier())
        .withReads(config.readMode(), QUEUE_DEPTH)
        .withDecoding(config.cpus(), DECODE_STREAMS);
  }

  /**
   * Finds the shards and reads their indexes, building and storing those that are missing or stale.
   * A dataset is kept open; it is looked at again if its shards changed.
   *
   * @throws IOException if shards cannot be found or read, or the framing of one breaks
   */
  public Dataset dataset(List<String> patterns, boolean rawRecords) throws IOException {
    Dataset whole = damagedDataset(patterns, rawRecords);
    whole.requireWhole();
    return whole;
  }

  /**
   * The same where the framing of shards may break: the last sample of such a shard stands for what
   * cannot be found ({@link dev.penstock.formats.ShardIndex#damage}).
   *
   * @throws IOException if shards cannot be found or read, or one is of no known format
   */
  public Dataset damagedDataset(List<String> patterns, boolean rawRecords) throws IOException {
    return datasets.open(
        patterns, rawRecords, known -> Dataset.open(this, patterns, rawRecords, known, indexes));
  }

  /**
   * The shards that patterns, directories and lists stand for, in order.
   *
   * @throws IOException if one cannot be found or listed
   */
  public List<StoredObject> shards(List<String> patterns) throws IOException {
    return DatasetLocator.resolve(patterns, origins);
  }

  /**
   * The same by their names: those far away are looked for when they are opened.
   *
   * @throws IOException if a directory or list cannot be read, or an entry stands for nothing
   */
  ShardList named(List<String> patterns) throws IOException {
    return DatasetLocator.list(patterns, origins);
  }

  private Dataset dataset(List<String> patterns, boolean rawRecords, boolean damagedToo)
      throws IOException {
    return damagedToo ? damagedDataset(patterns, rawRecords) : dataset(patterns, rawRecords);
  }

  /** Plans a session: opens the dataset, fixes order, columns and slot size. Reads no samples. */
  public SessionPlan plan(SessionConfig session) throws IOException {
    if (session.shuffle() == Shuffle.ARRIVAL) {
      return ArrivalSession.of(this, session);
    }
    boolean damagedToo = session.onBad() != BadSamplePolicy.FAIL;
    if (session.mix().isEmpty()) {
      return PlannedSession.of(
          session, dataset(session.dataset(), session.rawRecords(), damagedToo));
    }
    List<Dataset> sources = new ArrayList<>();
    for (DataSource source : session.mix()) {
      sources.add(dataset(source.dataset(), session.rawRecords(), damagedToo));
    }
    return PlannedSession.of(session, sources);
  }

  /** What the session's first batch will need of the store. Reads indexes, no samples. */
  public FirstBatch firstBatch(PlannedSession plan) throws IOException {
    return FirstBatch.of(plan, cacheConfig(config));
  }

  /**
   * Starts a planned session that fills {@code ring}. The caller closes the session, then the ring.
   *
   * @param onFailure told once, on a pipeline thread, if the session fails; must not block
   * @throws dev.penstock.bridge.BudgetExceededException if its share of the pool is too small
   */
  public Session start(SessionPlan plan, Ring ring, Consumer<PipelineFailedException> onFailure)
      throws IOException {
    Session session =
        switch (plan) {
          case PlannedSession planned -> planned(planned, ring, onFailure);
          case ArrivalSession arrival -> arriving(arrival, ring, onFailure);
        };
    try {
      session.start();
      return session;
    } catch (RuntimeException | Error e) {
      session.close(); // some of its threads may run
      throw e;
    }
  }

  private Session planned(
      PlannedSession plan, Ring ring, Consumer<PipelineFailedException> onFailure) {
    long block = config.blockBytes();
    long largest = plan.dataset().sampleBytesMax() / block * block + 2 * block;
    long share = share();
    long sideQuota = plan.config().onBad() == BadSamplePolicy.REPLACE ? largest : 0;
    long needed = plan.dataset().format().placesKnown() ? largest : worstBatch(plan, block);
    if (share - sideQuota < needed) {
      throw MemoryTooSmallException.forBlocks(config, needed + sideQuota, plan);
    }
    warnOfRereading(plan, share);
    CacheSession reads =
        cache.session(pinned(plan, share - sideQuota, needed, block), plan.nextUse(), policy(plan));
    Optional<CacheSession> side = Optional.empty();
    try {
      side = sideQuota == 0 ? Optional.empty() : Optional.of(side(sideQuota));
      ShardTable shards = new ShardTable(plan.dataset(), reads, plan.schema());
      return new Session(
          plan,
          ring,
          reads,
          side,
          shards,
          made -> new LookAheadTask(made, plan),
          gatherThreads(ring),
          budget,
          onFailure);
    } catch (RuntimeException | Error e) {
      side.ifPresent(CacheSession::close);
      reads.close();
      throw e;
    }
  }

  /** All of its share may be leased: what it needs again before the next pass, it keeps leased. */
  private Session arriving(
      ArrivalSession plan, Ring ring, Consumer<PipelineFailedException> onFailure) {
    CacheSession reads = cache.session(share(), plan.nextUse(), policy(plan));
    try {
      return new Session(
          plan,
          ring,
          reads,
          Optional.empty(),
          null,
          made -> new ArrivalTask(made, plan, reads, share(), config.blockBytes()),
          gatherThreads(ring),
          budget,
          onFailure);
    } catch (RuntimeException | Error e) {
      reads.close();
      throw e;
    }
  }

  private int gatherThreads(Ring ring) {
    return Math.min(config.cpus(), ring.slotCount() - 1);
  }

  /** Each session's part of the pool, in whole blocks. */
  long share() {
    long block = config.blockBytes();
    return config.poolBytes() / config.maxSessions() / block * block;
  }

  /** What the session may take of the SSD tier; the same for every rank and job on the dataset. */
  private CachePolicy policy(PlannedSession plan) {
    DatasetShape shape = plan.dataset().shape();
    long bytes = shape.totalBytes();
    return limits(plan).on(shape.fingerprint(), bytes, bytes / plan.config().world());
  }

  /** The same, by what the shards take as they are stored, if that is known. */
  private CachePolicy policy(ArrivalSession plan) {
    long bytes = plan.shards().storedBytes().orElse(0);
    return limits(plan).on(plan.start().fingerprint(), bytes, bytes / plan.config().world());
  }

  private CachePolicy limits(SessionPlan plan) {
    CachePolicy all = config.ssd().limits();
    CacheUse own = plan.config().cache();
    // Ranks of one job ask for one order; a name tells apart jobs that do.
    String job = own.job().isEmpty() ? "order " + plan.orderId() : "name " + own.job();
    return all.withBypass(all.bypass() || own.bypass())
        .ofJob(job)
        .withQuotas(Math.min(all.jobQuotaBytes(), own.quotaBytes()), all.datasetQuotaBytes());
  }

  /** Says before the run what a budget below the working set will cost, and what would cure it. */
  private void warnOfRereading(PlannedSession plan, long share) {
    long workingSet = plan.order().workingSetBytes() / plan.config().world();
    long room = share / 2;
    if (plan.order().lanes() > 1 && workingSet > room) {
      LOG.warn(
          "the order's working set is {} bytes and {} are there for it, so bytes will be {} more"
              + " than once; --memory {} would hold it, a smaller --window needs less",
          workingSet,
          room,
          plan.dataset().isCompressed() ? "decompressed" : "read",
          config.memoryFor(2 * workingSet * config.maxSessions()));
    }
  }

  /**
   * How much of its share a session may pin ahead of need. All of it when a block goes with its
   * last lease; half when blocks are to stay for their next use, or decoded blocks for the windows
   * that still need them.
   */
  private long pinned(PlannedSession plan, long share, long needed, long block) {
    boolean blocksStay = config.ramTier() || plan.dataset().isCompressed();
    return blocksStay ? Math.max(needed, share / 2 / block * block) : share;
  }

  /** Memory for stand-ins of bad samples, so that they need none of the look-ahead's. */
  private CacheSession side(long quotaBytes) {
    return cache.session(quotaBytes, (shard, offset, length) -> NextUse.NEVER);
  }

  /** Blocks that all rows of the largest batch may touch, where they are leased together. */
  private static long worstBatch(PlannedSession plan, long block) {
    double touched =
        (double) plan.config().batchSize() * (plan.dataset().sampleBytesMax() + 2 * block);
    return touched > MOST_BYTES ? MOST_BYTES : (long) touched;
  }

  /** The budget and what uses it. */
  public ByteBudget budget() {
    return budget;
  }

  /** What was configured. */
  public EngineConfig config() {
    return config;
  }

  /** Readers and tiers in use, for people. */
  public String description() {
    return cache.description();
  }

  /** One line for each device of the SSD tier. */
  public List<String> ssdDevices() {
    return cache.ssdDevices();
  }

  /** What the cache has done and holds. */
  public CacheStats cacheStats() {
    return cache.stats();
  }

  /** What was asked of stores over the network, all of them together. */
  public OriginStats originStats() {
    OriginStats sum = OriginStats.NONE;
    for (Origin origin : origins) {
      sum = sum.plus(origin.stats());
    }
    return sum;
  }

  /** Where shards are stored. */
  List<Origin> origins() {
    return origins;
  }

  /** The cache, for this package's datasets and for metrics. */
  BlockCache cache() {
    return cache;
  }

  /** Frees everything. All sessions must be closed before. */
  @Override
  public void close() {
    cache.close();
    origins.forEach(Origin::close);
  }
}
