package dev.penstock.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What our writers write, read by GNU tar, Python's tarfile, webdataset and TensorFlow. Uses the
 * interpreter that the environment variable PENSTOCK_TEST_PYTHON names, else {@code python3}; a
 * missing reader skips its test with the reason.
 */
class ReferenceReadersTest {
  private static final Path LISTING = Path.of("src/test/golden/listing.py");
  private static final String PYTHON =
      Objects.requireNonNullElse(System.getenv("PENSTOCK_TEST_PYTHON"), "python3");

  @TempDir private Path directory = Path.of("");

  private record Result(int status, List<String> lines) {}

  private Result run(List<String> command) throws IOException, InterruptedException {
    Path out = directory.resolve("out");
    Path errors = directory.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectOutput(out.toFile()).redirectError(errors.toFile());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "3");
    Process process;
    try {
      process = builder.start();
    } catch (IOException missing) {
      return new Result(127, List.of("missing: " + command.getFirst()));
    }
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "timed out: " + command);
    List<String> lines = Files.readAllLines(out, StandardCharsets.UTF_8);
    if (process.exitValue() != 0 && process.exitValue() != 3) {
      lines.addAll(Files.readAllLines(errors, StandardCharsets.UTF_8));
    }
    return new Result(process.exitValue(), lines);
  }

  private List<String> listed(String reader, Path shard, String... more)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(PYTHON, LISTING.toString()));
    command.addAll(List.of("--reader", reader));
    command.addAll(List.of(more));
    command.add(shard.toString());
    Result result = run(command);
    assumeTrue(result.status() != 3 && result.status() != 127, () -> "" + result.lines());
    assertEquals(0, result.status(), () -> "" + result.lines());
    return result.lines();
  }

  private static List<Shards.Sample> samples() {
    return Shards.samples(new Random(42), 30, 3000);
  }

  private Path tar(WriterOptions options) throws IOException {
    Path file = directory.resolve("ours.tar");
    try (ShardWriter writer = ShardWriter.webDataset(file, options)) {
      for (Shards.Sample sample : samples()) {
        writer.write(sample.key(), sample.fields());
      }
    }
    return file;
  }

  @Test
  void gnuTarReadsOurArchives() throws IOException, InterruptedException {
    Path file = tar(WriterOptions.plain());
    Result listed = run(List.of("tar", "--quoting-style=literal", "-tf", file.toString()));
    assumeTrue(listed.status() != 127, () -> "" + listed.lines());
    assertEquals(0, listed.status(), () -> "" + listed.lines());
    List<String> expected = new ArrayList<>();
    for (Shards.Sample sample : samples()) {
      sample.fields().forEach(field -> expected.add(sample.key() + "." + field.name()));
    }
    assertEquals(expected, listed.lines());
    Result compared = run(List.of("tar", "-tvf", file.toString()));
    assertEquals(expected.size(), compared.lines().size());
    assertTrue(compared.lines().getFirst().startsWith("-r--r--r--"), compared.lines().getFirst());
  }

  @Test
  void tarfileReadsOurArchives() throws IOException, InterruptedException {
    Path file = tar(WriterOptions.compressed(Codec.GZIP).withFrameBytes(20_000));
    List<String> expected = new ArrayList<>();
    for (Shards.Sample sample : samples()) {
      for (SampleField field : sample.fields()) {
        byte[] value = ((SampleField.Bytes) field).value().toArray(ValueLayout.JAVA_BYTE);
        expected.add(
            "ours.tar\t%d\t%s\t\"\"\tBYTES\t1\t%d\t%s"
                .formatted(
                    expected.size(),
                    Listing.json(sample.key() + "." + field.name()),
                    value.length,
                    Listing.sha256(value)));
      }
    }
    assertEquals(expected, listed("tarfile", file));
  }

  @Test
  void webdatasetReadsOurArchives() throws IOException, InterruptedException {
    Path file = tar(WriterOptions.plain());
    List<String> ours = Listing.of("ours.tar", Files.readAllBytes(file), Integer.MAX_VALUE);
    assertEquals(ours, listed("webdataset", file));
  }

  @Test
  void tensorflowReadsOurRecords() throws IOException, InterruptedException {
    for (Codec codec : new Codec[] {Codec.NONE, Codec.GZIP}) {
      Path file = directory.resolve("ours.tfrecord");
      WriterOptions options = new WriterOptions(codec, 0, 20_000);
      try (ShardWriter writer = ShardWriter.tfRecord(file, TfRecordFormat.example(), options)) {
        for (Shards.Sample sample : samples()) {
          List<SampleField> fields = new ArrayList<>(sample.fields());
          fields.add(SampleField.ofInts("ints", Long.MIN_VALUE, -1, 0, 300));
          fields.add(SampleField.ofFloats("floats", 0.5f, -1e30f));
          writer.write(sample.key(), fields);
        }
      }
      List<String> ours = Listing.of("ours.tfrecord", Files.readAllBytes(file), 999);
      String compression = codec == Codec.GZIP ? "GZIP" : "";
      assertEquals(ours, listed("tensorflow", file, "--compression", compression));
    }
  }
}
