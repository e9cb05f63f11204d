package dev.penstock.bridge;

import java.io.IOException;
import java.util.Optional;

/** Chooses the engine of a {@link BlockReader}. */
final class ReaderFactory {
  private ReaderFactory() {}

  static BlockReader open(BlockReaderConfig config) throws IOException {
    return switch (config.effectiveEngine()) {
      case CHANNEL -> channel(config, "asked for");
      case IO_URING -> {
        Optional<String> missing = Native.missing();
        if (missing.isPresent()) {
          throw new IOException("io_uring reader: " + missing.get());
        }
        yield UringBlockReader.open(config);
      }
      case AUTO -> best(config);
    };
  }

  private static BlockReader best(BlockReaderConfig config) {
    Optional<String> missing = Native.missing();
    if (missing.isPresent()) {
      return channel(config, "io_uring is not used, " + missing.get());
    }
    try {
      return UringBlockReader.open(config);
    } catch (IOException e) {
      return channel(config, "io_uring is not used, " + e.getMessage());
    }
  }

  private static BlockReader channel(BlockReaderConfig config, String reason) {
    return ChannelBlockReader.open(config, reason, Native.available());
  }
}
