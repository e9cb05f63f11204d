package dev.penstock.loader.cli;

import dev.penstock.bridge.ReadMode;
import dev.penstock.loader.EngineConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Options about memory, processors and the way of reading, the same wherever data is read. */
final class EngineOptions {
  private enum Switch {
    ON,
    OFF
  }

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      order = 50,
      description = "Budget for all native memory and caused page cache (default 1GiB).")
  private ByteSize memory = new ByteSize(EngineConfig.DEFAULT_MEMORY_BYTES);

  @Option(
      names = "--cpus",
      paramLabel = "N",
      order = 51,
      description = "Bind the whole process to N processors (default: all it may use).")
  private Optional<Integer> cpus = Optional.empty();

  @Option(
      names = "--read-mode",
      paramLabel = "MODE",
      order = 52,
      description = "auto, direct (no page cache) or buffered (default auto).")
  private ReadMode readMode = ReadMode.AUTO;

  @Option(
      names = "--ram-tier",
      paramLabel = "on|off",
      order = 53,
      description = "Keep blocks in memory after use, for later epochs (default on).")
  private Switch ramTier = Switch.ON;

  @Option(
      names = "--index-dir",
      paramLabel = "DIR",
      order = 54,
      description = "Where shard indexes are kept (default: beside each shard).")
  private Optional<Path> indexDirectory = Optional.empty();

  @Option(
      names = "--origin",
      paramLabel = "KEY=VALUE",
      order = 55,
      description = "How a store is reached, such as remote.requests=64 (docs/remote.md).")
  private Map<String, String> origin = new LinkedHashMap<>();

  // Hidden, so that the help of a verb fits a screen; docs/remote.md lists them.
  @Option(
      names = "--s3-endpoint",
      hidden = true,
      paramLabel = "URL",
      order = 56,
      description = "An S3-compatible store, such as http://minio:9000 (default: AWS).")
  private Optional<String> s3Endpoint = Optional.empty();

  @Option(
      names = "--s3-region",
      hidden = true,
      paramLabel = "NAME",
      order = 57,
      description = "The buckets' region (default: as the AWS SDK finds it, else us-east-1).")
  private Optional<String> s3Region = Optional.empty();

  @Option(
      names = "--s3-profile",
      hidden = true,
      paramLabel = "NAME",
      order = 58,
      description = "Profile of the AWS configuration (default: as the AWS SDK finds it).")
  private Optional<String> s3Profile = Optional.empty();

  @Option(
      names = "--s3-path-style",
      hidden = true,
      paramLabel = "on|off",
      order = 59,
      description = "Name the bucket in the path (default: on with --s3-endpoint).")
  private Optional<Switch> s3PathStyle = Optional.empty();

  @Option(
      names = "--s3-anonymous",
      hidden = true,
      order = 60,
      description = "Ask S3 without credentials, for public buckets.")
  private boolean s3Anonymous;

  @Option(
      names = "--s3-client",
      hidden = true,
      paramLabel = "lean|sdk",
      order = 61,
      description = "Who reads ranges from S3: our client or the SDK's (default lean).")
  private Optional<String> s3Client = Optional.empty();

  private Map<String, String> originOptions() {
    Map<String, String> all = new LinkedHashMap<>(origin);
    s3Endpoint.ifPresent(value -> all.put("s3.endpoint", value));
    s3Region.ifPresent(value -> all.put("s3.region", value));
    s3Profile.ifPresent(value -> all.put("s3.profile", value));
    s3PathStyle.ifPresent(value -> all.put("s3.path-style", value == Switch.ON ? "on" : "off"));
    if (s3Anonymous) {
      all.put("s3.anonymous", "on");
    }
    s3Client.ifPresent(value -> all.put("s3.client", value));
    return all;
  }

  /** The configuration these options ask for; refuses what cannot be. */
  EngineConfig engine(EngineConfig defaults) {
    indexDirectory.ifPresent(EngineOptions::checkDirectory);
    OptionalInt threads = threads();
    return UsageException.check(
        () -> {
          EngineConfig config =
              defaults
                  .withMemoryBytes(memory.bytes())
                  .withReadMode(readMode)
                  .withRamTier(ramTier == Switch.ON)
                  .withIndexDirectory(indexDirectory)
                  .withOriginOptions(originOptions());
          return threads.isPresent() ? config.withCpus(threads.getAsInt()) : config;
        });
  }

  private OptionalInt threads() {
    if (cpus.isEmpty()) {
      return OptionalInt.empty();
    }
    int asked = cpus.get();
    int here = allowedProcessors();
    if (asked < 1 || asked > here) {
      throw new UsageException(
          "--cpus: value is %s (%d), this process may use 1 to %d"
              .formatted(asked < 1 ? "too small" : "too large", asked, here));
    }
    return OptionalInt.of(asked);
  }

  /**
   * Processors before {@code ./penstock} bound this process, which it says by a property; else what
   * the Java machine sees.
   */
  private static int allowedProcessors() {
    return Integer.getInteger("penstock.processors", Runtime.getRuntime().availableProcessors());
  }

  private static void checkDirectory(Path directory) {
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new UsageException("--index-dir: " + directory + " is no directory");
    }
  }
}
