package dev.penstock.bridge;

import java.io.IOException;
import java.nio.file.Path;

/** A file that another process, or another part of this one, has claimed. */
public final class FileClaimedException extends IOException {
  private static final long serialVersionUID = 1L;

  FileClaimedException(Path path) {
    super(path + " is in use: somebody else has claimed it, and keeps it while it is open there");
  }
}
