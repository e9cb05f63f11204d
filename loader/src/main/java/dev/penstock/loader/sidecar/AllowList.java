package dev.penstock.loader.sidecar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Where datasets may lie. Prefixes are directories, for paths, or the beginnings of URLs. Paths are
 * compared after resolving links as far as they exist, so that neither {@code ..} nor a link leads
 * out. Immutable.
 */
final class AllowList {
  /** What makes a path a pattern: the directory before it is what has to be allowed. */
  private static final Pattern MAGIC = Pattern.compile("[*?\\[{]");

  /** A server may resolve such segments, plain or encoded, and so leave the prefix. */
  private static final Pattern CLIMBS = Pattern.compile("(?i)/(\\.|%2e){1,2}(/|%2f|$|[?#])");

  private final List<String> urls = new ArrayList<>();
  private final List<Path> directories = new ArrayList<>();

  AllowList(List<String> prefixes) {
    for (String prefix : prefixes) {
      if (prefix.contains("://")) {
        urls.add(prefix.endsWith("/") ? prefix : prefix + "/");
      } else {
        directories.add(resolve(Path.of(prefix)));
      }
    }
  }

  /**
   * Lets a request pass before anything is looked up: lists, and the fixed part of each pattern.
   *
   * @throws RefusedException naming the first that is not allowed and what is
   */
  void checkRequest(List<String> dataset) throws RefusedException {
    for (String entry : dataset) {
      for (String part : entry.split("::", -1)) {
        checkLocation(part.startsWith("@") ? part.substring(1) : fixedPart(part));
      }
    }
  }

  /**
   * Lets one shard pass that a pattern or list was found to stand for.
   *
   * @throws RefusedException naming it and what is allowed
   */
  void checkLocation(String location) throws RefusedException {
    boolean allowed =
        (urls.isEmpty() && directories.isEmpty())
            || (location.contains("://")
                ? !CLIMBS.matcher(location).find() && urls.stream().anyMatch(location::startsWith)
                : directories.stream().anyMatch(resolve(Path.of(location))::startsWith));
    if (!allowed) {
      throw new RefusedException(
          RefusedException.Kind.NOT_ALLOWED,
          "%s is not below one of the allowed dataset locations (%s %s); start the sidecar with --allow"
              .formatted(location, directories, urls));
    }
  }

  private static String fixedPart(String pattern) {
    var magic = MAGIC.matcher(pattern);
    if (!magic.find()) {
      return pattern;
    }
    int slash = pattern.lastIndexOf('/', magic.start());
    return slash <= 0 ? "/" : pattern.substring(0, slash + 1);
  }

  private static Path resolve(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path existing = absolute;
    while (existing != null) {
      try {
        return existing.toRealPath().resolve(existing.relativize(absolute));
      } catch (IOException e) {
        existing = existing.getParent();
      }
    }
    return absolute;
  }
}
