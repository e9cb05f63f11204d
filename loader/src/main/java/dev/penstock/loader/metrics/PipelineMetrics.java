package dev.penstock.loader.metrics;

import dev.penstock.bridge.ProcessMemory;
import dev.penstock.cache.CacheStats;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.loader.Engine;
import dev.penstock.loader.LoaderStats;
import dev.penstock.loader.Session;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What an engine and its sessions count, in Prometheus' text format. Seconds and bytes, as
 * Prometheus asks; counters end in {@code _total}. The names are part of the interface: {@code
 * docs/metrics.md} lists them. Thread-safe.
 */
public final class PipelineMetrics implements AutoCloseable {
  private static final double NANOS_PER_SECOND = 1e9;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  /** Counters that are part of the text until this is closed. */
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** Registers the engine's and the process's counters; sessions are added as they come. */
  public PipelineMetrics(Engine engine) {
    cacheCounter(engine, "penstock.cache.fetched.bytes", CacheStats::fetchedBytes);
    cacheCounter(engine, "penstock.cache.hit.bytes", CacheStats::hitBytes);
    cacheCounter(engine, "penstock.cache.evictions", CacheStats::evictions);
    cacheCounter(engine, "penstock.origin.retries", CacheStats::retries);
    originCounter(engine, "penstock.origin.requests", OriginStats::requests);
    originCounter(engine, "penstock.origin.received.bytes", OriginStats::bytes);
    originCounter(engine, "penstock.origin.discarded.bytes", OriginStats::discardedBytes);
    originCounter(engine, "penstock.origin.request.retries", OriginStats::retries);
    originCounter(engine, "penstock.origin.resumes", OriginStats::resumes);
    originCounter(engine, "penstock.origin.hedges", OriginStats::hedges);
    originCounter(engine, "penstock.origin.hedges.won", OriginStats::hedgesWon);
    originCounter(engine, "penstock.origin.throttled", OriginStats::throttled);
    originCounter(engine, "penstock.origin.timeouts", OriginStats::timeouts);
    originCounter(engine, "penstock.origin.failures", OriginStats::failures);
    originGauge(engine, "penstock.origin.in.flight", OriginStats::inFlight);
    originGauge(engine, "penstock.origin.queued", OriginStats::queued);
    originGauge(engine, "penstock.origin.request.limit", OriginStats::requestLimit);
    originGauge(engine, "penstock.origin.connections", OriginStats::openConnections);
    cacheCounter(engine, "penstock.decoded.bytes", CacheStats::decodedBytes);
    cacheCounter(engine, "penstock.decoded.wasted.bytes", CacheStats::wastedBytes);
    cacheGauge(engine, "penstock.cache.blocks", CacheStats::poolBlocks);
    cacheGauge(engine, "penstock.cache.free.blocks", CacheStats::freeBlocks);
    cacheGauge(engine, "penstock.open.objects", CacheStats::openObjects);
    cacheCounter(engine, "penstock.ssd.hit.bytes", CacheStats::ssdHitBytes);
    cacheCounter(engine, "penstock.ssd.written.bytes", CacheStats::ssdWrittenBytes);
    cacheCounter(engine, "penstock.ssd.unwritten.blocks", CacheStats::ssdUnwrittenBlocks);
    cacheCounter(engine, "penstock.ssd.corrupt.blocks", CacheStats::ssdCorruptBlocks);
    cacheCounter(engine, "penstock.ssd.failures", CacheStats::ssdFailures);
    cacheGauge(engine, "penstock.ssd.blocks", CacheStats::ssdBlocks);
    cacheGauge(engine, "penstock.ssd.capacity.blocks", CacheStats::ssdSlots);
    cacheGauge(engine, "penstock.ssd.unusable.devices", CacheStats::ssdUnusable);
    gauge("penstock.memory.budget.bytes", engine, e -> e.budget().capacityBytes());
    gauge("penstock.memory.reserved.bytes", engine, e -> e.budget().usedBytes());
    gauge("process.resident.memory.bytes", engine, e -> ProcessMemory.residentBytes());
    FunctionCounter.builder("process.cpu.seconds", engine, e -> cpuSeconds()).register(registry);
  }

