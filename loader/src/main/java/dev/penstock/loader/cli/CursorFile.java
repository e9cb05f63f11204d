package dev.penstock.loader.cli;

import dev.penstock.loader.CursorJson;
import dev.penstock.sharding.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A cursor in a file of its own. */
final class CursorFile {
  private CursorFile() {}

  static Position read(Path file) {
    try {
      return CursorJson.position(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UsageException("--cursor: cannot read " + file + " (" + e + ")");
    } catch (IllegalArgumentException e) {
      throw new UsageException("--cursor: " + file + " holds no cursor: " + e.getMessage());
    }
  }

  /** Before the work: whether there is a directory to write into. */
  static void checkWritable(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new UsageException("--cursor-out: there is no directory " + directory);
    }
  }

  /** Whoever reads the file while it is replaced sees the old cursor or the new one, never half. */
  static void write(Path file, Position cursor) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".new");
    Files.write(beside, CursorJson.write(cursor));
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
