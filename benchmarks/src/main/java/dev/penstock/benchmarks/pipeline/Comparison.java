package dev.penstock.benchmarks.pipeline;

import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.SsdConfig;
import dev.penstock.loader.EngineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** All contenders over the same shards from one kind of storage. */
public final class Comparison {
  /** Where the bytes come from. */
  public enum Source {
    /** The page cache, or a file system in memory. */
    CACHE,
    /** The device, without the page cache. */
    DISK,
    /** A cache directory on the device, filled by the rounds that warm up. */
    SSD
  }

  private final Source source;
  private final PenstockRead penstock;
  private final Rounds rounds;
  private final Map<String, String> left;

  private Comparison(
      Source source, PenstockRead penstock, Rounds rounds, Map<String, String> left) {
    this.source = source;
    this.penstock = penstock;
    this.rounds = rounds;
    this.left = left;
  }

  /**
   * What to compare.
   *
   * @param home the source tree
   * @param shards to read, tar
   * @param engine memory and processors of the pipeline
   * @param batchSize rows of a batch
   * @param passes over the shards in a round; webdataset, which has no set-up to speak of, does one
   * @param count rounds that count
   */
  public record Setup(
      Path home, List<Path> shards, EngineConfig engine, int batchSize, int passes, int count) {}

  /** Runs all rounds; takes as long as that takes. */
  public static Comparison run(Setup setup, Source source)
      throws IOException, InterruptedException {
    if (source != Source.SSD) {
      return run(setup, setup.engine(), source);
    }
    Path beside = setup.shards().getFirst().toAbsolutePath().getParent();
    Path directory = Files.createTempDirectory(beside, "penstock-cache-");
    try {
      return run(setup, cached(setup, directory), source);
    } finally {
      remove(directory);
    }
  }

  private static Comparison run(Setup setup, EngineConfig engine, Source source)
      throws IOException, InterruptedException {
    boolean direct = source != Source.CACHE;
    long fileBytes = 0;
    for (Path shard : setup.shards()) {
      fileBytes += Files.size(shard);
    }
    try (PenstockRead penstock =
        new PenstockRead(
            setup.shards(),
            fileBytes,
            setup.passes(),
            engine,
            direct ? ReadMode.DIRECT : ReadMode.BUFFERED,
            setup.batchSize())) {
      List<Contender> present = new ArrayList<>(List.of(penstock));
      Map<String, String> left = new LinkedHashMap<>();
      for (Contender rival : rivals(setup, penstock.ringBytes(), fileBytes, source)) {
        Optional<String> missing = rival.missing();
        if (missing.isPresent()) {
          left.put(rival.name(), missing.get());
        } else {
          present.add(rival);
        }
      }
      PageCache pages = new PageCache(setup.shards());
      Rounds rounds = Rounds.run(present, setup.count(), direct ? pages::drop : pages::fill);
      return new Comparison(source, penstock, rounds, left);
    }
  }

  /** The engine with a cache directory large enough for all shards. */
  private static EngineConfig cached(Setup setup, Path directory) throws IOException {
    long bytes = 64L << 20;
    for (Path shard : setup.shards()) {
      bytes += Files.size(shard) * 17 / 16;
    }
    return setup
        .engine()
        .withSsd(SsdConfig.of(List.of(new SsdConfig.Directory(directory, OptionalLong.of(bytes)))));
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  /**
   * A loop in C on one thread, and on as many as the pipeline may use; beside a cache directory one
   * that checks and copies too, since nothing that is read from there may be trusted unseen.
   */
  private static List<Contender> rivals(
      Setup setup, long ringBytes, long fileBytes, Source source) {
    boolean direct = source != Source.CACHE;
    List<Contender> rivals = new ArrayList<>();
    rivals.add(new Fio(setup.shards(), setup.passes(), direct));
    rivals.add(new CLoop(setup.home(), setup.shards(), setup.passes(), ringBytes, direct, 1));
    int cpus = setup.engine().cpus();
    if (cpus > 1) {
      rivals.add(new CLoop(setup.home(), setup.shards(), setup.passes(), ringBytes, direct, cpus));
    }
    if (source == Source.SSD) {
      long pool = setup.engine().memoryBytes();
      rivals.add(
          new CLoop(setup.home(), setup.shards(), setup.passes(), ringBytes, true, cpus, pool));
    }
    rivals.add(new WebDataset(setup.home(), setup.shards(), fileBytes));
    return rivals;
  }

  /** The table for people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        switch (source) {
          case CACHE -> "from the page cache:";
          case DISK -> "from the device (direct; webdataset through an emptied page cache):";
          case SSD -> "from a cache directory on the device; the others from the files (direct):";
        });
    lines.add(
        String.format(
            Locale.ROOT,
            "  %-20s %12s %8s %12s %10s %14s",
            "",
            "samples/s",
            "GB/s",
            "CPU-s/GiB",
            "rate",
            "rate per core"));
    for (Contender contender : rounds.contenders()) {
      double samples = rounds.median(contender, Measured::samplesPerSecond);
      lines.add(
          String.format(
              Locale.ROOT,
              "  %-20s %12s %8.3f %12.3f %10s %14s",
              contender.name(),
              samples == 0 ? "-" : String.format(Locale.ROOT, "%,.0f", samples),
              rounds.median(contender, Measured::gigabytesPerSecond),
              rounds.median(contender, Measured::cpuSecondsPerGib),
              ratio(rateRatio(contender)),
              ratio(coreRatio(contender))));
    }
    left.forEach((name, reason) -> lines.add("  %-20s left out: %s".formatted(name, reason)));
    return lines;
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  /** Penstock's rate over the contender's. */
  private double rateRatio(Contender other) {
    return rounds.median(penstock, Measured::gigabytesPerSecond)
        / rounds.median(other, Measured::gigabytesPerSecond);
  }

  /** Penstock's bytes per second of processor time over the contender's. */
  private double coreRatio(Contender other) {
    return rounds.median(penstock, Measured::gigabytesPerCpuSecond)
        / rounds.median(other, Measured::gigabytesPerCpuSecond);
  }

  /** The same for machines. */
  public Map<String, Object> asMap() {
    List<Map<String, Object>> contenders = new ArrayList<>();
    for (Contender contender : rounds.contenders()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", contender.name());
      one.put("samples_per_second", rounds.median(contender, Measured::samplesPerSecond));
      one.put("gigabytes_per_second", rounds.median(contender, Measured::gigabytesPerSecond));
      one.put("cpu_seconds_per_gib", rounds.median(contender, Measured::cpuSecondsPerGib));
      one.put("penstock_rate_ratio", rateRatio(contender));
      one.put("penstock_rate_per_core_ratio", coreRatio(contender));
      contenders.add(one);
    }
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("source", source.toString().toLowerCase(Locale.ROOT));
    map.put("contenders", contenders);
    map.put("left_out", left);
    return map;
  }
}
