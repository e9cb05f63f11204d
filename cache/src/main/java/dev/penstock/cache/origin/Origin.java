package dev.penstock.cache.origin;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * A place where shards are stored: a file system, an object store, a web server. Not a file system
 * itself: it finds objects, lists them, and reads ranges of them into native memory, nothing more,
 * because every further method would cost every store.
 *
 * <p>Thread-safe. Patterns (braces, wildcards) are not its business; {@link
 * dev.penstock.cache.DatasetLocator} expands them.
 */
public interface Origin extends AutoCloseable {
  /** Whether locations of this form are this origin's. */
  boolean handles(String location);

  /**
   * The object at exactly this location, named by the last part of its path; empty if there is none
   * (or a directory).
   *
   * @throws OriginException if that cannot be found out
   */
  Optional<StoredObject> find(String location) throws OriginException;

  /**
   * The objects below {@code directory}, at most {@code depth} levels down (1: directly in it), in
   * the order of their names, each named relative to {@code directory} with {@code /} between the
   * parts. Empty if there is no such directory.
   *
   * @throws OriginException if it cannot be listed; of kind NOT_FOUND if what directories are in, a
   *     bucket, is not there
   */
  List<StoredObject> list(String directory, int depth) throws OriginException;

  /**
   * Opens an object, checking that it still has the version that is recorded. The caller closes it.
   *
   * @throws OriginException of kind CHANGED, with both versions in the message, if it has not
   */
  OpenObject open(StoredObject object) throws OriginException;

  /**
   * Told before the first {@link #open} where most reads will go, so that the memory can be
   * registered with the kernel. The slab outlives the origin's reads.
   */
  default void attach(MemorySegment slab) {}

  /** What is in use, for people: engine, mode, endpoint; never a secret. */
  String description();

  /** What was asked of the store so far; zeros where nothing is counted. */
  default OriginStats stats() {
    return OriginStats.NONE;
  }

  /**
   * Whether a request for what is at this location costs a round trip to another machine: then many
   * objects are found at a time, scans read ahead, and requests are made large.
   */
  default boolean isRemote(String location) {
    return false;
  }

  /** Frees everything; all opened objects must be closed before. */
  @Override
  void close();
}
