package dev.penstock.loader.cli;

import dev.penstock.cache.CacheStats;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.loader.LoaderStats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a run did, for people and for machines.
 *
 * @param delivered to the consumer
 * @param stats the session's counters at the end
 * @param origins what was asked of stores over the network, indexing included
 * @param cache the cache's counters at the end
 * @param openNanos until the loader was open: listing, indexes, plan
 * @param wallNanos from then to the last batch
 * @param cpuNanos processor time of the whole process in that time
 * @param digest over everything delivered, if asked for
 */
record ReadReport(
    Delivered delivered,
    LoaderStats stats,
    OriginStats origins,
    CacheStats cache,
    long openNanos,
    long wallNanos,
    long cpuNanos,
    Optional<String> digest) {

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "read      %,d samples in %,d batches, %.3f GB, in %.2f s (opened in %.2f s)",
            delivered.samples(),
            delivered.batches(),
            delivered.bytes() / 1e9,
            seconds(wallNanos),
            seconds(openNanos)));
    delivered
        .bySource()
        .forEach(
            (source, samples) ->
                lines.add(
                    String.format(
                        Locale.ROOT,
                        "source    %s: %,d samples, %.3f %%",
                        source,
                        samples,
                        100.0 * samples / Math.max(1, delivered.samples()))));
    lines.add(
        String.format(
            Locale.ROOT,
            "rate      %,.0f samples/s, %.3f GB/s",
            perSecond(delivered.samples()),
            gigabytesRate()));
    lines.add(
        String.format(
            Locale.ROOT,
            "cpu       %.2f CPU-s, %.2f CPU-s/GB",
            seconds(cpuNanos),
            cpuPerGigabyte()));
    lines.add(String.format(Locale.ROOT, "stalls    %s", stalls()));
    if (origins.requests() > 0) {
      lines.add("origin    " + originLine());
    }
    if (hasCacheDirectory()) {
      lines.add("cache     " + cacheLine());
    }
    if (stats.badSamples() > 0) {
      lines.add(
          String.format(
              Locale.ROOT, "bad       %,d samples were left out or replaced", stats.badSamples()));
    }
    digest.ifPresent(value -> lines.add("digest    " + value));
    lines.add("verdict   " + stats.verdict());
    return lines;
  }

  Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("samples", delivered.samples());
    map.put("batches", delivered.batches());
    map.put("bytes", delivered.bytes());
    if (!delivered.bySource().isEmpty()) {
      map.put("sources", delivered.bySource());
    }
    map.put("open_seconds", seconds(openNanos));
    map.put("seconds", seconds(wallNanos));
    map.put("samples_per_second", perSecond(delivered.samples()));
    map.put("gigabytes_per_second", gigabytesRate());
    map.put("cpu_seconds", seconds(cpuNanos));
    map.put("cpu_seconds_per_gigabyte", cpuPerGigabyte());
    map.put("waited_seconds", seconds(stats.consumerWaitNanos()));
    Map<String, Object> causes = new LinkedHashMap<>();
    stats.causes().forEach(cause -> causes.put(cause.name(), seconds(cause.nanos())));
    map.put("stalls", causes);
    map.put("stages", stats.stages().stream().map(ReadReport::stage).toList());
    if (origins.requests() > 0) {
      map.put("origin", originMap());
    }
    if (hasCacheDirectory()) {
      map.put("cache_directories", cacheMap());
    }
    map.put("bad_samples", stats.badSamples());
    digest.ifPresent(value -> map.put("digest", value));
    map.put("verdict", stats.verdict());
    return map;
  }

  private String originLine() {
    return String.format(
        Locale.ROOT,
        "%,d requests for %.3f GB (%.3f GB not wanted), at most %d at a time; %,d retries, %,d"
            + " resumed, %,d throttled, %,d timed out, %,d hedged (%,d won)",
        origins.requests(),
        origins.bytes() / 1e9,
        origins.discardedBytes() / 1e9,
        origins.requestLimit(),
        origins.retries(),
        origins.resumes(),
        origins.throttled(),
        origins.timeouts(),
        origins.hedges(),
        origins.hedgesWon());
  }

  private Map<String, Object> originMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("requests", origins.requests());
    map.put("bytes", origins.bytes());
    map.put("discarded_bytes", origins.discardedBytes());
    map.put("retries", origins.retries());
    map.put("resumes", origins.resumes());
    map.put("throttled", origins.throttled());
    map.put("timeouts", origins.timeouts());
    map.put("hedges", origins.hedges());
    map.put("hedges_won", origins.hedgesWon());
    map.put("failures", origins.failures());
    map.put("request_limit", origins.requestLimit());
    return map;
  }

  private boolean hasCacheDirectory() {
    return cache.ssdSlots() > 0 || cache.ssdUnusable() > 0;
  }

  private String cacheLine() {
    return String.format(
        Locale.ROOT,
        "directories: %.3f GB read from there, %.3f GB written (%,d blocks not, the disk was busy);"
            + " %,d of %,d blocks in use; %,d corrupt, %,d failures%s",
        cache.ssdHitBytes() / 1e9,
        cache.ssdWrittenBytes() / 1e9,
        cache.ssdUnwrittenBlocks(),
        cache.ssdBlocks(),
        cache.ssdSlots(),
        cache.ssdCorruptBlocks(),
        cache.ssdFailures(),
        cache.ssdUnusable() == 0 ? "" : "; %d not usable now".formatted(cache.ssdUnusable()));
  }

  private Map<String, Object> cacheMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("read_bytes", cache.ssdHitBytes());
    map.put("written_bytes", cache.ssdWrittenBytes());
    map.put("unwritten_blocks", cache.ssdUnwrittenBlocks());
    map.put("blocks", cache.ssdBlocks());
    map.put("capacity_blocks", cache.ssdSlots());
    map.put("corrupt_blocks", cache.ssdCorruptBlocks());
    map.put("failures", cache.ssdFailures());
    map.put("unusable_directories", cache.ssdUnusable());
    return map;
  }

  private static Map<String, Object> stage(LoaderStats.Stage stage) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", stage.name());
    map.put("samples", stage.samples());
    map.put("bytes", stage.bytes());
    map.put("busy_seconds", seconds(stage.busyNanos()));
    map.put("starved_seconds", seconds(stage.starvedNanos()));
    map.put("blocked_seconds", seconds(stage.blockedNanos()));
    return map;
  }

  private String stalls() {
    double waited = share(stats.consumerWaitNanos());
    StringBuilder line =
        new StringBuilder(
            String.format(Locale.ROOT, "waited for data %.1f %% of the time", waited));
    String separator = ": ";
    for (LoaderStats.Cause cause : stats.causes()) {
      line.append(separator)
          .append(String.format(Locale.ROOT, "%s %.1f %%", cause.name(), share(cause.nanos())));
      separator = ", ";
    }
    return line.toString();
  }

  private double share(long nanos) {
    return wallNanos == 0 ? 0 : 100.0 * nanos / wallNanos;
  }

  private double perSecond(long count) {
    return wallNanos == 0 ? 0 : count * 1e9 / wallNanos;
  }

  private double gigabytesRate() {
    return perSecond(delivered.bytes()) / 1e9;
  }

  private double cpuPerGigabyte() {
    return delivered.bytes() == 0 ? 0 : (double) cpuNanos / delivered.bytes();
  }

  private static double seconds(long nanos) {
    return nanos / 1e9;
  }
}
