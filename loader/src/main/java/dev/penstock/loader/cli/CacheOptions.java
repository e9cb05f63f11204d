package dev.penstock.loader.cli;

import dev.penstock.cache.CacheKey;
import dev.penstock.cache.CachePolicy;
import dev.penstock.cache.SsdConfig;
import dev.penstock.loader.EngineConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** Options about blocks on local disks, where samples are read. */
final class CacheOptions {
  @Option(
      names = "--cache-dir",
      paramLabel = "DIR[=SIZE]",
      order = 56,
      description =
          "Keep blocks on this disk between runs, in SIZE bytes of it (default: as before, else"
              + " most of what is free; another SIZE keeps what fits). Once per disk. Only read and"
              + " serve keep blocks.")
  private List<String> directories = List.of();

  @Option(
      names = "--cache-key-file",
      paramLabel = "FILE",
      order = 57,
      description =
          "Encrypt these blocks with the key in FILE, 32 bytes or 64 hex digits (default:"
              + " $PENSTOCK_CACHE_KEY, if set).")
  private Optional<Path> keyFile = Optional.empty();

  @Option(
      names = "--cache-bypass",
      order = 58,
      description = "Use them but add none: for data that is read once.")
  private boolean bypass;

  @Option(
      names = "--cache-quota",
      paramLabel = "SIZE",
      order = 58,
      description = "Most bytes of them that one job may fill (default: all).")
  private Optional<ByteSize> jobQuota = Optional.empty();

  // Hidden, as nobody should need it; docs/remote.md says what it risks.
  @Option(
      names = "--cache-on-network",
      hidden = true,
      order = 59,
      description = "Accept cache directories on network mounts.")
  private boolean onNetwork;

  /** The configuration with what these options ask for. */
  EngineConfig add(EngineConfig engine) {
    return add(engine, Optional.empty());
  }

  /** The same with a limit for each dataset. */
  EngineConfig add(EngineConfig engine, Optional<ByteSize> datasetQuota) {
    return UsageException.check(
        () -> {
          List<SsdConfig.Directory> parsed = new ArrayList<>();
          for (String directory : directories) {
            parsed.add(parse(directory));
          }
          CachePolicy limits =
              CachePolicy.NONE
                  .withBypass(bypass)
                  .withQuotas(
                      jobQuota.map(ByteSize::bytes).orElse(Long.MAX_VALUE),
                      datasetQuota.map(ByteSize::bytes).orElse(Long.MAX_VALUE));
          return engine.withSsd(
              SsdConfig.of(parsed)
                  .withKey(parsed.isEmpty() ? Optional.empty() : key())
                  .withLimits(limits)
                  .withNetworkToo(onNetwork));
        });
  }

  /** A path may contain an equals sign: only what follows the last one can be a size. */
  private static SsdConfig.Directory parse(String text) {
    int at = text.lastIndexOf('=');
    if (at < 0 || text.indexOf('/', at) >= 0) {
      return new SsdConfig.Directory(Path.of(text), OptionalLong.empty());
    }
    if (at == 0) {
      throw new UsageException("--cache-dir: " + text + " names no directory");
    }
    try {
      long bytes = ByteSize.parse(text.substring(at + 1)).bytes();
      return new SsdConfig.Directory(Path.of(text.substring(0, at)), OptionalLong.of(bytes));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--cache-dir " + text + ": " + e.getMessage());
    }
  }

  private Optional<CacheKey> key() {
    if (keyFile.isEmpty()) {
      return CacheKey.ofEnvironment();
    }
    try {
      return Optional.of(CacheKey.read(keyFile.get()));
    } catch (IOException e) {
      throw new UsageException("--cache-key-file: " + e.getMessage());
    }
  }
}
