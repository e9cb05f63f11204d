package dev.penstock.bridge;

import java.util.BitSet;

/**
 * The processors that the calling platform thread may run on. New threads inherit them from the one
 * that starts them; threads that the JVM has started already keep theirs, so a limit for the whole
 * process is best set before the JVM starts ({@code taskset}).
 */
public final class CpuAffinity {
  private CpuAffinity() {}

  /** The processors by number; those the JVM counts where the system cannot be asked. */
  public static BitSet current() {
    BitSet processors = new BitSet();
    if (!Native.available() || ProcessCalls.affinity(processors) < 0) {
      processors.set(0, Runtime.getRuntime().availableProcessors());
    }
    return processors;
  }

  /** How many processors the calling thread may use. */
  public static int count() {
    return current().cardinality();
  }

  /**
   * Confines the calling thread.
   *
   * @throws ErrnoException EINVAL if none of the processors exists or is allowed
   */
  public static void set(BitSet processors) throws ErrnoException {
    int result = Native.available() ? ProcessCalls.setAffinity(processors) : -Errno.ENOSYS;
    if (result < 0) {
      throw new ErrnoException("confining the thread to processors " + processors, result);
    }
  }
}
