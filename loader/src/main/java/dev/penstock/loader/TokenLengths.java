package dev.penstock.loader;

import dev.penstock.formats.ShardIndex;
import dev.penstock.sharding.GroupedPlan;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * How many elements a field has in each sample, from the shard indexes alone: its bytes, less the
 * npy header that the dataset's first sample has, by the size of an element. Thread-safe.
 */
final class TokenLengths implements GroupedPlan.Lengths {
  /** Samples whose mean decides the default size of groups. */
  private static final int SAMPLED = 4096;

  private final Dataset data;
  private final String field;
  private final int headerBytes;
  private final int elementBytes;

  TokenLengths(Dataset data, FieldSpec field) throws IOException {
    if (!data.format().placesKnown()) {
      throw new IllegalArgumentException(
          "batching by the lengths of field '%s': the indexes of %s shards say nothing of fields; pack tar shards, or read raw records"
              .formatted(field.name(), data.format().kind()));
    }
    if (field.kind() != FieldSpec.Kind.VALUES) {
      throw new IllegalArgumentException(
          "batching by the lengths of field '%s': declare it with any number of elements, as %s:u16[]"
              .formatted(field.name(), field.name()));
    }
    this.data = data;
    this.field = field.name();
    this.headerBytes = data.npyHeaderBytes(field.name());
    this.elementBytes = field.element().bytes();
  }

  @Override
  public int tokens(int source, int shard, int ordinal) {
    return tokens(data.firstShard(source) + shard, ordinal);
  }

  @Override
  public String describe(int source, int shard, int ordinal) {
    int number = data.firstShard(source) + shard;
    try {
      ShardIndex index = data.index(number);
      return "%s: sample '%s' at %d"
          .formatted(data.object(number).name(), index.key(ordinal), index.sampleOffset(ordinal));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int tokens(int shard, int ordinal) {
    ShardIndex index;
    try {
      index = data.index(shard);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int id = index.names().idOf(field);
    int number = id < 0 ? -1 : index.fieldOf(ordinal, id);
    long bytes = number < 0 ? 0 : index.fieldBytes(ordinal, number) - headerBytes;
    return Math.clamp(bytes / elementBytes, 0, Integer.MAX_VALUE);
  }

  /** The mean over the first samples, at least 1: depends on the data alone. */
  double mean() {
    long sum = 0;
    long count = 0;
    for (int shard = 0; shard < data.shardCount() && count < SAMPLED; shard++) {
      for (int i = 0; i < data.shape().samplesIn(shard) && count < SAMPLED; i++) {
        sum += tokens(shard, i);
        count++;
      }
    }
    return Math.max(1, count == 0 ? 1 : (double) sum / count);
  }
}
