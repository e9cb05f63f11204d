package dev.penstock.formats;

import java.io.IOException;
import java.nio.file.Path;

/** The bytes of an index file are not what its format says: delete it and build anew. */
public final class MalformedIndexException extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedIndexException(Path file, String reason) {
    super("index %s is malformed: %s".formatted(file, reason));
  }
}
