package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps memory in RAM while it is open. The memory must outlive the lock; closing twice throws
 * {@link IllegalStateException}. A lock that cannot be had degrades to the next weaker kind and
 * says why, because data can be delivered without it, only slower.
 */
public sealed interface PageLock extends AutoCloseable {
  /** Page-locked by the CUDA driver, so that devices copy from it asynchronously at full speed. */
  final class Cuda implements PageLock {
    private final CudaCalls.Registration registration;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Cuda(CudaCalls.Registration registration) {
      this.registration = registration;
    }

    @Override
    public String description() {
      return "registered with CUDA";
    }

    @Override
    public void close() {
      closeOnce(closed);
      registration.undo();
    }
  }

  /** Locked by the kernel: never paged out, but unknown to devices. */
  final class Mlock implements PageLock {
    private final MemorySegment memory;
    private final String reason;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Mlock(MemorySegment memory, String reason) {
      this.memory = memory;
      this.reason = reason;
    }

    @Override
    public String description() {
      return "mlock" + reason;
    }

    @Override
    public void close() {
      closeOnce(closed);
      MemoryCalls.munlock(memory.address(), memory.byteSize());
    }
  }

  /** Not locked. */
  final class None implements PageLock {
    private final String reason;
    private final AtomicBoolean closed = new AtomicBoolean();

    private None(String reason) {
      this.reason = reason;
    }

    @Override
    public String description() {
      return "not locked" + reason;
    }

    @Override
    public void close() {
      closeOnce(closed);
    }
  }

  /** Locks by CUDA for device {@code ordinal}, else by mlock, else not at all. */
  static PageLock forCuda(MemorySegment memory, int ordinal) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("only native memory can be locked, not " + memory);
    }
    Optional<String> missing = CudaCalls.missing();
    if (missing.isPresent()) {
      return withoutCuda(memory, "; no CUDA: " + missing.get());
    }
    CudaCalls.Registration registration =
        CudaCalls.register(ordinal, memory.address(), memory.byteSize());
    if (registration.error() != 0) {
      return withoutCuda(
          memory,
          "; CUDA refused to register %d bytes: error %d"
              .formatted(memory.byteSize(), registration.error()));
    }
    return new Cuda(registration);
  }

  /** Locks by mlock, else not at all. */
  static PageLock inMemory(MemorySegment memory) {
    return withoutCuda(memory, "");
  }

  private static PageLock withoutCuda(MemorySegment memory, String reason) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("only native memory can be locked, not " + memory);
    }
    if (!Native.available()) {
      return new None("; " + Native.missing().orElseThrow() + reason);
    }
    int result = MemoryCalls.mlock(memory.address(), memory.byteSize());
    if (result < 0) {
      return new None(
          "; mlock of %d bytes failed with %s, %s%s"
              .formatted(memory.byteSize(), Errno.name(result), Limits.lockedMemory(), reason));
    }
    return new Mlock(memory, reason);
  }

  private static void closeOnce(AtomicBoolean closed) {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("page lock was closed already");
    }
  }

  /** The kind in effect, and why it is not a stronger one. */
  String description();

  /** Unlocks. */
  @Override
  void close();
}
