package dev.penstock.cache;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * The handles of open objects: opened at first use, kept for the next one, and the least recently
 * used closed when there are too many. Thread-safe; opening one object does not hold up others.
 *
 * <p>Lock order: an object's monitor, then this one's; never the other way.
 */
final class OpenObjects {
  private final int limit;
  private final SequencedSet<CachedObject> idle = new LinkedHashSet<>();
  private int openCount;

  /** Keeps at most {@code limit} handles beyond those in use. */
  OpenObjects(int limit) {
    this.limit = limit;
  }

  /**
   * The handle of an object, opened if need be; {@link #release} follows exactly once.
   *
   * @throws OriginException if it cannot be opened, or is not the version that is recorded
   */
  OpenObject acquire(CachedObject object) throws OriginException {
    OpenObject handle;
    boolean opened = false;
    synchronized (object) {
      handle = object.handle;
      if (handle == null) {
        handle = object.origin().open(object.stored());
        object.handle = handle;
        opened = true;
      }
      if (object.handleUsers++ == 0) {
        leaveIdle(object, opened);
      }
    }
    if (opened) {
      closeIdle(limit);
    }
    return handle;
  }

  void release(CachedObject object) {
    boolean surplus = false;
    synchronized (object) {
      if (--object.handleUsers == 0) {
        surplus = becomeIdle(object);
      }
    }
    if (surplus) {
      closeIdle(limit);
    }
  }

  /** Closes all idle handles; those in use stay. */
  void closeIdle() {
    closeIdle(0);
  }

  synchronized int openCount() {
    return openCount;
  }

  private synchronized void leaveIdle(CachedObject object, boolean opened) {
    if (opened) {
      openCount++;
    } else {
      idle.remove(object);
    }
  }

  private synchronized boolean becomeIdle(CachedObject object) {
    idle.addLast(object);
    return openCount > limit;
  }

  private void closeIdle(int allowed) {
    CachedObject victim = pollIdle(allowed);
    while (victim != null) {
      synchronized (victim) {
        OpenObject handle = victim.handle;
        // Somebody may have come for it between the two locks; it is idle again later.
        if (victim.handleUsers == 0 && handle != null) {
          victim.handle = null;
          handle.close();
          closed(victim);
        }
      }
      victim = pollIdle(allowed);
    }
  }

  private synchronized void closed(CachedObject object) {
    idle.remove(object);
    openCount--;
  }

  private synchronized @Nullable CachedObject pollIdle(int allowed) {
    return openCount > allowed && !idle.isEmpty() ? idle.removeFirst() : null;
  }
}
