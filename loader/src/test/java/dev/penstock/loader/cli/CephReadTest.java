package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The main path over CephFS, which {@code .ci/cephfs} starts, and its bad days. Shards are written
 * through one client and read through another.
 */
@Timeout(240)
class CephReadTest {
  @TempDir static Path data = Path.of("");
  @TempDir Path directory = Path.of("");

  private static Path ceph = Path.of("");
  private static Path written = Path.of("");
  private static String mounted = "";

  private final Shell shell = new Shell();

  @BeforeAll
  static void writeShards() throws IOException {
    String named = System.getenv("PENSTOCK_TEST_CEPHFS");
    assumeTrue(named != null, "PENSTOCK_TEST_CEPHFS names no CephFS; .ci/cephfs starts one");
    ceph = Path.of(String.valueOf(named));
    written = Files.createTempDirectory(ceph.resolve("other"), "read-");
    mounted = ceph.resolve("mount").resolve(written.getFileName().toString()).toString();
    SplittableRandom random = new SplittableRandom(12);
    for (int shard = 0; shard < 3; shard++) {
      String name = "t-" + shard + ".tar";
      try (ShardWriter writer = ShardWriter.webDataset(data.resolve(name), WriterOptions.plain())) {
        for (int sample = 0; sample < 350; sample++) {
          byte[] bytes = new byte[random.nextInt(1, 100_000)];
          random.nextBytes(bytes);
          writer.write("s%d-%04d".formatted(shard, sample), List.of(SampleField.of("bin", bytes)));
        }
      }
      Files.copy(data.resolve(name), written.resolve(name));
    }
  }

  @AfterAll
  static void removeShards() throws IOException {
    if (Files.isDirectory(written) && !mounted.isEmpty()) {
      try (Stream<Path> files = Files.list(written)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(written);
    }
  }

  /** Six times what memory holds of it, so that the store is asked to the end. */
  private List<String> read(Object where, String... more) {
    return Shell.with(
        List.of("read", where + "/t-*.tar", "--memory=64MiB", "--seed=5", "--batch-size=8"),
        Shell.with(
                List.of(
                    "--digest", "--ram-tier=off", "--index-dir=" + directory.resolve("indexes")),
                more)
            .toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--shuffle=none", "--shuffle=block", "--read-mode=buffered"})
  void deliversTheSameBytesAsLocally(String how) throws IOException {
    JsonNode here = shell.json(read(data, how));
    JsonNode there = shell.json(read(mounted, how));
    assertEquals(here.path("digest").asText(), there.path("digest").asText());
    assertTrue(there.path("origin").path("requests").asLong() > 0, there::toString);
  }

  /** What was killed comes again while a run reads, which goes on with the right bytes. */
  @ParameterizedTest
  @ValueSource(strings = {"mount", "mds", "osd"})
  void survivesTheDeathOf(String service) throws Exception {
    String epochs = "--epochs=8";
    String digest = shell.json(read(data, epochs)).path("digest").asText();
    shell.ok(read(mounted)); // so that indexes are there
    AtomicBoolean readIsOver = new AtomicBoolean();
    FutureTask<Boolean> killing =
        new FutureTask<>(
            () -> {
              awaitBytes(20_000_000, readIsOver);
              script("kill", service);
              boolean inTime = !readIsOver.get();
              script("again", service);
              return inTime;
            });
    Thread.ofPlatform().daemon().start(killing);
    JsonNode report;
    try {
      report = shell.json(read(mounted, epochs));
    } finally {
      readIsOver.set(true);
    }
    assertTrue(killing.get(), service + " was killed too late to tell anything");
    assertEquals(digest, report.path("digest").asText());
    if (service.equals("mount")) {
      assertTrue(report.path("origin").path("retries").asLong() > 0, report::toString);
    }
  }

  @Test
  void doctorRecognisesIt() throws IOException {
    JsonNode place = shell.json(List.of("doctor", mounted)).path("paths").path(0);
    assertEquals("network", place.path("reach").asText(), place::toString);
    assertEquals("fuse.ceph-fuse", place.path("file_system").asText());
  }

  private static void script(String verb, String service) {
    try {
      Process script =
          new ProcessBuilder("../.ci/cephfs", verb, ceph.toString(), service)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      assertEquals(0, script.onExit().join().exitValue(), verb + " " + service);
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** Until the process behind the mount has handed so many more to the kernel, or no more come. */
  private static void awaitBytes(long more, AtomicBoolean readIsOver) {
    long before = givenByMount();
    while (givenByMount() < before + more && !readIsOver.get()) {
      Thread.onSpinWait();
    }
  }

  private static long givenByMount() {
    try {
      String pid = Files.readString(ceph.resolve("mount.pid")).strip();
      return Files.readAllLines(Path.of("/proc", pid, "io")).stream()
          .filter(line -> line.startsWith("wchar: "))
          .mapToLong(line -> Long.parseLong(line.substring("wchar: ".length())))
          .sum();
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
