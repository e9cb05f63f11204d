package dev.penstock.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** fio, reading the same files from first to last byte with many requests in flight. */
final class Fio implements Contender {
  private static final int DEPTH = 32;

  private final List<Path> shards;
  private final int passes;
  private final boolean direct;

  Fio(List<Path> shards, int passes, boolean direct) {
    this.shards = shards;
    this.passes = passes;
    this.direct = direct;
  }

  @Override
  public String name() {
    return direct ? "fio io_uring direct" : "fio psync buffered";
  }

  @Override
  public Optional<String> missing() {
    return Tool.find("fio").isPresent() ? Optional.empty() : Optional.of("fio is not installed");
  }

  @Override
  public Measured round() throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=shards",
                "--rw=read",
                "--bs=512k",
                "--readonly",
                "--loops=" + passes,
                "--invalidate=0",
                "--file_service_type=sequential",
                "--output-format=json",
                "--filename=" + names()));
    command.addAll(
        direct
            ? List.of("--direct=1", "--ioengine=io_uring", "--iodepth=" + DEPTH)
            : List.of("--direct=0", "--ioengine=psync"));
    JsonNode job = Tool.json(command).path("jobs").path(0);
    double seconds = job.path("read").path("runtime").asDouble() / 1e3;
    double busyPercent = job.path("usr_cpu").asDouble() + job.path("sys_cpu").asDouble();
    return new Measured(
        job.path("read").path("io_bytes").asLong(),
        0,
        seconds,
        job.path("job_runtime").asDouble(seconds * 1e3) / 1e3 * busyPercent / 100);
  }

  /** fio separates names by colons and wants those inside names escaped. */
  private String names() throws IOException {
    for (Path shard : shards) {
      if (!Files.isReadable(shard)) {
        throw new IOException("cannot read " + shard);
      }
    }
    return shards.stream()
        .map(shard -> shard.toString().replace(":", "\\:"))
        .collect(Collectors.joining(":"));
  }
}
