package dev.penstock.loader.cli;

import dev.penstock.loader.Batch;
import dev.penstock.loader.Dataset;
import dev.penstock.loader.FirstBatch;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import dev.penstock.loader.PlannedSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The way to the first batch: bytes and requests, which follow from the order; seconds only where
 * the store is described, or was tried.
 *
 * @param plan the session
 * @param batch what its first batch needs
 * @param store rate and latency, as they were described
 * @param measured how long it took
 */
record FirstBatchReport(
    PlannedSession plan,
    FirstBatch batch,
    Optional<StoreSpeed> store,
    Optional<Measured> measured) {
  /** Requests of one session in flight, for local disks as for stores over the network. */
  private static final int IN_FLIGHT = 64;

  /**
   * A run up to its first batch.
   *
   * @param nanos from opening to the batch
   * @param indexNanos of them, for indexes
   * @param indexesBuilt that were missing
   * @param fetchedBytes asked of the store by then, for this batch and the next ones
   */
  record Measured(long nanos, long indexNanos, int indexesBuilt, long fetchedBytes) {
    /** Opens the data and waits for one batch; empty if the run has none. */
    static Optional<Measured> of(LoaderConfig config) throws IOException {
      long began = System.nanoTime();
      try (Loader loader = Loader.open(config);
          Batch batch = loader.next()) {
        if (batch == null) {
          return Optional.empty();
        }
        long nanos = System.nanoTime() - began;
        long fetched = loader.engine().cacheStats().fetchedBytes();
        Dataset data = loader.sessionPlan().dataset();
        return Optional.of(new Measured(nanos, data.indexNanos(), data.indexesBuilt(), fetched));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the first batch was awaited", e);
      }
    }
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    Dataset data = plan.dataset();
    if (batch.rows() == 0) {
      lines.add("first     no batch: the run has ended where it starts");
      return lines;
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "first     %,d rows of %,d shards: %s%s from the store in %,d requests; %s",
            batch.rows(),
            batch.shards(),
            batch.decodedBytes() > 0 ? "at least " : "",
            new ByteSize(batch.bytes()),
            batch.requests(),
            indexes(data.indexesBuilt(), data.indexNanos())));
    if (batch.decodedBytes() > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "          %s decoded, %.0f %% of it only to get to a sample",
              new ByteSize(batch.decodedBytes()),
              100.0 * batch.unwantedBytes() / batch.decodedBytes()));
    }
    store.ifPresent(
        speed ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "          %.3f s from a store of %s/s and %s ms a request, %d at a time, with"
                        + " indexes there and nothing cached, decoding left out",
                    seconds(speed),
                    new ByteSize(speed.bytesPerSecond()),
                    number(speed.latencyMillis()),
                    IN_FLIGHT)));
    measured.ifPresent(
        run ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "          %.3f s measured from opening to the batch; %s; %s were asked of the"
                        + " store by then",
                    run.nanos() / 1e9,
                    indexes(run.indexesBuilt(), run.indexNanos()),
                    new ByteSize(run.fetchedBytes()))));
    return lines;
  }

  private double seconds(StoreSpeed speed) {
    return batch.seconds((double) speed.bytesPerSecond(), speed.latencyMillis() / 1e3, IN_FLIGHT);
  }

  private String indexes(int built, long nanos) {
    String took =
        String.format(
            Locale.ROOT, "%,d indexes took %.3f s", plan.dataset().shardCount(), nanos / 1e9);
    return built == 0 ? took : took + String.format(Locale.ROOT, ", %,d of them built", built);
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.3f", value);
  }

  Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("rows", batch.rows());
    map.put("bytes", batch.bytes());
    map.put("requests", batch.requests());
    map.put("shards", batch.shards());
    map.put("decoded_bytes", batch.decodedBytes());
    map.put("decoded_unwanted_bytes", batch.unwantedBytes());
    map.put("index_seconds", plan.dataset().indexNanos() / 1e9);
    map.put("indexes_built", plan.dataset().indexesBuilt());
    store.ifPresent(speed -> map.put("seconds_from_store", seconds(speed)));
    measured.ifPresent(
        run -> {
          map.put("seconds_measured", run.nanos() / 1e9);
          map.put("index_seconds_measured", run.indexNanos() / 1e9);
          map.put("indexes_built_measured", run.indexesBuilt());
          map.put("fetched_bytes_measured", run.fetchedBytes());
        });
    return map;
  }
}
