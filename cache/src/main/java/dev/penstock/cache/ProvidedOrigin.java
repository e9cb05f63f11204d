package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginProvider;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A provider's origin, opened at its first location: whoever reads elsewhere does not pay. */
final class ProvidedOrigin implements Origin {
  private final OriginProvider provider;
  private final ByteBudget budget;
  private final Map<String, String> options;
  private final String prefix;

  // Guarded by this.
  private @Nullable Origin opened;
  private @Nullable MemorySegment attached;
  private boolean closed;

  ProvidedOrigin(OriginProvider provider, ByteBudget budget, Map<String, String> options) {
    this.provider = provider;
    this.budget = budget;
    this.prefix = provider.scheme() + "://";
    this.options = new TreeMap<>(options);
    this.options
        .keySet()
        .removeIf(key -> !key.startsWith(provider.scheme() + ".") && !key.startsWith("remote."));
  }

  private synchronized Origin origin() {
    if (closed) {
      throw new IllegalStateException("this %s origin is closed".formatted(provider.scheme()));
    }
    Origin origin = opened;
    if (origin == null) {
      origin = provider.open(budget, options);
      if (attached != null) {
        origin.attach(attached);
      }
      opened = origin;
    }
    return origin;
  }

  private synchronized @Nullable Origin ifOpen() {
    return opened;
  }

  @Override
  public boolean handles(String location) {
    return location.startsWith(prefix);
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    return origin().find(location);
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    return origin().list(directory, depth);
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    return origin().open(object);
  }

  @Override
  public synchronized void attach(MemorySegment slab) {
    attached = slab;
    if (opened != null) {
      opened.attach(slab);
    }
  }

  @Override
  public OriginStats stats() {
    Origin origin = ifOpen();
    return origin == null ? OriginStats.NONE : origin.stats();
  }

  @Override
  public boolean isRemote(String location) {
    return true;
  }

  @Override
  public String description() {
    Origin origin = ifOpen();
    return origin == null ? provider.scheme() + ", not used yet" : origin.description();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      throw new IllegalStateException(
          "this %s origin was closed already".formatted(provider.scheme()));
    }
    closed = true;
    if (opened != null) {
      opened.close();
    }
  }
}
