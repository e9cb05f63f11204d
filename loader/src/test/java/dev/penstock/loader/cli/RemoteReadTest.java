package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import dev.penstock.formats.Codec;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main path over the network: the same bytes as from files. */
@Timeout(120)
class RemoteReadTest {
  private static final int SHARDS = 4;

  @TempDir static Path shared = Path.of("");
  @TempDir Path indexes = Path.of("");

  private final FaultServer server = FaultServer.start();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void writeShards() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    for (int shard = 0; shard < SHARDS; shard++) {
      WriterOptions options =
          shard % 2 == 0 ? WriterOptions.plain() : WriterOptions.compressed(Codec.ZSTD);
      String name = String.format(Locale.ROOT, "t-%03d.tar%s", shard, shard % 2 == 0 ? "" : ".zst");
      try (ShardWriter writer = ShardWriter.webDataset(shared.resolve(name), options)) {
        for (int sample = 0; sample < 50; sample++) {
          byte[] bytes = new byte[random.nextInt(1, 60_000)];
          random.nextBytes(bytes);
          writer.write("k%d-%03d".formatted(shard, sample), List.of(SampleField.of("bin", bytes)));
        }
      }
    }
  }

  @AfterEach
  void close() {
    server.close();
  }

  private JsonNode read(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("read"));
    all.addAll(List.of(arguments));
    all.addAll(
        List.of("--memory=64MiB", "--digest", "--json", "--seed=3", "--batch-size=8", "--end=pad"));
    all.add("--index-dir=" + indexes);
    out.reset();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    int code = Main.run(console, all.toArray(String[]::new));
    assertEquals(0, code, () -> err.toString(StandardCharsets.UTF_8));
    return new ObjectMapper().readTree(out.toByteArray());
  }

  private String serve() throws IOException {
    try (var files = Files.list(shared)) {
      for (Path file : files.toList()) {
        server.put("/d/" + file.getFileName(), file);
      }
    }
    return server.url("/d/t-{000.tar,001.tar.zst,002.tar,003.tar.zst}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "block"})
  void deliversTheSameBytesAsFiles(String shuffle) throws IOException {
    JsonNode files =
        read(shared + "/t-{000.tar,001.tar.zst,002.tar,003.tar.zst}", "--shuffle=" + shuffle);
    JsonNode web = read(serve(), "--shuffle=" + shuffle);
    assertEquals(files.path("digest").asText(), web.path("digest").asText());
    assertFalse(files.has("origin"));
    assertTrue(web.path("origin").path("requests").asLong() > 0, web::toString);
    server.ranges(false);
    JsonNode streamed = read(serve(), "--shuffle=" + shuffle);
    assertEquals(files.path("digest").asText(), streamed.path("digest").asText());
  }

  @Test
  void deliversTheSameBytesThroughFaults() throws IOException {
    JsonNode calm = read(serve());
    List<Fault> faults =
        List.of(
            Fault.RESET,
            Fault.RESET_IN_BODY,
            Fault.SHORT_BODY,
            Fault.UNAVAILABLE,
            Fault.ERROR,
            Fault.WRONG_RANGE,
            Fault.WRONG_LENGTH,
            Fault.GARBAGE,
            Fault.CHUNKED,
            Fault.CLOSE);
    server.faults(
        ask ->
            ask.number() % 4 == 3
                ? faults.get((int) (ask.number() / 4 % faults.size()))
                : Fault.NONE);
    JsonNode stormy = read(serve());
    assertEquals(calm.path("digest").asText(), stormy.path("digest").asText());
    assertTrue(stormy.path("origin").path("retries").asLong() > 0, stormy::toString);
  }

  @Test
  void aMissingShardIsWrongUsageThatNamesIt() throws IOException {
    serve();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    String missing = server.url("/d/none-{0..3}.tar");
    assertEquals(2, Main.run(console, "read", missing, "--index-dir=" + indexes));
    String said = err.toString(StandardCharsets.UTF_8);
    assertTrue(said.contains("none-0.tar") && said.contains("cannot list"), said);
  }

  @Test
  void anUnknownOriginOptionIsNamed() {
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    String url = server.url("/x.tar");
    assertEquals(2, Main.run(console, "read", url, "--origin", "remote.request=5"));
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("remote.requests"), err::toString);
  }
}
