package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.Codec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The cache itself: puts tier, handles and fetches together, and knows the origins. */
final class TieredBlockCache implements BlockCache {
  /** Objects that are scanned have no blocks, and so need no id of their own. */
  private static final int SCANNED_ID = -1;

  private final CacheConfig config;
  private final ByteBudget budget;
  private final List<Origin> origins;
  private final RamTier tier;
  private final OpenObjects openObjects;
  private final ScheduledThreadPoolExecutor later;
  private final OriginReads reads;
  private final Fetches fetches;
  private final AtomicInteger openSessions = new AtomicInteger();
  private final AtomicInteger openScans = new AtomicInteger();

  // Guarded by this.
  private @Nullable Decompression decompression;

  private @Nullable SsdTier ssd;
  private final AtomicInteger jobs = new AtomicInteger();

  TieredBlockCache(CacheConfig config, ByteBudget budget, List<Origin> origins) {
    this(config, budget, origins, false);
  }

  /** {@code writes}: whether there is room for blocks on their way to an SSD tier. */
  TieredBlockCache(CacheConfig config, ByteBudget budget, List<Origin> origins, boolean writes) {
    this.config = config;
    this.budget = budget;
    this.origins = List.copyOf(origins);
    this.tier = new RamTier(budget, config, writes ? SsdConfig.WRITES : 0);
    this.openObjects = new OpenObjects(config.openObjects());
    this.later =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("penstock-cache-later").factory());
    this.reads = new OriginReads(openObjects, later, config.retries());
    this.fetches = new Fetches(tier, reads, config);
    for (Origin origin : origins) {
      origin.attach(tier.slab());
    }
  }

  /** Opens the devices; before the first session. */
  void openSsd(SsdConfig configured) throws IOException {
    SsdTier opened = SsdDevices.open(configured, tier, budget, later);
    tier.below(opened);
    ssd = opened;
  }

  @Nullable SsdTier ssd() {
    return ssd;
  }

  @Override
  public CacheSession session(long quotaBytes, NextUse nextUse, CachePolicy policy) {
    Job job = Job.of(policy, jobs.incrementAndGet());
    Share share = tier.openShare(quotaBytes, job);
    openSessions.incrementAndGet();
    return new OpenSession(this, share, tier.openReader(nextUse));
  }

  @Override
  public ScanSource openForScan(StoredObject stored) throws IOException {
    CachedObject object =
        new CachedObject(SCANNED_ID, stored, originOf(stored.location()), config.blockBytes(), 1);
    Codec codec = codecOf(object);
    ScanSource scan =
        codec == Codec.NONE
            ? plainScan(object)
            : new DecodedScan(reads, object, codec, budget, this::scanClosed);
    openScans.incrementAndGet();
    return scan;
  }

  private ScanSource plainScan(CachedObject object) {
    ScanSource ahead =
        object.origin().isRemote(object.stored().location())
            ? ReadAheadScan.open(reads, object, budget, this::scanClosed)
            : null;
    return ahead == null ? new PlainScan(reads, object, this::scanClosed) : ahead;
  }

  private void scanClosed() {
    openScans.decrementAndGet();
    if (openSessions.get() == 0 && openScans.get() == 0) {
      openObjects.closeIdle();
    }
  }

  Origin originOf(String location) {
    for (Origin origin : origins) {
      if (origin.handles(location)) {
        return origin;
      }
    }
    throw new IllegalArgumentException(
        "no origin serves '%s'; there are: %s"
            .formatted(
                location, String.join("; ", origins.stream().map(Origin::description).toList())));
  }

  /** What compresses an object, from its first bytes; read once for each object. */
  Codec codecOf(CachedObject object) throws IOException {
    Codec known = object.codec;
    if (known != null) {
      return known;
    }
    int length = (int) Math.min(Codec.MAGIC_BYTES, object.stored().sizeBytes());
    if (length == 0) {
      return Codec.NONE;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(4096, 4096);
      Codec found = Codec.detect(head, 0, reads.now(object, 0, head, 0, length));
      object.codec = found;
      return found;
    }
  }

  /** What compressed shards need; made for the first of them. */
  synchronized Decompression decompression() {
    Decompression made = decompression;
    if (made == null) {
      made = new Decompression(tier, reads, budget, config);
      decompression = made;
    }
    return made;
  }

  private synchronized @Nullable Decompression madeDecompression() {
    return decompression;
  }

  void cancelDecoding(Share share) {
    Decompression made = madeDecompression();
    if (made != null) {
      made.cancel(share);
    }
  }

  RamTier tier() {
    return tier;
  }

  OpenObjects openObjects() {
    return openObjects;
  }

  OriginReads reads() {
    return reads;
  }

  Fetches fetches() {
    return fetches;
  }

  void sessionClosed() {
    openSessions.decrementAndGet();
    if (openSessions.get() == 0) {
      Decompression made = madeDecompression();
      if (made != null) {
        made.releaseIdle();
      }
      openObjects.closeIdle();
    }
  }

  @Override
  public CacheStats stats() {
    Decompression made = madeDecompression();
    return tier.stats(
        reads.fetchedBytes(),
        reads.retries(),
        made == null ? 0 : made.decodedBytes(),
        made == null ? 0 : made.wastedBytes(),
        openObjects.openCount(),
        SsdDevices.total(ssd));
  }

  @Override
  public List<String> ssdDevices() {
    SsdTier below = ssd;
    return below == null ? List.of() : below.describe();
  }

  @Override
  public String description() {
    return "block cache: %s; ssd: %s; origins: %s"
        .formatted(
            tier.describe(),
            ssd == null ? "none" : String.join("; ", ssdDevices()),
            String.join("; ", origins.stream().map(Origin::description).toList()));
  }

  @Override
  public void close() {
    if (openSessions.get() > 0 || openScans.get() > 0) {
      throw new IllegalStateException(
          "the block cache was closed with %d sessions and %d scans open"
              .formatted(openSessions.get(), openScans.get()));
    }
    Decompression made = madeDecompression();
    if (made != null) {
      made.close();
    }
    later.shutdownNow();
    SsdTier below = ssd;
    if (below != null) {
      below.close();
    }
    openObjects.closeIdle();
    tier.close();
  }
}
