package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * The one place that makes downcall handles and segments from raw addresses.
 *
 * <p>Calls return what the function returned when that is not negative, else a negated errno, as
 * {@code cqe.res} does. Errno is captured in a segment of the calling thread: a shared one would be
 * a race.
 */
@SuppressWarnings("restricted")
final class Native {
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  static final AddressLayout POINTER = ValueLayout.ADDRESS;

  /** For calls of a few microseconds that never wait: the thread stays in Java's eyes. */
  static final Linker.Option QUICK = Linker.Option.critical(false);

  private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_PLACE =
      CAPTURE_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE_LAYOUT));

  private static final Optional<String> MISSING = probe();

  private Native() {}

  /** Empty when native calls work here, else the reason and what would fix it. */
  static Optional<String> missing() {
    return MISSING;
  }

  /** Refuses what has no twin, where native calls do not work. */
  static void require(String what) throws IOException {
    if (MISSING.isPresent()) {
      throw new IOException(what + ": " + MISSING.get());
    }
  }

  static boolean available() {
    return MISSING.isEmpty();
  }

  private static Optional<String> probe() {
    if (!"Linux".equals(System.getProperty("os.name"))) {
      return Optional.of("native calls are made on Linux only, this is " + osName());
    }
    if (ValueLayout.ADDRESS.byteSize() != Long.BYTES) {
      return Optional.of("native calls are made on 64-bit systems only");
    }
    try {
      MethodHandle getpid = call("getpid", FunctionDescriptor.of(INT), QUICK);
      int pid = (int) getpid.invokeExact();
      return pid > 0 ? Optional.empty() : Optional.of("getpid returned " + pid);
    } catch (IllegalCallerException e) {
      return Optional.of(
          "native access is not granted: start java with --enable-native-access=" + moduleName());
    } catch (Throwable e) {
      return Optional.of("the foreign-function API does not work here: " + e);
    }
  }

  private static String osName() {
    return System.getProperty("os.name", "an unknown system");
  }

  private static String moduleName() {
    Module module = Native.class.getModule();
    return module.isNamed() ? module.getName() : "ALL-UNNAMED";
  }

  /** A handle for a C function of the default lookup; a missing one throws when it is called. */
  static MethodHandle call(String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> symbol = linker.defaultLookup().find(name);
    return symbol.isPresent()
        ? linker.downcallHandle(symbol.get(), descriptor, options)
        : missingFunction(name, linker.downcallHandle(descriptor, options).type());
  }

  /** The same, capturing errno: the handle's first argument is {@link #errnoState}. */
  static MethodHandle errnoCall(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    all[0] = Linker.Option.captureCallState("errno");
    System.arraycopy(options, 0, all, 1, options.length);
    return call(name, descriptor, all);
  }

  /** A handle for a function of a library that is opened by name, such as libcuda.so.1. */
  static Optional<MethodHandle> find(
      SymbolLookup library, String name, FunctionDescriptor descriptor) {
    return library
        .find(name)
        .map(symbol -> Linker.nativeLinker().downcallHandle(symbol, descriptor));
  }

  /** dlopen, kept open for the life of the process; empty when there is no such library. */
  static Optional<SymbolLookup> library(String name) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static MethodHandle missingFunction(String name, MethodType typeWithAddress) {
    MethodType type = typeWithAddress.dropParameterTypes(0, 1);
    UnsatisfiedLinkError error = new UnsatisfiedLinkError("this C library has no function " + name);
    MethodHandle thrower =
        MethodHandles.throwException(type.returnType(), UnsatisfiedLinkError.class).bindTo(error);
    return MethodHandles.dropArguments(thrower, 0, type.parameterList());
  }

  /** Where calls of this thread leave errno. */
  static MemorySegment errnoState() {
    return CAPTURE.get();
  }

  /** {@code result} if not negative, else the negated errno that {@code state} holds. */
  static long result(long result, MemorySegment state) {
    return result >= 0 ? result : -(long) (int) ERRNO_PLACE.get(state, 0L);
  }

  /** {@code result} if not negative, else the negated errno that {@code state} holds. */
  static int result(int result, MemorySegment state) {
    return result >= 0 ? result : -(int) ERRNO_PLACE.get(state, 0L);
  }

  /** Memory at a raw address: global scope, so whoever holds it must keep it mapped. */
  static MemorySegment memory(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** A downcall throws only what is a bug here: hands it on unchecked. */
  static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof RuntimeException exception) {
      return exception;
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(thrown);
  }
}
