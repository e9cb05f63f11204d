package dev.penstock.cache.remote;

import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import java.lang.foreign.MemorySegment;

/**
 * An object of a remote store. Opening costs no descriptor: its version is checked when it is
 * opened, and by the store on each range.
 */
public final class RemoteObject implements OpenObject {
  private final StoredObject object;
  private final RemoteReads reads;
  private final Runnable afterClose;

  /** An object whose version was just found to be the recorded one. */
  public RemoteObject(StoredObject object, RemoteReads reads) {
    this(object, reads, () -> {});
  }

  /** The same; {@code afterClose} is run when it is closed. */
  public RemoteObject(StoredObject object, RemoteReads reads, Runnable afterClose) {
    this.object = object;
    this.reads = reads;
    this.afterClose = afterClose;
  }

  @Override
  public StoredObject object() {
    return object;
  }

  @Override
  public void read(RangeRead read) {
    reads.read(object, read);
  }

  @Override
  public void flush() {}

  @Override
  public int readNow(long offset, MemorySegment target, long targetOffset, int length)
      throws OriginException {
    int wanted = (int) Math.min(length, object.sizeBytes() - offset);
    if (wanted > 0) {
      reads.now(object, offset, target, targetOffset, wanted);
    }
    return Math.max(0, wanted);
  }

  @Override
  public boolean isResident() {
    return false;
  }

  @Override
  public void close() {
    afterClose.run();
  }
}
