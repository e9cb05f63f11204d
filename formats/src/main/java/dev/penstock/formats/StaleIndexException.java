package dev.penstock.formats;

import java.io.IOException;
import java.nio.file.Path;

/** An index file is sound but belongs to another shard, or to an older state of it: build anew. */
public final class StaleIndexException extends IOException {
  private static final long serialVersionUID = 1L;

  StaleIndexException(Path file, String difference) {
    super("index %s is stale: %s".formatted(file, difference));
  }
}
