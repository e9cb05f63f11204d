package dev.penstock.loader;

import dev.penstock.cache.NextUse;
import dev.penstock.formats.FieldNames;
import dev.penstock.formats.RecordFormat;
import dev.penstock.sharding.Position;
import dev.penstock.sharding.StepPlan;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a session is going to do, known before its samples are read: order, columns, and how large
 * the ring's slots have to be. Thread-safe.
 */
public abstract sealed class SessionPlan permits PlannedSession, ArrivalSession {
  private final SessionConfig config;
  private final BatchSchema schema;

  SessionPlan(SessionConfig config, BatchSchema schema) {
    this.config = config;
    this.schema = schema;
  }

  /** What was asked for. */
  public final SessionConfig config() {
    return config;
  }

  /** The columns of its batches. */
  public final BatchSchema schema() {
    return schema;
  }

  /** Names of a mixture's sources, in the order of their numbers; empty for one dataset. */
  public final List<String> sourceNames() {
    return config.mix().stream().map(DataSource::name).toList();
  }

  /**
   * The data; of a mixture, all sources one behind the other.
   *
   * @throws IllegalStateException in the order of arrival, which has no indexes
   */
  public Dataset dataset() {
    throw new IllegalStateException("in the order of arrival no index says what the data holds");
  }

  /**
   * The order.
   *
   * @throws IllegalStateException in the order of arrival, whose steps are not known beforehand
   */
  public StepPlan order() {
    throw new IllegalStateException("the order of arrival has no plan of steps");
  }

  /** Where the session starts. */
  public abstract Position start();

  /** Bytes a slot should have. */
  public abstract long slotBytes();

  /** Steps that start in an epoch; empty in the order of arrival, where nobody knows. */
  public abstract OptionalLong stepsPerEpoch();

  /** 16 bytes in hexadecimal that ranks compare before the first step. */
  public abstract String orderId();

  /** The order in one line, for people. */
  public abstract String describe();

  /** Where all shards are stored. */
  public abstract List<String> locations();

  /** Nanoseconds that building or reading the shard indexes took. */
  public abstract long indexNanos();

  /** What comes in pieces. */
  final PieceRule pieces() {
    return PieceRule.of(config);
  }

  /** Room for the cursor of any batch, in bytes. */
  abstract int cursorBytes();

  /** What the order says of the next use of a shard's bytes. */
  abstract NextUse nextUse();

  /** The gather begins with the session's {@code sequence}-th batch, in order, from 0. */
  void began(long sequence) {}

  /** How records lie in the shards. */
  abstract RecordFormat format();

  /** The dictionary that parsers of this session share. */
  abstract FieldNames names();

  /** A number for a sample of an open shard, different from that of any other. */
  abstract long sampleNumber(ShardView shard, int sample);
}
