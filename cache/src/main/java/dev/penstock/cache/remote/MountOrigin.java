package dev.penstock.cache.remote;

import dev.penstock.bridge.FileSystemType;
import dev.penstock.cache.origin.FileOrigin;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Files, those on network mounts read like objects of a remote store: few opens, large ranges in
 * the order of need, neighbours together, as many at a time as the mount sustains, failures tried
 * again on a descriptor of its own. Whatever the page cache has, and all local files, are read as
 * {@link FileOrigin} does, which it owns.
 */
public final class MountOrigin implements Origin {
  /** Reads of mounts in flight, at most: each occupies a thread until the kernel answers. */
  private static final int READS_MAX = 64;

  /** Directories whose file system is remembered. */
  private static final int DIRECTORIES_MAX = 1024;

  private final FileOrigin files;
  private final MountTransport transport;
  private final RemoteReads reads;
  private final RemoteRetries metadata;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Whether a directory is on a network mount; the eldest is forgotten. Guarded by itself. */
  private final Map<Path, Boolean> directories =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Boolean> eldest) {
          return size() > DIRECTORIES_MAX;
        }
      };

  private MountOrigin(FileOrigin files, RemoteConfig config) {
    this.files = files;
    this.transport = new MountTransport(files);
    this.metadata = new RemoteRetries(config);
    int most = Math.min(READS_MAX, config.requestsMax());
    // A second read beside a slow one would wait at the same server, in the same queue.
    this.reads =
        new RemoteReads(
            "mount",
            config
                .withRequests(Math.min(config.requestsAtStart(), most), most)
                .withHedging(0, config.hedgeMillisMin()),
            transport);
  }

  /** Over {@code files}, which belongs to this origin from now on. */
  public static MountOrigin over(FileOrigin files, RemoteConfig config) {
    return new MountOrigin(files, config);
  }

  /** How files on such a file system are read, in words; with the read mode left to choose. */
  public static String treatment(FileSystemType type) {
    return switch (type.reach()) {
      case LOCAL -> "block by block, past the page cache unless most of a file is in it";
      case MEMORY -> "copied from where it lies";
      case NETWORK ->
          "one descriptor for each shard, neighbouring blocks in one read, up to %d reads at a time, %s; failures are tried again"
              .formatted(
                  READS_MAX,
                  type.direct()
                      ? "past the page cache (O_DIRECT) where that is not refused"
                      : "through the page cache, whose pages are dropped behind");
    };
  }

  @Override
  public boolean handles(String location) {
    return files.handles(location);
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    return metadata.call(location, MountTransport.retried(() -> files.find(location)));
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    return metadata.call(directory, MountTransport.retried(() -> files.list(directory, depth)));
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    if (transport.openedAgain(object)) {
      try {
        metadata.call(object.location(), MountTransport.retried(() -> findSame(object)));
      } catch (OriginException failure) {
        transport.closed(object);
        throw failure;
      }
      return new RemoteObject(object, reads, () -> transport.closed(object));
    }
    OpenObject file =
        metadata.call(object.location(), MountTransport.retried(() -> openFile(object)));
    if (!FileOrigin.isOnNetwork(file) || file.isResident()) {
      return file;
    }
    transport.opened(object, file);
    return new RemoteObject(object, reads, () -> transport.closed(object));
  }

  private StoredObject findSame(StoredObject object) throws OriginException {
    Optional<StoredObject> now = files.find(object.location());
    try {
      RangeAnswer.requireSame(object, now);
    } catch (OriginException failure) {
      throw MountTransport.unmountedOr(failure, object); // its descriptor is on a mount
    }
    return object;
  }

  private OpenObject openFile(StoredObject object) throws OriginException {
    try {
      return files.open(object);
    } catch (OriginException failure) {
      Path directory = FileOrigin.pathOf(object.location()).getParent();
      boolean wasOnMount;
      synchronized (directories) {
        wasOnMount = Boolean.TRUE.equals(directories.get(directory));
      }
      throw wasOnMount ? MountTransport.unmountedOr(failure, object) : failure;
    }
  }

  @Override
  public void attach(MemorySegment slab) {
    files.attach(slab);
  }

  @Override
  public boolean isRemote(String location) {
    Path path = FileOrigin.pathOf(location);
    Path directory = path.getParent() == null ? path : path.getParent();
    synchronized (directories) {
      Boolean known = directories.get(directory);
      if (known != null) {
        return known;
      }
    }
    boolean network;
    try {
      network = FileSystemType.of(directory).isNetwork();
    } catch (IOException nothingThere) {
      return false; // whoever looks for the file will say what is wrong
    }
    synchronized (directories) {
      directories.put(directory, network);
    }
    return network;
  }

  @Override
  public OriginStats stats() {
    OriginStats found = reads.stats(transport.openFiles());
    return found.requests() == 0 ? OriginStats.NONE : found;
  }

  @Override
  public String description() {
    int open = transport.openFiles();
    return files.description() + (open == 0 ? "" : ", %d open on network mounts".formatted(open));
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("this file origin was closed already");
    }
    reads.close();
    files.close();
  }
}
