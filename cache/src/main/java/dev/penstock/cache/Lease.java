package dev.penstock.cache;

import dev.penstock.formats.ByteSource.ByteLease;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** What all leases share: closed exactly once, by any thread. */
abstract class Lease implements ByteLease {
  private static final VarHandle CLOSED;

  static {
    try {
      CLOSED = MethodHandles.lookup().findVarHandle(Lease.class, "closed", boolean.class);
    } catch (ReflectiveOperationException failure) {
      throw new ExceptionInInitializerError(failure);
    }
  }

  final OpenSession session;

  @SuppressWarnings("UnusedVariable") // Written through CLOSED.
  private volatile boolean closed;

  Lease(OpenSession session) {
    this.session = session;
    session.leaseOpened();
  }

  @Override
  public final void close() {
    if (!CLOSED.compareAndSet(this, false, true)) {
      throw new IllegalStateException("a lease was closed twice");
    }
    giveBack();
    session.leaseClosed();
  }

  final void refuseClosed() {
    if (closed) {
      throw new IllegalStateException("a lease was used after it was closed");
    }
  }

  /** Returns what the lease holds; called once. */
  abstract void giveBack();
}
