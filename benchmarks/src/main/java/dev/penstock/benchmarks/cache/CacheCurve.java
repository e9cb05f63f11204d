package dev.penstock.benchmarks.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.BlockCache;
import dev.penstock.cache.CacheConfig;
import dev.penstock.cache.CachePolicy;
import dev.penstock.cache.CacheSession;
import dev.penstock.cache.SsdConfig;
import dev.penstock.cache.origin.FaultyOrigin;
import dev.penstock.cache.origin.FaultyOrigin.Fault;
import dev.penstock.cache.origin.FaultyOrigin.Faults;
import dev.penstock.cache.origin.MemoryOrigin;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.ByteRun;
import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ByteSource.ByteLease;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Hit ratio and rate over the size of the cache, on one trace of epochs: our tiers as they run in
 * production, through the cache's door, beside LRU and Caffeine (W-TinyLFU) on the same trace. The
 * origin answers after a fixed time, one request after the other, so that the rate shows what the
 * misses cost.
 */
public final class CacheCurve {
  private static final int BLOCK = 4096;
  private static final int EPOCHS = 5;
  private static final long ORIGIN_MILLIS = 1;

  private final Path directory;
  private final int samples;

  /** {@code directory}: for the SSD tier; {@code samples}: blocks of an epoch. */
  public CacheCurve(Path directory, int samples) {
    this.directory = directory;
    this.samples = samples;
  }

  /**
   * One size of the cache.
   *
   * @param ratio size of the cache by size of the data, the bound of the hit ratio
   * @param reshuffled whether each epoch has an order of its own
   * @param ram hit ratio of the RAM tier after the first epoch
   * @param ssd the same of the SSD tier
   * @param ssdFewest the fewest hits that any tenth of an epoch had, by the mean of tenths
   * @param written blocks written to the SSD tier by blocks that fit
   * @param samplesPerSecond with the SSD tier, after the first epoch
   * @param lru hit ratio of LRU
   * @param caffeine hit ratio of Caffeine
   */
  public record Point(
      double ratio,
      boolean reshuffled,
      double ram,
      double ssd,
      double ssdFewest,
      double written,
      double samplesPerSecond,
      double lru,
      double caffeine) {}

  private record Run(double hitRatio, double fewest, double perSecond, long writtenBytes) {}

  /** Measures one size; some seconds. */
  public Point measure(double ratio, boolean reshuffled) throws IOException, InterruptedException {
    int blocks = (int) (ratio * samples);
    CacheTrace trace = new CacheTrace(samples, EPOCHS, BLOCK, reshuffled, 11);
    CacheConfig ramOnly = CacheConfig.of((long) blocks * BLOCK, BLOCK);
    Run ram = run(ramOnly, SsdConfig.NONE, Faults.NONE, trace);
    long table = (blocks * 64L + BLOCK - 1) / BLOCK * BLOCK;
    long bytes = 2L * BLOCK + table + (long) blocks * BLOCK;
    SsdConfig place =
        SsdConfig.of(
            List.of(
                new SsdConfig.Directory(
                    directory.resolve("ssd-%d-%b".formatted(blocks, reshuffled)),
                    OptionalLong.of(bytes))));
    Faults slow = new Faults(Map.of(Fault.STALL, 1.0), ORIGIN_MILLIS);
    CacheConfig ssdOnly = CacheConfig.of(8L * BLOCK, BLOCK).withRamTier(false);
    Run ssd = run(ssdOnly, place, slow, trace);
    return new Point(
        ratio,
        reshuffled,
        ram.hitRatio,
        ssd.hitRatio,
        ssd.fewest,
        (double) ssd.writtenBytes / ((long) blocks * BLOCK),
        ssd.perSecond,
        lru(blocks, trace),
        caffeine(blocks, trace));
  }

  private Run run(CacheConfig config, SsdConfig ssd, Faults faults, CacheTrace trace)
      throws IOException, InterruptedException {
    MemoryOrigin memory = MemoryOrigin.remote();
    StoredObject object = memory.put("data", new byte[samples * BLOCK]);
    ByteBudget budget = ByteBudget.of(256L << 20);
    int[] tenths = new int[10];
    long began = 0;
    long hits = 0;
    long written;
    try (FaultyOrigin origin = new FaultyOrigin(memory, faults, 1);
        BlockCache cache = BlockCache.open(config, budget, List.of(origin), ssd)) {
      CachePolicy policy = CachePolicy.of("curve", (long) samples * BLOCK);
      try (CacheSession session = cache.session(2L * BLOCK, trace, policy);
          ByteSource source = session.open(0, object, null, -1)) {
        ByteRun bytes = new ByteRun();
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
          began = epoch == 1 ? System.nanoTime() : began;
          for (int i = 0; i < samples; i++) {
            long before = session.stats().hitBytes() + session.stats().ssdHitBytes();
            bytes.clear();
            try (ByteLease lease = source.request((long) trace.at(epoch, i) * BLOCK, BLOCK)) {
              lease.await(bytes);
            }
            boolean hit = session.stats().hitBytes() + session.stats().ssdHitBytes() > before;
            if (epoch > 0 && hit) {
              hits++;
              tenths[i * 10 / samples]++;
            }
          }
        }
      }
      written = cache.stats().ssdWrittenBytes();
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    double read = (double) (EPOCHS - 1) * samples;
    int fewest = Integer.MAX_VALUE;
    for (int tenth : tenths) {
      fewest = Math.min(fewest, tenth);
    }
    return new Run(hits / read, hits == 0 ? 0 : fewest / (hits / 10.0), read / seconds, written);
  }

  private double lru(int blocks, CacheTrace trace) {
    Map<Integer, Boolean> cached =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
            return size() > blocks;
          }
        };
    return ratio(trace, sample -> cached.put(sample, true) != null);
  }

  private double caffeine(int blocks, CacheTrace trace) {
    Cache<Integer, Boolean> cached =
        Caffeine.newBuilder().maximumSize(blocks).executor(Runnable::run).build();
    return ratio(
        trace,
        sample -> {
          boolean hit = cached.getIfPresent(sample) != null;
          if (!hit) {
            cached.put(sample, true);
          }
          return hit;
        });
  }

  private interface Policy {
    boolean hit(int sample);
  }

  private double ratio(CacheTrace trace, Policy policy) {
    long hits = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (int i = 0; i < samples; i++) {
        boolean hit = policy.hit(trace.sample(epoch, i));
        hits += epoch > 0 && hit ? 1 : 0;
      }
    }
    return (double) hits / samples / (EPOCHS - 1);
  }
}
