package dev.penstock.cache;

import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the shards that a user's words stand for. A dataset is a list of entries, each of them
 *
 * <ul>
 *   <li>a path or URL, with brace patterns as in webdataset ({@code train-{000000..000146}.tar}),
 *       several joined by {@code ::} as there; every name it stands for must exist;
 *   <li>a path with wildcards ({@code *}, {@code ?}, {@code [a-z]}, {@code **});
 *   <li>a directory: its files that look like shards, or all its visible files if none does;
 *   <li>{@code @list.txt}: a file with one entry a line; empty lines and lines that begin with
 *       {@code #} are skipped, relative paths are relative to the list's directory.
 * </ul>
 *
 * <p>Braces and lists keep the order as written; wildcards and directories are sorted by name.
 */
public final class DatasetLocator {
  private static final int LIST_BYTES_MAX = 256 << 20;
  private static final int NEARBY_SHOWN = 5;

  /** The version of what is only named so far. */
  static final ObjectVersion NOT_LOOKED_FOR = new ObjectVersion("");

  private final List<Origin> origins;
  private final boolean lazy;
  private final List<StoredObject> found = new ArrayList<>();
  private FindAhead ahead = FindAhead.NONE;

  private DatasetLocator(List<Origin> origins, boolean lazy) {
    this.origins = List.copyOf(origins);
    this.lazy = lazy;
  }

  /**
   * The shards of {@code dataset} in order, each named relative to the fixed part of its entry (or
   * to the directory common to all, if names would collide otherwise).
   *
   * @throws OriginException of kind NOT_FOUND if an entry matches nothing; says what is nearby
   * @throws IllegalArgumentException if a pattern is malformed, no origin serves an entry, or a
   *     shard is named twice
   */
  public static List<StoredObject> resolve(List<String> dataset, List<Origin> origins)
      throws OriginException {
    return resolve(dataset, origins, false);
  }

  /**
   * The same shards by their names. Where braces or a list name shards of a store far away, by
   * names that only shards have, nobody looks for them yet.
   *
   * @throws OriginException as {@link #resolve}
   * @throws IllegalArgumentException as {@link #resolve}
   */
  public static ShardList list(List<String> dataset, List<Origin> origins) throws OriginException {
    return new ShardList(resolve(dataset, origins, true), origins);
  }

  private static List<StoredObject> resolve(
      List<String> dataset, List<Origin> origins, boolean lazy) throws OriginException {
    if (dataset.isEmpty()) {
      throw new IllegalArgumentException("a dataset needs at least one path, pattern or list");
    }
    DatasetLocator locator = new DatasetLocator(origins, lazy);
    for (String entry : dataset) {
      locator.entry(entry, "");
    }
    refuseDuplicates(locator.found);
    return uniquelyNamed(locator.found);
  }

  private void entry(String entry, String directoryOfList) throws OriginException {
    if (entry.startsWith("@")) {
      list(against(directoryOfList, entry.substring(1)));
      return;
    }
    for (String part : entry.split("::", -1)) {
      pattern(against(directoryOfList, part));
    }
  }

  private static String against(String directory, String location) {
    return isRelative(location) ? directory + location : location;
  }

  private void list(String location) throws OriginException {
    String directory = location.substring(0, location.lastIndexOf('/') + 1);
    for (String line : text(location).lines().map(String::strip).toList()) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        entry(line, directory);
      }
    }
  }

  private void pattern(String pattern) throws OriginException {
    int brace = pattern.indexOf('{');
    int wildcard = Wildcards.firstWildcard(pattern);
    int special = brace < 0 ? wildcard : wildcard < 0 ? brace : Math.min(brace, wildcard);
    int fixed = pattern.lastIndexOf('/', special < 0 ? pattern.length() : special) + 1;
    int before = found.size();
    List<String> locations = BraceExpansion.expand(pattern);
    ahead = lazy ? FindAhead.NONE : FindAhead.of(locations, origins);
    for (String location : locations) {
      // Escapes before the fixed part ends are rare; names then keep the whole location.
      String prefix = location.startsWith(pattern.substring(0, fixed)) ? "" : location;
      location(
          pattern, location, special < 0 || !prefix.isEmpty() ? "" : location.substring(fixed));
    }
    if (found.size() == before) {
      throw nothing(pattern, pattern);
    }
  }

  /** {@code relative} is the location without the entry's fixed part; empty if all is fixed. */
  private void location(String pattern, String location, String relative) throws OriginException {
    Origin origin = originOf(location);
    if (lazy && origin.isRemote(location) && ShardNames.isShard(location)) {
      String name = location.substring(location.lastIndexOf('/') + 1);
      found.add(
          new StoredObject(location, relative.isEmpty() ? name : relative, 0, NOT_LOOKED_FOR));
      return;
    }
    if (!location.endsWith("/")) {
      Optional<StoredObject> exact = ahead.find(origin, location);
      if (exact.isPresent()) {
        found.add(relative.isEmpty() ? exact.get() : exact.get().named(relative));
        return;
      }
    }
    if (Wildcards.firstWildcard(location) >= 0) {
      matching(origin, Wildcards.of(location), relative);
      return;
    }
    List<StoredObject> inside = ShardNames.choose(listed(origin, location));
    if (inside.isEmpty()) {
      throw nothing(pattern, location);
    }
    addAll(inside, relative.isEmpty() || relative.endsWith("/") ? relative : relative + "/");
  }

  private static List<StoredObject> listed(Origin origin, String location) throws OriginException {
    try {
      return origin.list(location, 1);
    } catch (OriginException failure) {
      if (failure.kind() == Kind.UNSUPPORTED) {
        return List.of(); // whatever is there, it is no directory that could be listed
      }
      throw failure;
    }
  }

  private void matching(Origin origin, Wildcards wildcards, String relative)
      throws OriginException {
    boolean wantsIndexes = ShardNames.isIndex(wildcards.relative());
    List<StoredObject> matching = new ArrayList<>();
    for (StoredObject object : origin.list(wildcards.directory(), wildcards.depth())) {
      if (wildcards.matches(object.name())
          && (wantsIndexes || !ShardNames.isIndex(object.name()))) {
        matching.add(object);
      }
    }
    int tail = wildcards.relative().length();
    addAll(
        matching, relative.length() <= tail ? "" : relative.substring(0, relative.length() - tail));
  }

  private void addAll(List<StoredObject> objects, String prefix) {
    for (StoredObject object : objects) {
      found.add(object.named(prefix + object.name()));
    }
  }

  private Origin originOf(String location) {
    for (Origin origin : origins) {
      if (origin.handles(location)) {
        return origin;
      }
    }
    throw new IllegalArgumentException(
        "no origin serves '%s'; there are: %s%s"
            .formatted(
                location,
                String.join("; ", origins.stream().map(Origin::description).toList()),
                location.startsWith("hdfs:")
                    ? "; HDFS is a plug-in, docs/remote.md says how it is added"
                    : ""));
  }

  private OriginException nothing(String pattern, String location) throws OriginException {
    int wildcard = Wildcards.firstWildcard(location);
    String end = location.endsWith("/") ? location.substring(0, location.length() - 1) : location;
    int cut = end.lastIndexOf('/', wildcard < 0 ? end.length() : wildcard) + 1;
    boolean top = cut >= 3 && end.startsWith("://", cut - 3); // a bucket or a server: nothing above
    cut = top ? end.length() : cut;
    String directory = cut == 0 ? "." : top ? end + "/" : end.substring(0, cut);
    String looked = pattern.equals(location) ? "" : " (from the pattern '%s')".formatted(pattern);
    return new OriginException(
        Kind.NOT_FOUND,
        Retry.PERMANENT,
        location,
        "no shard there%s; %s".formatted(looked, nearby(directory, end.substring(cut))));
  }

  private String nearby(String directory, String wanted) {
    List<StoredObject> beside;
    try {
      beside = originOf(directory).list(directory, 1);
    } catch (OriginException | IllegalArgumentException failure) {
      return directory + " cannot be listed: " + failure.getMessage();
    }
    if (beside.isEmpty()) {
      return "%s holds no files itself (what is further below was not looked at), or does not exist"
          .formatted(directory);
    }
    List<String> likest =
        beside.stream()
            .map(StoredObject::name)
            .sorted(Comparator.comparingInt(name -> -commonPrefix(name, wanted)))
            .limit(NEARBY_SHOWN)
            .toList();
    return "directory %s holds %d files, such as %s"
        .formatted(directory, beside.size(), String.join(", ", likest));
  }

  private static int commonPrefix(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    return i;
  }

  private static void refuseDuplicates(List<StoredObject> objects) {
    Set<String> seen = new HashSet<>();
    for (StoredObject object : objects) {
      if (!seen.add(object.location())) {
        throw new IllegalArgumentException(
            "shard %s is named twice in the dataset; every sample would be read twice an epoch"
                .formatted(object.location()));
      }
    }
  }

  private static List<StoredObject> uniquelyNamed(List<StoredObject> objects) {
    Set<String> names = new HashSet<>();
    boolean unique = true;
    String common = objects.getFirst().location();
    for (StoredObject object : objects) {
      unique &= names.add(object.name());
      common = common.substring(0, commonPrefix(common, object.location()));
    }
    if (unique) {
      return List.copyOf(objects);
    }
    int cut = common.lastIndexOf('/') + 1;
    return objects.stream().map(o -> o.named(o.location().substring(cut))).toList();
  }

  private static boolean isRelative(String location) {
    return !location.startsWith("/") && !location.contains("://") && !location.startsWith("file:");
  }

  private String text(String location) throws OriginException {
    Origin origin = originOf(location);
    try {
      if (isLocalPath(location)) {
        return Files.readString(Path.of(location));
      }
      StoredObject object = origin.find(location).orElseThrow(() -> noList(location));
      if (object.sizeBytes() > LIST_BYTES_MAX) {
        throw new IllegalArgumentException(
            "list %s is too large (%d bytes), at most %d are allowed"
                .formatted(location, object.sizeBytes(), LIST_BYTES_MAX));
      }
      try (OpenObject open = origin.open(object);
          Arena arena = Arena.ofConfined()) {
        MemorySegment bytes = arena.allocate(Math.max(1, object.sizeBytes()), 4096);
        int length = open.readNow(0, bytes, 0, (int) object.sizeBytes());
        return new String(
            bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
      }
    } catch (OriginException failure) {
      throw failure;
    } catch (IOException failure) {
      throw noList(location).causedBy(failure);
    }
  }

  private static boolean isLocalPath(String location) {
    return !location.startsWith("file:") && !location.contains("://");
  }

  private static OriginException noList(String location) {
    return new OriginException(
        Kind.NOT_FOUND, Retry.PERMANENT, location, "this list of shards cannot be read");
  }
}
