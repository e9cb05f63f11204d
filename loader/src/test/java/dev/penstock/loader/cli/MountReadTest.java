package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main path over a network mount, for which a FUSE file system stands. */
@Timeout(120)
class MountReadTest {
  private static final int SHARDS = 12;
  private static final int SAMPLES = 40;

  /** Of more bytes than the memory for blocks has. */
  private static final String LARGE = "large.tar";

  @TempDir static Path data = Path.of("");
  @TempDir Path directory = Path.of("");

  private final Shell shell = new Shell();
  private Path mounted = Path.of("");
  private FuseMount mount;

  @BeforeAll
  static void writeShards() throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    for (int shard = 0; shard < SHARDS; shard++) {
      boolean packed = shard % 4 == 3;
      WriterOptions options = packed ? WriterOptions.compressed(Codec.ZSTD) : WriterOptions.plain();
      String name = String.format(Locale.ROOT, "t-%03d.tar%s", shard, packed ? ".zst" : "");
      write(name, options, random, SAMPLES);
    }
    write(LARGE, WriterOptions.plain(), random, 1_000);
  }

  private static void write(String name, WriterOptions options, SplittableRandom random, int count)
      throws IOException {
    try (ShardWriter writer = ShardWriter.webDataset(data.resolve(name), options)) {
      for (int sample = 0; sample < count; sample++) {
        byte[] bytes = new byte[random.nextInt(1, 100_000)];
        random.nextBytes(bytes);
        writer.write(
            name.replace('.', '-') + "-%04d".formatted(sample),
            List.of(SampleField.of("bin", bytes)));
      }
    }
  }

  @BeforeEach
  void mount() throws IOException {
    mounted = directory.resolve("mount");
    mount = FuseMount.open(data, mounted);
  }

  @AfterEach
  void unmount() throws IOException {
    if (mount != null) {
      mount.close();
    }
  }

  private List<String> read(Path where, String... more) {
    return readOf(where + "/t-*", more);
  }

  private List<String> readOf(String pattern, String... more) {
    return Shell.with(
        List.of("read", pattern, "--memory=64MiB", "--seed=5", "--batch-size=8"),
        Shell.with(List.of("--index-dir=" + directory.resolve("indexes")), more)
            .toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--shuffle=none", "--shuffle=block", "--read-mode=buffered"})
  void deliversTheSameBytesAsLocally(String how) throws IOException {
    JsonNode here = shell.json(read(data, how, "--digest"));
    JsonNode there = shell.json(read(mounted, how, "--digest"));
    assertEquals(here.path("digest").asText(), there.path("digest").asText());
    assertFalse(here.has("origin"), here::toString);
    assertTrue(there.path("origin").path("requests").asLong() > 0, there::toString);
  }

  /** Few opens and no storm of questions, whatever the number of samples and epochs. */
  @Test
  void asksForFewOpensAndAttributes() throws IOException {
    shell.ok(read(mounted, "--ram-tier=off"));
    Map<String, Integer> before = mount.requests();
    JsonNode report = shell.json(read(mounted, "--ram-tier=off", "--epochs=3"));
    Map<String, Integer> after = mount.requests();
    // Of all three epochs together, with indexes at hand: the pattern's directory is listed, each
    // name is looked up once for that and once to be opened, which each shard is once.
    assertEquals(SHARDS, count(before, after, "OPEN"), after::toString);
    assertEquals(1, count(before, after, "OPENDIR"), after::toString);
    int lookups = count(before, after, "LOOKUP");
    assertTrue(lookups <= 2 * SHARDS + 4, () -> lookups + " of " + after);
    // The mount keeps no attributes, so the kernel asks for them at each step of each path, and now
    // and then at a read: far from once a sample.
    int attributes = count(before, after, "GETATTR");
    assertTrue(attributes < 3 * SHARDS * SAMPLES / 4, () -> attributes + " of " + after);
    assertTrue(count(before, after, "STATFS") <= 2, after::toString);
    // Some two fifths of a MiB a shard are few blocks, but neighbours among them come together.
    JsonNode origin = report.path("origin");
    assertTrue(report.path("samples").asInt() == 3 * SHARDS * SAMPLES, report::toString);
    assertTrue(origin.path("requests").asInt() < report.path("samples").asInt(), report::toString);
  }

  private static int count(Map<String, Integer> before, Map<String, Integer> after, String name) {
    return after.getOrDefault(name, 0) - before.getOrDefault(name, 0);
  }

  /** The process behind the mount dies: a failure with shard and offset, and no hang. */
  @Test
  void aLostMountFailsByName() throws Exception {
    String shard = mounted + "/" + LARGE;
    shell.ok(readOf(shard));
    Thread killer =
        Thread.ofPlatform()
            .start(
                () -> {
                  awaitReads();
                  mount.kill();
                });
    int code =
        shell.run(
            readOf(shard, "--ram-tier=off", "--epochs=0", "--origin=remote.patience-ms=500")
                .toArray(String[]::new));
    killer.join();
    assertEquals(1, code, shell::said);
    String said = shell.said();
    assertTrue(said.matches("(?s).*" + shard + ", bytes \\d+ to \\d+: failed \\d+ times.*"), said);
    assertTrue(said.contains("ENOTCONN") || said.contains("ECONNABORTED"), said);
    assertTrue(said.contains("mount it again"), said);
  }

  @Test
  void doctorRecognisesTheMountAndSaysWhatThatChanges() throws IOException {
    JsonNode report =
        shell.json(
            List.of("doctor", mounted + "/t-{000..009}.tar", data.toString(), "s3://bucket/x"));
    JsonNode place = report.path("paths").path(0);
    assertEquals("network", place.path("reach").asText(), report::toString);
    assertTrue(place.path("file_system").asText().startsWith("fuse"), report::toString);
    assertTrue(place.path("found_by").asText().contains("0x65735546"), report::toString);
    assertTrue(place.path("effect").asText().contains("one descriptor"), report::toString);
    assertFalse("network".equals(report.path("paths").path(1).path("reach").asText()));
    assertEquals("remote", report.path("paths").path(2).path("reach").asText());
    String text = shell.ok(List.of("doctor", mounted.toString()));
    assertTrue(text.contains(mounted + " fuse by statfs"), text);
  }

  /** Two hosts could believe that such a directory is theirs. */
  @Test
  void aCacheOnTheMountIsRefusedUnlessAskedFor() throws IOException {
    Path cache = mounted.resolve("cache");
    List<String> asked = read(data, "--cache-dir=" + cache + "=64MiB");
    assertEquals(1, shell.run(asked.toArray(String[]::new)));
    assertTrue(shell.said().contains("network mount (fuse"), shell::said);
    assertTrue(shell.said().contains("--cache-on-network"), shell::said);
    assertFalse(Files.exists(cache), "nothing was made there");
    String doctor = shell.ok(List.of("doctor", "--cache-dir=" + cache));
    assertTrue(doctor.contains("network mount (fuse"), doctor);
    shell.ok(Shell.with(asked, "--cache-on-network"));
    assertTrue(Files.exists(cache));
  }

  /** Until some hundred requests came after those of the run before. */
  private void awaitReads() {
    try {
      long before = mount.logBytes();
      while (mount.logBytes() < before + 50_000) {
        Thread.onSpinWait();
      }
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
