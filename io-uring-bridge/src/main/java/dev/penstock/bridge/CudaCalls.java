package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;
import static dev.penstock.bridge.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The few functions of the CUDA driver that page-locking needs: cuda.h. The driver's library is
 * opened by name when it is first asked for.
 *
 * <p>Registering needs a current context. The device's primary one is used, which frameworks in the
 * same process share, and the thread's current context is put back.
 */
final class CudaCalls {
  private static final String LIBRARY = "libcuda.so.1";

  /** CU_MEMHOSTREGISTER_PORTABLE: page-locked for every context. */
  private static final int PORTABLE = 1;

  private record Functions(
      MethodHandle init,
      MethodHandle deviceGet,
      MethodHandle contextRetain,
      MethodHandle contextRelease,
      MethodHandle contextPush,
      MethodHandle contextPop,
      MethodHandle register,
      MethodHandle unregister) {}

  private static final Optional<Functions> FUNCTIONS = find();

  private CudaCalls() {}

  private static Optional<Functions> find() {
    Optional<SymbolLookup> library =
        Native.available() ? Native.library(LIBRARY) : Optional.empty();
    if (library.isEmpty()) {
      return Optional.empty();
    }
    SymbolLookup cuda = library.get();
    Optional<MethodHandle> init = Native.find(cuda, "cuInit", FunctionDescriptor.of(INT, INT));
    Optional<MethodHandle> get =
        Native.find(cuda, "cuDeviceGet", FunctionDescriptor.of(INT, POINTER, INT));
    Optional<MethodHandle> retain =
        Native.find(cuda, "cuDevicePrimaryCtxRetain", FunctionDescriptor.of(INT, POINTER, INT));
    Optional<MethodHandle> release =
        Native.find(cuda, "cuDevicePrimaryCtxRelease_v2", FunctionDescriptor.of(INT, INT));
    Optional<MethodHandle> push =
        Native.find(cuda, "cuCtxPushCurrent_v2", FunctionDescriptor.of(INT, LONG));
    Optional<MethodHandle> pop =
        Native.find(cuda, "cuCtxPopCurrent_v2", FunctionDescriptor.of(INT, POINTER));
    Optional<MethodHandle> register =
        Native.find(cuda, "cuMemHostRegister_v2", FunctionDescriptor.of(INT, LONG, LONG, INT));
    Optional<MethodHandle> unregister =
        Native.find(cuda, "cuMemHostUnregister", FunctionDescriptor.of(INT, LONG));
    if (init.isEmpty()
        || get.isEmpty()
        || retain.isEmpty()
        || release.isEmpty()
        || push.isEmpty()
        || pop.isEmpty()
        || register.isEmpty()
        || unregister.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Functions(
            init.get(),
            get.get(),
            retain.get(),
            release.get(),
            push.get(),
            pop.get(),
            register.get(),
            unregister.get()));
  }

  /** Why CUDA cannot be used at all; empty when its driver is here and starts. */
  static Optional<String> missing() {
    if (FUNCTIONS.isEmpty()) {
      return Optional.of("there is no usable " + LIBRARY + ": install the NVIDIA driver");
    }
    try {
      int result = (int) FUNCTIONS.get().init.invokeExact(0);
      return result == 0
          ? Optional.empty()
          : Optional.of("cuInit failed with CUDA error " + result);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /**
   * Memory that the driver has page-locked, or why it has not.
   *
   * @param error 0 or the CUDA error; the other components count only if it is 0
   */
  record Registration(int error, int device, long context, long address) {
    /** Unlocks and gives back the context, which is destroyed if nobody else holds it. */
    void undo() {
      Functions cuda = FUNCTIONS.orElseThrow();
      try (Arena arena = Arena.ofConfined()) {
        if ((int) cuda.contextPush.invokeExact(context) == 0) {
          int unusedResult = (int) cuda.unregister.invokeExact(address);
          int unusedPop = (int) cuda.contextPop.invokeExact(arena.allocate(LONG));
        }
        int unusedRelease = (int) cuda.contextRelease.invokeExact(device);
      } catch (Throwable e) {
        throw Native.unexpected(e);
      }
    }
  }

  /** Page-locks memory by way of device {@code ordinal}; {@link #missing} must have been empty. */
  static Registration register(int ordinal, long address, long bytes) {
    Functions cuda = FUNCTIONS.orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment device = arena.allocate(INT);
      MemorySegment context = arena.allocate(LONG);
      int error = (int) cuda.deviceGet.invokeExact(device, ordinal);
      if (error == 0) {
        error = (int) cuda.contextRetain.invokeExact(context, device.get(INT, 0));
      }
      if (error != 0) {
        return new Registration(error, 0, 0, 0);
      }
      long retained = context.get(LONG, 0);
      error = (int) cuda.contextPush.invokeExact(retained);
      if (error == 0) {
        error = (int) cuda.register.invokeExact(address, bytes, PORTABLE);
        int unusedPop = (int) cuda.contextPop.invokeExact(context);
      }
      if (error != 0) {
        int unusedRelease = (int) cuda.contextRelease.invokeExact(device.get(INT, 0));
      }
      return new Registration(error, device.get(INT, 0), retained, address);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
