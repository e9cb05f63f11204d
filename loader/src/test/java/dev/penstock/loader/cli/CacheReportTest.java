package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a run says of its cache directory. */
@Timeout(120)
class CacheReportTest {
  @TempDir Path directory = Path.of("");

  private final Shell shell = new Shell();

  private String read(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "read",
                directory.resolve("data").toString(),
                "--batch-size=8",
                "--read-mode=direct",
                "--ram-tier=off"));
    arguments.addAll(List.of(more));
    return shell.ok(arguments);
  }

  @Test
  void runsSayWhatTheyReadThereAndWrote() throws IOException {
    Files.createDirectory(directory.resolve("data"));
    try (ShardWriter writer =
        ShardWriter.webDataset(directory.resolve("data/t-000.tar"), WriterOptions.plain())) {
      for (int sample = 0; sample < 80; sample++) {
        writer.write("%03d".formatted(sample), List.of(SampleField.of("bin", new byte[60_000])));
      }
    }
    assertFalse(read().contains("directories:"), "there is none");
    String place = "--cache-dir=" + directory.resolve("cache") + "=32MiB";
    JsonNode first = json(read(place, "--json"));
    assertEquals(0, first.path("read_bytes").asLong());
    // Ten blocks, fewer than may be on their way at a time; the last may be that still.
    assertEquals(0, first.path("unwritten_blocks").asLong(), first::toString);
    JsonNode second = json(read(place, "--json"));
    assertTrue(second.path("read_bytes").asLong() >= 4_800_000, second::toString);
    assertEquals(0, second.path("written_bytes").asLong(), second::toString);
    assertEquals(10, second.path("blocks").asLong(), second::toString);
    String third = read(place);
    assertTrue(third.contains("cache     directories: 0.00"), third);
    assertTrue(third.contains(" of 6") && third.contains(" 0 corrupt, 0 failures"), third);
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text).path("cache_directories");
  }
}
