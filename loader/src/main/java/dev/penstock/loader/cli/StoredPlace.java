package dev.penstock.loader.cli;

import dev.penstock.bridge.FileSystemType;
import dev.penstock.cache.remote.MountOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Where a dataset or directory is stored, as {@code doctor} tells it.
 *
 * @param location as it was given
 * @param fileSystem its name, or the scheme of a URL; empty if there is nothing
 * @param reach local, memory, network or remote; empty if there is nothing
 * @param foundBy how that was recognised
 * @param effect how it is read therefore, or what is wrong
 */
record StoredPlace(
    String location, String fileSystem, String reach, String foundBy, String effect) {
  /** Looks at a path, a pattern (by its part without special characters), or a URL. */
  static StoredPlace of(String location) {
    String plain = location.startsWith("@") ? location.substring(1) : location;
    int scheme = plain.indexOf("://");
    if (scheme > 0 && !plain.startsWith("file:")) {
      return new StoredPlace(
          location,
          plain.substring(0, scheme),
          "remote",
          "its URL",
          "read by ranges over the network (docs/remote.md)");
    }
    Path path = nearest(fixedPart(plain.replaceFirst("^file:(//)?", "")));
    try {
      FileSystemType type = FileSystemType.of(path);
      return new StoredPlace(
          location,
          type.name(),
          type.reach().name().toLowerCase(Locale.ROOT),
          type.foundBy(),
          MountOrigin.treatment(type));
    } catch (IOException e) {
      return new StoredPlace(location, "", "", "", "no: " + e.getMessage());
    }
  }

  /** A pattern's directory; names that are complete stay. */
  private static String fixedPart(String pattern) {
    int special = 0;
    while (special < pattern.length() && "{*?[".indexOf(pattern.charAt(special)) < 0) {
      special++;
    }
    return special == pattern.length()
        ? pattern
        : pattern.substring(0, pattern.lastIndexOf('/', special) + 1);
  }

  /** The path, or the directory of a shard that is not there yet. */
  private static Path nearest(String path) {
    Path absolute = Path.of(path).toAbsolutePath();
    Path parent = absolute.getParent();
    return Files.exists(absolute) || parent == null ? absolute : parent;
  }

  /** On one line. */
  String line() {
    return fileSystem.isEmpty()
        ? effect
        : "%s by %s, %s: %s".formatted(fileSystem, foundBy, reach, effect);
  }
}