  private static double cpuSeconds() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime() / NANOS_PER_SECOND
        : Double.NaN;
  }

  private void cacheCounter(Engine engine, String name, ToDoubleFunction<CacheStats> value) {
    FunctionCounter.builder(name, engine, e -> value.applyAsDouble(e.cacheStats()))
        .register(registry);
  }

  private void originCounter(Engine engine, String name, ToDoubleFunction<OriginStats> value) {
    FunctionCounter.builder(name, engine, e -> value.applyAsDouble(e.originStats()))
        .register(registry);
  }

  private void originGauge(Engine engine, String name, ToDoubleFunction<OriginStats> value) {
    gauge(name, engine, e -> value.applyAsDouble(e.originStats()));
  }

  private void cacheGauge(Engine engine, String name, ToDoubleFunction<CacheStats> value) {
    gauge(name, engine, e -> value.applyAsDouble(e.cacheStats()));
  }

  private void gauge(String name, Engine engine, ToDoubleFunction<Engine> value) {
    Gauge.builder(name, engine, value).strongReference(true).register(registry);
  }

  /**
   * Adds a session's counters, labelled with {@code session} and its rank, until the returned
   * handle is closed.
   */
  public Registration add(String id, Session session) {
    Tags tags = Tags.of("session", id, "rank", Integer.toString(session.plan().config().rank()));
    List<Meter> meters = new ArrayList<>();
    meters.add(counter("penstock.batches", tags, session, LoaderStats::batches));
    meters.add(counter("penstock.samples", tags, session, LoaderStats::samples));
    meters.add(counter("penstock.payload.bytes", tags, session, LoaderStats::payloadBytes));
    meters.add(counter("penstock.bad.samples", tags, session, LoaderStats::badSamples));
    LoaderStats now = session.stats(0);
    for (LoaderStats.Stage stage : now.stages()) {
      Tags staged = tags.and("stage", stage.name());
      meters.add(stage(staged, session, stage.name(), "busy", LoaderStats.Stage::busyNanos));
      meters.add(stage(staged, session, stage.name(), "starved", LoaderStats.Stage::starvedNanos));
      meters.add(stage(staged, session, stage.name(), "blocked", LoaderStats.Stage::blockedNanos));
    }
    for (LoaderStats.Cause cause : now.causes()) {
      Tags caused = tags.and("cause", cause.name());
      meters.add(
          counter(
              "penstock.wait.seconds",
              caused,
              session,
              stats -> causeNanos(stats, cause.name()) / NANOS_PER_SECOND));
    }
    for (int i = 0; i < now.sources().size(); i++) {
      int source = i;
      meters.add(
          counter(
              "penstock.source.samples",
              tags.and("source", now.sources().get(i).name()),
              session,
              stats -> stats.sources().get(source).samples()));
    }
    return () -> meters.forEach(registry::remove);
  }

  private Meter stage(
      Tags tags,
      Session session,
      String stage,
      String state,
      ToDoubleFunction<LoaderStats.Stage> nanos) {
    return counter(
        "penstock.stage." + state + ".seconds",
        tags,
        session,
        stats -> {
          for (LoaderStats.Stage candidate : stats.stages()) {
            if (candidate.name().equals(stage)) {
              return nanos.applyAsDouble(candidate) / NANOS_PER_SECOND;
            }
          }
          return 0;
        });
  }

  private static double causeNanos(LoaderStats stats, String name) {
    for (LoaderStats.Cause cause : stats.causes()) {
      if (cause.name().equals(name)) {
        return cause.nanos();
      }
    }
    return 0;
  }

  private Meter counter(
      String name, Tags tags, Session session, ToDoubleFunction<LoaderStats> value) {
    return FunctionCounter.builder(name, session, s -> value.applyAsDouble(s.stats(0)))
        .tags(tags)
        .register(registry);
  }

  /** All counters now, in Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }
}
