package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;
import static dev.penstock.bridge.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/** Threads' processors and the kernel's clocks: {@code sched.h}, {@code time.h}. */
final class ProcessCalls {
  /** Room for 8,192 processors, the most that Linux can be built for. */
  private static final int MASK_BYTES = 1024;

  /** linux/time.h */
  static final int CLOCK_MONOTONIC = 1;

  static final int CLOCK_PROCESS_CPUTIME_ID = 2;

  private static final MethodHandle GET_AFFINITY =
      Native.errnoCall("sched_getaffinity", FunctionDescriptor.of(INT, INT, LONG, POINTER));
  private static final MethodHandle SET_AFFINITY =
      Native.errnoCall("sched_setaffinity", FunctionDescriptor.of(INT, INT, LONG, POINTER));
  private static final MethodHandle CLOCK_GETTIME =
      Native.errnoCall("clock_gettime", FunctionDescriptor.of(INT, INT, POINTER));

  private ProcessCalls() {}

  /** The processors of the calling thread in {@code processors}; 0 or a negated errno. */
  static int affinity(BitSet processors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      long bytes = MASK_BYTES;
      int result = Native.result((int) GET_AFFINITY.invokeExact(state, 0, bytes, mask), state);
      if (result >= 0) {
        processors.clear();
        processors.or(BitSet.valueOf(mask.toArray(LONG)));
      }
      return result;
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  static int setAffinity(BitSet processors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
      long[] words = processors.toLongArray();
      MemorySegment.copy(words, 0, mask, LONG, 0, words.length);
      long bytes = MASK_BYTES;
      return Native.result((int) SET_AFFINITY.invokeExact(state, 0, bytes, mask), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** A clock in nanoseconds, or a negated errno. */
  static long clockNanos(int clock) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.errnoState();
      // struct timespec {time_t sec, long nsec}
      MemorySegment time = arena.allocate(16, 8);
      int result = (int) CLOCK_GETTIME.invokeExact(state, clock, time);
      return result < 0
          ? Native.result(result, state)
          : time.get(LONG, 0) * 1_000_000_000L + time.get(LONG, 8);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
