package dev.penstock.cache.origin;

import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Objects in heap memory, at {@code mem://NAME}, for tests and benchmarks: it answers on a thread
 * of its own as a store would, and counts what it was asked for.
 */
public final class MemoryOrigin implements Origin {
  private static final String SCHEME = "mem://";

  private final ConcurrentSkipListMap<String, Content> objects = new ConcurrentSkipListMap<>();
  private final AtomicLong versions = new AtomicLong();
  private final AtomicInteger openObjects = new AtomicInteger();
  private final LongAdder requests = new LongAdder();
  private final Map<String, LongAdder> bytesByName = new ConcurrentHashMap<>();
  private final ExecutorService answers;
  private final boolean resident;

  @SuppressWarnings("ArrayRecordComponent") // Never compared, never handed out.
  private record Content(byte[] bytes, ObjectVersion version) {}

  private MemoryOrigin(boolean resident) {
    this.resident = resident;
    this.answers =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("penstock-memory-origin").factory());
  }

  /** An empty origin whose objects seem to be far away. */
  public static MemoryOrigin remote() {
    return new MemoryOrigin(false);
  }

  /** An empty origin whose objects are read on the calling thread, like cached files. */
  public static MemoryOrigin resident() {
    return new MemoryOrigin(true);
  }

  /** Stores an object, replacing one of that name by a new version; the array is not copied. */
  public StoredObject put(String name, byte[] bytes) {
    Content content = new Content(bytes, new ObjectVersion("v" + versions.incrementAndGet()));
    objects.put(name, content);
    return stored(name, name, content);
  }

  /** Removes an object. */
  public void remove(String name) {
    objects.remove(name);
  }

  /** Ranges asked for so far. */
  public long requests() {
    return requests.sum();
  }

  /** Bytes of one object asked for so far. */
  public long bytesRead(String name) {
    LongAdder bytes = bytesByName.get(name);
    return bytes == null ? 0 : bytes.sum();
  }

  /** Objects that are open now. */
  public int openCount() {
    return openObjects.get();
  }

  @Override
  public boolean handles(String location) {
    return location.startsWith(SCHEME);
  }

  @Override
  public Optional<StoredObject> find(String location) {
    String name = location.substring(SCHEME.length());
    Content content = objects.get(name);
    return content == null
        ? Optional.empty()
        : Optional.of(stored(name, name.substring(name.lastIndexOf('/') + 1), content));
  }

  @Override
  public List<StoredObject> list(String directory, int depth) {
    String path = directory.substring(SCHEME.length());
    String prefix = path.isEmpty() || path.endsWith("/") ? path : path + "/";
    List<StoredObject> found = new ArrayList<>();
    for (Map.Entry<String, Content> entry : objects.tailMap(prefix).entrySet()) {
      String name = entry.getKey();
      if (!name.startsWith(prefix)) {
        break;
      }
      String relative = name.substring(prefix.length());
      if (relative.chars().filter(c -> c == '/').count() < depth) {
        found.add(stored(name, relative, entry.getValue()));
      }
    }
    return found;
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    Content content = objects.get(object.location().substring(SCHEME.length()));
    if (content == null) {
      throw new OriginException(
          Kind.NOT_FOUND, Retry.PERMANENT, object.location(), "no such object in memory");
    }
    if (!content.version().equals(object.version())) {
      throw changed(object, content);
    }
    openObjects.incrementAndGet();
    return new Open(object);
  }

  private static OriginException changed(StoredObject object, Content content) {
    return new OriginException(
        Kind.CHANGED,
        Retry.PERMANENT,
        object.location(),
        "the object changed: version was %s, is now %s"
            .formatted(object.version().tag(), content.version().tag()));
  }

  private static StoredObject stored(String path, String name, Content content) {
    return new StoredObject(SCHEME + path, name, content.bytes().length, content.version());
  }

  @Override
  public boolean isRemote(String location) {
    return !resident;
  }

  @Override
  public String description() {
    return "%d objects in memory".formatted(objects.size());
  }

  @Override
  public void close() {
    answers.close();
  }

  private final class Open implements OpenObject {
    private final StoredObject object;
    private final String path;

    Open(StoredObject object) {
      this.object = object;
      this.path = object.location().substring(SCHEME.length());
    }

    @Override
    public StoredObject object() {
      return object;
    }

    @Override
    public void read(RangeRead read) {
      requests.increment();
      count(read.length());
      answers.execute(
          () -> {
            for (int block = 0; block < read.blockCount(); block++) {
              answer(read, block);
            }
          });
    }

    private void answer(RangeRead read, int block) {
      int bytes;
      try {
        bytes =
            copy(
                read.blockOffset(block),
                read.slab(),
                read.slabOffset(block),
                read.blockLength(block));
      } catch (OriginException failure) {
        read.sink().failed(block, failure);
        return;
      }
      read.sink().arrived(block, bytes);
    }

    @Override
    public void flush() {}

    @Override
    public int readNow(long offset, MemorySegment target, long targetOffset, int length)
        throws OriginException {
      requests.increment();
      count(length);
      int wanted = (int) Math.min(length, object.sizeBytes() - offset);
      int bytes = copy(offset, target, targetOffset, wanted);
      if (bytes < wanted) {
        throw endedEarly(offset, wanted, bytes);
      }
      return bytes;
    }

    private int copy(long offset, MemorySegment target, long targetOffset, int length)
        throws OriginException {
      Content content = objects.get(path);
      if (content == null || !content.version().equals(object.version())) {
        throw content == null
            ? new OriginException(
                Kind.CHANGED, Retry.PERMANENT, object.location(), "the object was removed")
            : changed(object, content);
      }
      int bytes = Math.clamp(content.bytes().length - offset, 0, length);
      MemorySegment.copy(
          content.bytes(), (int) offset, target, ValueLayout.JAVA_BYTE, targetOffset, bytes);
      return bytes;
    }

    private void count(long bytes) {
      bytesByName.computeIfAbsent(path, _ -> new LongAdder()).add(bytes);
    }

    @Override
    public boolean isResident() {
      return resident;
    }

    @Override
    public void close() {
      openObjects.decrementAndGet();
    }
  }
}
