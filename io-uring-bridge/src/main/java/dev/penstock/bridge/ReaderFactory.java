package dev.penstock.bridge;

import java.io.IOException;

/** Chooses the engine of a {@link BlockReader}. */
final class ReaderFactory {
  private ReaderFactory() {}

  static BlockReader open(BlockReaderConfig config) throws IOException {
    return switch (config.effectiveEngine()) {
      case AUTO, CHANNEL -> ChannelBlockReader.open(config, "asked for", Native.available());
      case IO_URING -> throw new IOException("io_uring reader: not available on this system");
    };
  }
}
