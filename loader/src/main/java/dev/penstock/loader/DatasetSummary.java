package dev.penstock.loader;

import dev.penstock.cache.origin.StoredObject;
import dev.penstock.formats.Codec;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.formats.RecordFormat;
import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.DatasetShape;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/**
 * What is remembered of all shards of a dataset.
 *
 * @param fieldNames in the order of their first appearance over the shards
 */
record DatasetSummary(
    DatasetShape shape,
    RecordFormat format,
    boolean compressed,
    List<String> fieldNames,
    long sampleBytesMax,
    double sampleBytesMean,
    double sampleBytesDeviation,
    Optional<Damage> damage,
    long indexNanos,
    int indexesBuilt) {
  /**
   * The first shard whose framing breaks.
   *
   * @param shard its name
   * @param offset where, in decoded bytes
   * @param reason what was found there
   */
  record Damage(String shard, long offset, String reason) {
    private static Optional<Damage> of(ShardIndex index, String shard) {
      return index.damage().isEmpty()
          ? Optional.empty()
          : Optional.of(
              new Damage(shard, index.sampleOffset(index.sampleCount() - 1), index.damage()));
    }

    /** The verdict as a failure. */
    MalformedRecordException failure() {
      return new MalformedRecordException(shard, offset, reason);
    }
  }

  /** What is remembered of one shard, so that its index need not stay. */
  private record Shard(
      int samples,
      long decodedBytes,
      boolean compressed,
      boolean closed,
      RecordFormat format,
      List<String> fieldNames,
      String digest,
      long sampleBytesMax,
      double sumBytes,
      double sumSquares,
      Optional<Damage> damage,
      boolean built) {
    static Shard of(IndexStore.Loaded loaded, String name, RecordFormat format) {
      ShardIndex index = loaded.index();
      long max = 0;
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < index.sampleCount(); i++) {
        long bytes = index.sampleBytes(i);
        max = Math.max(max, bytes);
        sum += bytes;
        squares += (double) bytes * bytes;
      }
      return new Shard(
          index.sampleCount(),
          index.decodedBytes(),
          index.codec() != Codec.NONE,
          index.codec() != Codec.NONE && index.frames().count() < 2,
          format,
          index.names().names(),
          index.digest(),
          max,
          sum,
          squares,
          Damage.of(index, name),
          loaded.built());
    }
  }

  /**
   * Loads, or builds, the indexes of all shards on {@code threads} threads; {@code keep} is given
   * each of them, on these threads.
   */
  static DatasetSummary of(
      List<StoredObject> objects,
      IndexStore store,
      int threads,
      BiConsumer<Integer, ShardIndex> keep)
      throws IOException {
    long start = System.nanoTime();
    List<Shard> shards = loadAll(objects, store, threads, keep);
    RecordFormat format = formatOf(objects, shards);
    Set<String> names = new LinkedHashSet<>();
    long max = 0;
    double sum = 0;
    double squares = 0;
    long samples = 0;
    int built = 0;
    for (Shard shard : shards) {
      names.addAll(shard.fieldNames);
      max = Math.max(max, shard.sampleBytesMax);
      sum += shard.sumBytes;
      squares += shard.sumSquares;
      samples += shard.samples;
      built += shard.built ? 1 : 0;
    }
    double mean = samples == 0 ? 0 : sum / samples;
    double variance = samples == 0 ? 0 : Math.max(0, squares / samples - mean * mean);
    return new DatasetSummary(
        shapeOf(objects, shards),
        format,
        shards.stream().anyMatch(Shard::compressed),
        List.copyOf(names),
        max,
        mean,
        Math.sqrt(variance),
        shards.stream().flatMap(shard -> shard.damage.stream()).findFirst(),
        System.nanoTime() - start,
        built);
  }

  /** What is known of datasets one behind the other, whose samples come by weight. */
  static DatasetSummary joined(List<DatasetSummary> parts, List<Double> weights) {
    Set<String> names = new LinkedHashSet<>();
    long max = 0;
    double mean = 0;
    double squares = 0;
    long nanos = 0;
    int built = 0;
    double all = weights.stream().mapToDouble(Double::doubleValue).sum();
    for (int i = 0; i < parts.size(); i++) {
      DatasetSummary part = parts.get(i);
      double share = weights.get(i) / all;
      names.addAll(part.fieldNames);
      max = Math.max(max, part.sampleBytesMax);
      mean += share * part.sampleBytesMean;
      double spread = part.sampleBytesDeviation;
      squares += share * (spread * spread + part.sampleBytesMean * part.sampleBytesMean);
      nanos += part.indexNanos;
      built += part.indexesBuilt;
    }
    return new DatasetSummary(
        joinedShape(parts),
        parts.getFirst().format,
        parts.stream().anyMatch(DatasetSummary::compressed),
        List.copyOf(names),
        max,
        mean,
        Math.sqrt(Math.max(0, squares - mean * mean)),
        parts.stream().flatMap(part -> part.damage.stream()).findFirst(),
        nanos,
        built);
  }

  private static DatasetShape joinedShape(List<DatasetSummary> parts) {
    int shards = parts.stream().mapToInt(part -> part.shape.shardCount()).sum();
    int[] counts = new int[shards];
    long[] bytes = new long[shards];
    boolean[] closed = new boolean[shards];
    StringBuilder fingerprints = new StringBuilder("joined");
    int at = 0;
    for (DatasetSummary part : parts) {
      fingerprints.append('|').append(part.shape.fingerprint());
      for (int shard = 0; shard < part.shape.shardCount(); shard++, at++) {
        counts[at] = part.shape.samplesIn(shard);
        bytes[at] = part.shape.bytes(shard);
        closed[at] = part.shape.closed(shard);
      }
    }
    return DatasetShape.of(fingerprints.toString(), counts, bytes, closed);
  }

  private static List<Shard> loadAll(
      List<StoredObject> objects,
      IndexStore store,
      int threads,
      BiConsumer<Integer, ShardIndex> keep)
      throws IOException {
    ExecutorService executor =
        Executors.newFixedThreadPool(
            Math.min(threads, Math.max(1, objects.size())),
            Thread.ofPlatform().daemon().name("penstock-index-", 0).factory());
    try {
      List<Future<Shard>> futures = new ArrayList<>();
      for (int i = 0; i < objects.size(); i++) {
        int shard = i;
        futures.add(
            executor.submit(
                () -> {
                  IndexStore.Loaded loaded = store.load(objects.get(shard));
                  keep.accept(shard, loaded.index());
                  return Shard.of(loaded, objects.get(shard).name(), store.format(loaded.index()));
                }));
      }
      List<Shard> shards = new ArrayList<>();
      for (Future<Shard> future : futures) {
        shards.add(future.get());
      }
      return shards;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted while indexing").initCause(e);
    } catch (ExecutionException e) {
      throw rethrown(e);
    } finally {
      executor.shutdownNow();
      executor.close(); // waits: whoever hears of a failure may close what the others still read
    }
  }

  private static IOException rethrown(ExecutionException e) {
    return switch (e.getCause()) {
      case IOException cause -> cause;
      case RuntimeException cause -> throw cause;
      case Error cause -> throw cause;
      case null, default -> new IOException(e);
    };
  }

  private static RecordFormat formatOf(List<StoredObject> objects, List<Shard> shards) {
    RecordFormat format = shards.getFirst().format;
    for (int i = 1; i < shards.size(); i++) {
      if (!shards.get(i).format.equals(format)) {
        throw new IllegalArgumentException(
            "%s is %s but %s is %s; a dataset has shards of one format"
                .formatted(
                    objects.getFirst().location(),
                    format.kind(),
                    objects.get(i).location(),
                    shards.get(i).format.kind()));
      }
    }
    return format;
  }

  private static DatasetShape shapeOf(List<StoredObject> objects, List<Shard> shards) {
    int[] counts = new int[shards.size()];
    long[] bytes = new long[shards.size()];
    boolean[] closed = new boolean[shards.size()];
    Fingerprint fingerprint = new Fingerprint();
    for (int i = 0; i < counts.length; i++) {
      Shard shard = shards.get(i);
      counts[i] = shard.samples;
      bytes[i] = shard.decodedBytes;
      closed[i] = shard.closed;
      fingerprint.add(objects.get(i), shard.samples, shard.digest);
    }
    return DatasetShape.of(fingerprint.finish(), counts, bytes, closed);
  }
}
