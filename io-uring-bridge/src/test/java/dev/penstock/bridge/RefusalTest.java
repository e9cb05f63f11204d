package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens in processes that may not do what this one may. Each test starts one. */
class RefusalTest {
  @TempDir Path directory;

  /** Prints the engine, reads a file with it, tries a region. */
  private static final String PROBE =
      """
      import dev.penstock.bridge.*;
      import java.nio.file.*;
      import java.util.concurrent.CompletableFuture;

      public class Probe {
        public static void main(String[] arguments) throws Exception {
          ByteBudget budget = ByteBudget.of(64 << 20);
          try (BlockPool pool = BlockPool.open(budget, "probe", 4 << 20, 2);
              BlockReader reader = BlockReader.open(BlockReaderConfig.of(budget));
              BlockReader.ReadableFile file =
                  reader.open(Path.of(arguments[0]), ReadMode.AUTO)) {
            System.out.println(reader.description());
            CompletableFuture<Long> result = new CompletableFuture<>();
            reader.read(file, 1, pool.slab(), 3, 4096, result::complete);
            reader.flush();
            System.out.println("read " + result.get());
          }
          try {
            SharedRegion.create("probe", 4096, SharedRegion.Pages.ORDINARY).close();
            System.out.println("region made");
          } catch (java.io.IOException e) {
            System.out.println(e.getMessage());
          }
          System.out.println(NativeSupport.report());
        }
      }
      """;

  /** A filter of system calls as containers have it: io_uring_setup (425) ends with EPERM. */
  private static final String FORBID_IO_URING =
      """
      import ctypes, os, struct, sys
      libc = ctypes.CDLL(None, use_errno=True)
      def op(code, jt, jf, k):
          return struct.pack("HBBI", code, jt, jf, k)
      program = op(0x20, 0, 0, 0) + op(0x15, 0, 1, 425) + op(6, 0, 0, 0x50001) + op(6, 0, 0, 0x7fff0000)
      code = ctypes.create_string_buffer(program, len(program))
      fprog = struct.pack("HxxxxxxQ", 4, ctypes.addressof(code))
      filter = ctypes.create_string_buffer(fprog, len(fprog))
      if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(filter), 0, 0):
          sys.exit(77)
      os.execv(sys.argv[1], sys.argv[1:])
      """;

  private String probe(List<String> prefix, String access) throws Exception {
    Path source = Files.writeString(directory.resolve("Probe.java"), PROBE);
    Path data = Files.write(directory.resolve("data"), new byte[10_000]);
    Path classes =
        Path.of(BlockReader.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<String> command = new ArrayList<>(prefix);
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-XX:+UseSerialGC", "--illegal-native-access=deny"));
    command.add("--enable-native-access=" + access);
    command.addAll(List.of("-cp", classes.toString(), source.toString(), data.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int end = ended(process);
    assumeTrue(end != 77, "this system lets nobody install a filter");
    assertEquals(0, end, output);
    return output;
  }

  /**
   * Waits for its end and closes its pipes: the JDK would do it a moment later, while another test
   * counts descriptors.
   */
  private static int ended(Process process) throws IOException, InterruptedException {
    int end = process.waitFor();
    process.getInputStream().close();
    process.getErrorStream().close();
    process.getOutputStream().close();
    return end;
  }

  @Test
  void withoutNativeAccessTheJdkReads() throws Exception {
    String output = probe(List.of(), "java.base");
    assertTrue(output.contains("channel (JDK channels"), output);
    assertTrue(output.contains("read 4096"), output);
    assertTrue(output.contains("shared region probe: native access is not granted"), output);
    assertTrue(output.contains("--enable-native-access=ALL-UNNAMED"), output);
  }

  @Test
  void forbiddenRingsAreReplacedAndTheReasonIsKept() throws Exception {
    assumeTrue(Native.available(), () -> Native.missing().toString());
    try {
      ended(new ProcessBuilder("python3", "-c", "").start());
    } catch (IOException e) {
      assumeTrue(false, "needs python3");
    }
    String output = probe(List.of("python3", "-c", FORBID_IO_URING), "ALL-UNNAMED");
    assertTrue(output.contains("channel (pread"), output);
    assertTrue(output.contains("io_uring_setup failed: EPERM"), output);
    assertTrue(output.contains("seccomp"), output);
    assertTrue(output.contains("read 4096"), output);
    assertTrue(output.contains("region made"), output);
  }
}
