package dev.penstock.cache.origin;

import dev.penstock.bridge.BlockReader;
import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Local files and whatever is mounted: paths, and {@code file:} URLs. An object's version is its
 * modification time in nanoseconds, its inode and its size; without the inode, which is 0 then,
 * where the file system numbers its files anew now and then.
 */
public final class FileOrigin implements Origin {
  private static final String ATTRIBUTES =
      "unix:isRegularFile,isDirectory,size,ino,dev,lastModifiedTime,fileKey";

  private final ReadMode mode;
  private BlockReaderConfig config;
  private @Nullable BlockReader reader;
  private boolean closed;

  private FileOrigin(BlockReaderConfig config, ReadMode mode) {
    this.config = config;
    this.mode = mode;
  }

  /**
   * Files read by one {@link BlockReader}, which is opened with the first file and belongs to this
   * origin.
   */
  public static FileOrigin open(BlockReaderConfig config, ReadMode mode) {
    return new FileOrigin(config, mode);
  }

  @Override
  public boolean handles(String location) {
    return location.startsWith("file:") || !location.matches("[A-Za-z][A-Za-z0-9+.-]+://.*");
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    Path path = pathOf(location);
    try {
      return stored(path, String.valueOf(path.getFileName()));
    } catch (NoSuchFileException | NotDirectoryException _) {
      return Optional.empty();
    } catch (IOException failure) {
      throw failed(location, failure);
    }
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    List<StoredObject> objects = new ArrayList<>();
    try {
      Path base = pathOf(directory);
      collect(base, "", depth, Set.of(Files.readAttributes(base, "fileKey")), objects);
    } catch (NoSuchFileException | NotDirectoryException _) {
      return List.of();
    } catch (DirectoryIteratorException failure) {
      throw failed(directory, new IOException(failure.getMessage(), failure));
    } catch (IOException failure) {
      throw failed(directory, failure);
    }
    objects.sort(Comparator.comparing(StoredObject::name));
    return objects;
  }

  /**
   * One question for each name: on a network mount each is a round trip.
   *
   * @param above what tells this directory and those above it, so that links in a circle are found
   */
  private static void collect(
      Path directory, String prefix, int depth, Set<Object> above, List<StoredObject> objects)
      throws IOException {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      for (Path child : children) {
        String name = prefix + child.getFileName();
        try {
          Map<String, Object> found = Files.readAttributes(child, ATTRIBUTES);
          stored(found, child, name).ifPresent(objects::add);
          if (depth > 1 && Boolean.TRUE.equals(found.get("isDirectory"))) {
            collect(child, name + "/", depth - 1, and(above, child, found), objects);
          }
        } catch (NoSuchFileException _) {
          // Removed meanwhile, or a link that leads nowhere.
        }
      }
    }
  }

  private static Set<Object> and(Set<Object> above, Path child, Map<String, Object> found)
      throws FileSystemLoopException {
    Set<Object> all = new HashSet<>(above);
    if (!all.add(Map.of("fileKey", Objects.requireNonNull(found.get("fileKey"))))) {
      throw new FileSystemLoopException(child.toString());
    }
    return all;
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    BlockReader.ReadableFile file;
    BlockReader open;
    try {
      open = reader();
      file = open.open(pathOf(object.location()), mode);
    } catch (IOException failure) {
      throw failed(object.location(), failure);
    }
    // Whoever found the object has decided whether its inode tells anything.
    long inode =
        object.version().tag().contains("-" + Inodes.NONE + "-") ? Inodes.NONE : file.inode();
    ObjectVersion found = version(file.modifiedNanos(), inode, file.sizeBytes());
    if (!found.equals(object.version())) {
      FileObject.closeQuietly(file);
      throw changed(object, found);
    }
    return new FileObject(object, open, file);
  }

  @Override
  public synchronized void attach(MemorySegment slab) {
    if (reader == null) {
      config = config.withFixedRegion(slab);
    }
  }

  @Override
  public synchronized String description() {
    return "files, mode %s, %s"
        .formatted(mode, reader == null ? "no file opened yet" : reader.description());
  }

  @Override
  public synchronized void close() {
    if (closed) {
      throw new IllegalStateException("this file origin was closed already");
    }
    closed = true;
    if (reader != null) {
      reader.close();
    }
  }

  private synchronized BlockReader reader() throws IOException {
    if (closed) {
      throw new IOException("this file origin is closed");
    }
    if (reader == null) {
      reader = BlockReader.open(config);
    }
    return reader;
  }

  /** What is at {@code path} now, if it is a regular file. */
  static Optional<StoredObject> stored(Path path, String name) throws IOException {
    return stored(Files.readAttributes(path, ATTRIBUTES), path, name);
  }

  private static Optional<StoredObject> stored(Map<String, Object> found, Path path, String name) {
    if (Boolean.TRUE.equals(found.get("isRegularFile"))
        && found.get("size") instanceof Long size
        && found.get("ino") instanceof Number number
        && found.get("dev") instanceof Number device
        && found.get("lastModifiedTime") instanceof FileTime modified) {
      long nanos = modified.to(TimeUnit.NANOSECONDS);
      long inode = Inodes.telling(path, device.longValue(), number.longValue());
      return Optional.of(
          new StoredObject(path.toString(), name, size, version(nanos, inode, size)));
    }
    return Optional.empty();
  }

  static OriginException changed(StoredObject object, ObjectVersion found) {
    return new OriginException(
        Kind.CHANGED,
        Retry.PERMANENT,
        object.location(),
        "the file changed since it was found: version (modified-inode-size) was %s, is now %s; start again to read the new one"
            .formatted(object.version().tag(), found.tag()));
  }

  private static ObjectVersion version(long modifiedNanos, long inode, long sizeBytes) {
    return new ObjectVersion("%d-%d-%d".formatted(modifiedNanos, inode, sizeBytes));
  }

  /** Whether an open file of this origin is on a network mount. */
  public static boolean isOnNetwork(OpenObject open) {
    return open instanceof FileObject file && file.isOnNetwork();
  }

  /** The path that a location of this origin stands for, absolute. */
  public static Path pathOf(String location) {
    Path path =
        location.startsWith("file:")
            ? Path.of(URI.create(location.replace(" ", "%20")).getPath())
            : Path.of(location);
    return path.toAbsolutePath().normalize();
  }

  private static OriginException failed(String location, IOException failure) {
    if (failure instanceof OriginException typed) {
      return typed;
    }
    Kind kind =
        failure instanceof NoSuchFileException
            ? Kind.NOT_FOUND
            : failure instanceof AccessDeniedException ? Kind.DENIED : Kind.FAILED;
    return new OriginException(kind, Retry.PERMANENT, location, String.valueOf(failure))
        .causedBy(failure);
  }
}
