package dev.penstock.cache;

import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The shards of a dataset by their names, in order. Those whose names alone say where they are, on
 * a store far away, are looked for when they are first asked for, and stay what they were then: so
 * a run over a hundred thousand shards starts as soon as one over ten. Thread-safe.
 */
public final class ShardList {
  private final List<StoredObject> named;
  private final List<Origin> origins;
  private final AtomicReferenceArray<@Nullable StoredObject> found;

  /**
   * {@code named}: as found, or with {@link DatasetLocator#NOT_LOOKED_FOR} in place of a version.
   */
  ShardList(List<StoredObject> named, List<Origin> origins) {
    this.named = List.copyOf(named);
    this.origins = List.copyOf(origins);
    this.found = new AtomicReferenceArray<>(named.size());
    for (int shard = 0; shard < named.size(); shard++) {
      if (!named.get(shard).version().equals(DatasetLocator.NOT_LOOKED_FOR)) {
        found.set(shard, named.get(shard));
      }
    }
  }

  /** Number of shards. */
  public int count() {
    return named.size();
  }

  /** The shard's name relative to its dataset. */
  public String name(int shard) {
    return named.get(shard).name();
  }

  /** Where it is. */
  public String location(int shard) {
    return named.get(shard).location();
  }

  /** All names, in order. */
  public List<String> names() {
    return named.stream().map(StoredObject::name).toList();
  }

  /** Where all of them are. */
  public List<String> locations() {
    return named.stream().map(StoredObject::location).toList();
  }

  /**
   * What is stored there.
   *
   * @throws OriginException of kind NOT_FOUND if there is nothing, or if that cannot be found out
   */
  public StoredObject get(int shard) throws OriginException {
    StoredObject known = found.get(shard);
    if (known != null) {
      return known;
    }
    StoredObject looked = find(named.get(shard));
    found.compareAndSet(shard, null, looked);
    StoredObject first = found.get(shard);
    return first == null ? looked : first;
  }

  private StoredObject find(StoredObject name) throws OriginException {
    for (Origin origin : origins) {
      if (origin.handles(name.location())) {
        return origin
            .find(name.location())
            .map(object -> object.named(name.name()))
            .orElseThrow(
                () ->
                    new OriginException(
                        Kind.NOT_FOUND,
                        Retry.PERMANENT,
                        name.location(),
                        "no shard there, though the dataset names it"));
      }
    }
    throw new IllegalStateException("no origin serves " + name.location() + " any more");
  }

  /** Stored bytes of all shards; empty while some have not been looked for. */
  public OptionalLong storedBytes() {
    long bytes = 0;
    for (int shard = 0; shard < found.length(); shard++) {
      StoredObject known = found.get(shard);
      if (known == null) {
        return OptionalLong.empty();
      }
      bytes += known.sizeBytes();
    }
    return OptionalLong.of(bytes);
  }
}
