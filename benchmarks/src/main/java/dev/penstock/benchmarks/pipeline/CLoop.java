package dev.penstock.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code pread_ring.c}: the least that reading into a ring in memory can cost; and, through a pool
 * of blocks, the least where bytes are checked and copied on their way.
 */
final class CLoop implements Contender {
  private static final long CHUNK_BYTES = 512 << 10;

  private final Path source;
  private final Path program;
  private final List<Path> shards;
  private final long ringBytes;
  private final int passes;
  private final boolean direct;
  private final int threads;
  private final long poolBytes;

  /** Straight into the ring. */
  CLoop(Path home, List<Path> shards, int passes, long ringBytes, boolean direct, int threads) {
    this(home, shards, passes, ringBytes, direct, threads, 0);
  }

  /** {@code poolBytes}: of blocks that are checked (CRC32C) and copied to the ring; 0 for none. */
  CLoop(
      Path home,
      List<Path> shards,
      int passes,
      long ringBytes,
      boolean direct,
      int threads,
      long poolBytes) {
    this.poolBytes = poolBytes;
    this.source = home.resolve("benchmarks/src/main/c/pread_ring.c");
    this.program = home.resolve("benchmarks/target/pread_ring");
    this.shards = shards;
    this.passes = passes;
    this.ringBytes = Math.max(CHUNK_BYTES * threads, ringBytes);
    this.direct = direct;
    this.threads = threads;
  }

  @Override
  public String name() {
    if (poolBytes > 0) {
      return "C pread, crc, copy";
    }
    return threads == 1 ? "C pread loop" : "C pread, %d threads".formatted(threads);
  }

  @Override
  public Optional<String> missing() {
    if (!Files.exists(source)) {
      return Optional.of("its source " + source + " is not there");
    }
    if (Tool.find("cc").isEmpty()) {
      return Optional.of("no C compiler (cc) found");
    }
    return Optional.empty();
  }

  @Override
  public Measured round() throws IOException, InterruptedException {
    compile();
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                Long.toString(ringBytes),
                Long.toString(CHUNK_BYTES),
                direct ? "direct" : "buffered",
                Integer.toString(threads),
                Long.toString(poolBytes)));
    for (int pass = 0; pass < passes; pass++) {
      shards.forEach(shard -> command.add(shard.toString()));
    }
    JsonNode printed = Tool.json(command);
    return new Measured(
        printed.path("bytes").asLong(),
        0,
        printed.path("seconds").asDouble(),
        printed.path("cpu_seconds").asDouble());
  }

  private void compile() throws IOException, InterruptedException {
    boolean fresh =
        Files.exists(program)
            && Files.getLastModifiedTime(program).compareTo(Files.getLastModifiedTime(source)) >= 0;
    if (!fresh) {
      Files.createDirectories(program.toAbsolutePath().getParent());
      Tool.run(List.of("cc", "-O2", "-pthread", "-o", program.toString(), source.toString()));
    }
  }
}
