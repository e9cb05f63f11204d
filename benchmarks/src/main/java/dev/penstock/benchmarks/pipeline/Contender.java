package dev.penstock.benchmarks.pipeline;

import java.io.IOException;
import java.util.Optional;

/** One way of reading all shards, several times over. */
interface Contender extends AutoCloseable {
  /** As it stands in the table. */
  String name();

  /** Why it cannot take part here, if so. */
  Optional<String> missing();

  /** Rounds before those that count. */
  default int warmUpRounds() {
    return 1;
  }

  /** Reads everything, as often as a round wants it. */
  Measured round() throws IOException, InterruptedException;

  /** Lets go of what it keeps between rounds. */
  @Override
  default void close() {}
}
