package dev.penstock.benchmarks.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Brings the shards' pages into the page cache, or out of it, between rounds. */
final class PageCache {
  private static final int BUFFER_BYTES = 1 << 20;

  private final List<Path> shards;

  PageCache(List<Path> shards) {
    this.shards = shards;
  }

  /** Reads every shard once. */
  void fill() {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (Path shard : shards) {
      try (InputStream in = Files.newInputStream(shard)) {
        int read;
        do {
          read = in.read(buffer);
        } while (read >= 0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Asks the kernel to forget every shard's pages: dd with nocache and nothing to copy does. */
  void drop() {
    for (Path shard : shards) {
      try {
        Tool.run(List.of("dd", "if=" + shard, "iflag=nocache", "count=0", "status=none"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
