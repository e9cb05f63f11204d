package dev.penstock.benchmarks.pipeline;

import java.io.IOException;
import java.util.Optional;

/** One way of reading all shards once. */
interface Contender {
  /** As it stands in the table. */
  String name();

  /** Why it cannot take part here, if so. */
  Optional<String> missing();

  /** Rounds before those that count. */
  default int warmUpRounds() {
    return 1;
  }

  /** Reads everything once. */
  Measured round() throws IOException, InterruptedException;
}
