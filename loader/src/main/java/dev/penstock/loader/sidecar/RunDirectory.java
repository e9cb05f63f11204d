package dev.penstock.loader.sidecar;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directory of a sidecar's socket: ours alone. */
final class RunDirectory {
  static final String SOCKET_NAME = "penstock.sock";

  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private final Path directory;

  private RunDirectory(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes the directory, or takes one that is there if nobody else can enter it.
   *
   * @throws IOException saying what is wrong with it
   */
  static RunDirectory prepare(Path path) throws IOException {
    Path directory = path.toAbsolutePath();
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Path parent = directory.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
    if (!Files.isDirectory(directory)) {
      throw new IOException("--run-dir: %s is no directory".formatted(directory));
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    if (!permissions.equals(OWNER_ONLY)) {
      throw new IOException(
          "--run-dir: %s has permissions %s, rwx------ are required; chmod 700 %s, or name a directory that does not exist yet"
              .formatted(directory, PosixFilePermissions.toString(permissions), directory));
    }
    return new RunDirectory(directory);
  }

  Path socket() {
    return directory.resolve(SOCKET_NAME);
  }

  /** Deletes what is in the directory and the directory itself. */
  void remove() {
    try {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      LOG.debug("removing {} failed", directory, e); // its owner may have been quicker
    }
  }
}
