package dev.penstock.bridge;

import java.io.IOException;
import java.util.Optional;

/** Chooses the engine of a {@link BlockReader} or a {@link BlockWriter}. */
final class ReaderFactory {
  /** Every engine reads and writes; what it is opened for is a matter of the caller's type. */
  interface Engine extends BlockReader, BlockWriter {
    @Override
    void flush();

    @Override
    String description();

    @Override
    void close();
  }

  private ReaderFactory() {}

  static BlockReader open(BlockReaderConfig config) throws IOException {
    return switch (config.effectiveEngine()) {
      case CHANNEL -> channel(config, "asked for");
      case IO_URING -> uring(config);
      case AUTO -> best(config);
    };
  }

  static BlockWriter openWriter(BlockReaderConfig config) throws IOException {
    return switch (config.effectiveEngine()) {
      case CHANNEL -> channel(config, "asked for");
      case IO_URING -> uring(config);
      case AUTO -> best(config);
    };
  }

  private static UringBlockReader uring(BlockReaderConfig config) throws IOException {
    Optional<String> missing = Native.missing();
    if (missing.isPresent()) {
      throw new IOException("io_uring: " + missing.get());
    }
    return UringBlockReader.open(config);
  }

  private static Engine best(BlockReaderConfig config) {
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

  private static ChannelBlockReader channel(BlockReaderConfig config, String reason) {
    return ChannelBlockReader.open(config, reason, Native.available());
  }
}
