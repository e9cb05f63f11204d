package dev.penstock.cache.origin;

/**
 * A stored object as it was when it was found.
 *
 * @param location where it is: an absolute path or a URL, as its origin understands it
 * @param name its name relative to its dataset, the same for a copy of the dataset elsewhere; goes
 *     into fingerprints
 * @param sizeBytes its stored size
 * @param version the state that every read of it must meet
 */
public record StoredObject(String location, String name, long sizeBytes, ObjectVersion version) {
  /** Checks the size. */
  public StoredObject {
    if (sizeBytes < 0) {
      throw new IllegalArgumentException(location + ": size must not be negative: " + sizeBytes);
    }
  }

  /** The same object under another dataset name. */
  public StoredObject named(String other) {
    return new StoredObject(location, other, sizeBytes, version);
  }
}
