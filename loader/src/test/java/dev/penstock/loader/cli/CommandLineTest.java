package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The verbs from the outside: what they print, leave and answer. */
class CommandLineTest {
  private static final int SHARDS = 5;
  private static final int SAMPLES_EACH = 61;
  private static final String MEMORY = "--memory=64MiB";

  @TempDir static Path shared = Path.of("");
  private static String pattern = "";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void writeShards() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    for (int shard = 0; shard < SHARDS; shard++) {
      Path file = shared.resolve(String.format(Locale.ROOT, "train-%06d.tar", shard));
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        for (int sample = 0; sample < SAMPLES_EACH; sample++) {
          byte[] bytes = new byte[random.nextInt(1, 5000)];
          random.nextBytes(bytes);
          writer.write(
              "k%d-%03d".formatted(shard, sample),
              List.of(field("bin", bytes), field("cls", text(Integer.toString(sample)))));
        }
      }
    }
    pattern = shared + "/train-{000000..000004}.tar";
  }

  private static SampleField field(String name, byte[] bytes) {
    return new SampleField.Bytes(name, MemorySegment.ofArray(bytes));
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private int run(String... arguments) {
    out.reset();
    err.reset();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return Main.run(console, arguments);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static String[] with(String verb, String dataset, String... options) {
    return Stream.concat(Stream.of(verb, dataset, MEMORY), Stream.of(options))
        .toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "frobnicate|Unmatched argument",
        "read|DATASET",
        "read x --batch-size 0|--batch-size: value is too small (0), at least 1 is required",
        "read x --batch-size many|--batch-size",
        "read x --rank 4 --world 4|--rank: value 4 is not between 0 and 3",
        "read x --memory lots|value is not a size (lots)",
        "read x --memory 1KiB|--memory: value is too small",
        "read x --cpus 0|--cpus: value is too small (0)",
        "read x --cpus 4096|--cpus: value is too large (4096)",
        "read x --ram-tier maybe|--ram-tier",
        "read x --field a:what|type is not one of",
        "read x --steps=-1|--steps: value is too small (-1)",
        "read x --cursor no-such-file|--cursor: cannot read no-such-file",
        "read x --cursor-out no-such-dir/at.json|--cursor-out: there is no directory",
        "read no-such-file.tar|no-such-file.tar",
        "index no-such-dir/|no-such-dir",
        "cat x|--key",
        "pack no-such-file --out o|there is no file or directory no-such-file",
      })
  void refusesWrongUsageBeforeWorking(String arguments, String reason) {
    assertEquals(ExitCode.WRONG_USAGE, run(arguments.split(" ", -1)), said());
    assertTrue(said().contains(reason), said());
    assertEquals("", printed());
  }

  @Test
  void digestAndKeysAreTheSameEveryTime(@TempDir Path temporary) throws IOException {
    String[] first = digestAndKeys(temporary.resolve("a"), "--seed=7");
    String[] second = digestAndKeys(temporary.resolve("b"), "--seed=7", "--ram-tier=off");
    String[] other = digestAndKeys(temporary.resolve("c"), "--seed=8");
    assertEquals(first[0], second[0]);
    assertEquals(first[1], second[1]);
    assertFalse(first[0].equals(other[0]));
    String planned = temporary.resolve("plan").toString();
    assertEquals(0, run(with("plan", pattern, "--seed=7", "--end=pad", "--keys", planned)), said());
    assertEquals(first[1], Files.readString(Path.of(planned)));
  }

  private String[] digestAndKeys(Path keys, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--end=pad", "--digest", "--json", "--keys", keys.toString()));
    assertEquals(0, run(with("read", pattern, all.toArray(String[]::new))), said());
    JsonNode json = new ObjectMapper().readTree(printed());
    assertEquals(320, json.path("samples").asLong());
    return new String[] {json.path("digest").asText(), Files.readString(keys)};
  }

  @Test
  void ranksTogetherReadTheSameSteps() {
    SortedMap<Long, Set<String>> whole = keysByStep("--batch-size=64");
    SortedMap<Long, Set<String>> shares = new TreeMap<>();
    for (int rank = 0; rank < 4; rank++) {
      keysByStep("--batch-size=16", "--world=4", "--rank=" + rank)
          .forEach((step, keys) -> shares.merge(step, keys, CommandLineTest::union));
    }
    assertEquals(4, whole.size());
    assertEquals(whole, shares);
  }

  @Test
  void ranksAgreeInWhichEpochAStepThatCarriesOverIs(@TempDir Path temporary) throws IOException {
    Set<String> whole = stepsAndEpochs(temporary, "--batch-size=64");
    Set<String> shares = new HashSet<>();
    for (int rank = 0; rank < 4; rank++) {
      shares.addAll(stepsAndEpochs(temporary, "--batch-size=16", "--world=4", "--rank=" + rank));
    }
    assertEquals(10, whole.size());
    assertEquals(whole, shares);
  }

  private Set<String> stepsAndEpochs(Path temporary, String... options) throws IOException {
    Set<String> pairs = new HashSet<>();
    for (String verb : List.of("read", "plan")) {
      Path keys = temporary.resolve(verb);
      List<String> all = new ArrayList<>(List.of(options));
      all.addAll(List.of("--shuffle=none", "--end=carry", "--epochs=2", "--keys=" + keys));
      assertEquals(0, run(with(verb, pattern, all.toArray(String[]::new))), said());
      for (String line : Files.readAllLines(keys)) {
        String[] columns = line.split("\t", -1);
        pairs.add(columns[0] + " " + columns[1]);
      }
    }
    return pairs;
  }

  @Test
  @Timeout(60)
  void aReaderOfTheKeysThatGoesAwayEndsTheRun() {
    err.reset();
    PrintStream closed =
        new PrintStream(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
              }
            });
    PrintStream notes = new PrintStream(err, true, StandardCharsets.UTF_8);
    for (String verb : List.of("read", "plan")) {
      String[] arguments = with(verb, pattern, "--epochs=0", "--keys=-");
      assertEquals(1, Main.run(new Console(closed, notes), arguments), said());
      assertTrue(said().contains("--keys: standard output was closed"), said());
      assertFalse(said().contains("\tat "), said());
    }
  }

  private static Set<String> union(Set<String> one, Set<String> other) {
    Set<String> all = new HashSet<>(one);
    all.addAll(other);
    assertEquals(one.size() + other.size(), all.size(), "two ranks read one sample");
    return all;
  }

  private SortedMap<Long, Set<String>> keysByStep(String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--seed=7", "--keys=-"));
    assertEquals(0, run(with("read", pattern, all.toArray(String[]::new))), said());
    SortedMap<Long, Set<String>> steps = new TreeMap<>();
    printed()
        .lines()
        .map(line -> line.split("\t", -1))
        .forEach(
            line ->
                steps.computeIfAbsent(Long.valueOf(line[1]), step -> new HashSet<>()).add(line[4]));
    return steps;
  }

  @Test
  void cursorGoesOnAtAnotherWorldSize(@TempDir Path temporary) {
    SortedMap<Long, Set<String>> whole = keysByStep("--batch-size=32");
    String cursor = temporary.resolve("at.json").toString();
    SortedMap<Long, Set<String>> parts =
        keysByStep("--batch-size=32", "--steps=3", "--cursor-out", cursor);
    assertEquals(3, parts.size());
    for (int rank = 0; rank < 2; rank++) {
      keysByStep("--batch-size=16", "--world=2", "--rank=" + rank, "--cursor", cursor)
          .forEach((step, keys) -> parts.merge(step, keys, CommandLineTest::union));
    }
    assertEquals(whole, parts);
  }

  @Test
  void planAndInspectPrintWhatIsThere() throws IOException {
    assertEquals(0, run(with("plan", pattern, "--json", "--batch-size=64")), said());
    JsonNode plan = new ObjectMapper().readTree(printed());
    assertEquals(SHARDS * SAMPLES_EACH, plan.path("samples").asInt());
    assertEquals(4, plan.path("steps_per_epoch").asInt());
    assertEquals(305 - 256, plan.path("tail_samples").asInt());
    assertEquals(0, run(with("plan", pattern)), said());
    assertTrue(printed().contains("left out of every epoch"), printed());
    assertEquals(0, run(with("inspect", shared + "/train-000000.tar", "--samples=2")), said());
    assertTrue(printed().contains("webdataset, not compressed; 61 samples"), printed());
    assertTrue(printed().contains("sample 1: k0-001"), printed());
  }

  @Test
  void catWritesAFieldsBytes() {
    assertEquals(0, run(with("cat", pattern, "--key=k3-017", "--field=cls")), said());
    assertEquals("17", printed());
    assertEquals(0, run(with("cat", pattern, "--key=k3-017")), said());
    assertTrue(printed().contains("cls") && printed().contains("2 bytes"), printed());
    assertEquals(2, run(with("cat", pattern, "--key=k9-999")), said());
    assertEquals(2, run(with("cat", pattern, "--key=k3-017", "--field=jpg")), said());
  }

  @Test
  void packedFilesComeBack(@TempDir Path temporary) throws IOException {
    Path tree = Files.createDirectories(temporary.resolve("in/sub"));
    Files.writeString(tree.resolve("a.txt"), "hello");
    Files.writeString(tree.resolve("a.seg.png"), "");
    Files.writeString(tree.resolve("b.txt"), "world");
    Files.writeString(tree.resolve(".hidden.txt"), "no");
    Path shards = temporary.resolve("out");
    String in = temporary.resolve("in").toString();
    assertEquals(0, run("pack", in, "--out", shards.toString(), "--codec=zstd"), said());
    assertTrue(Files.exists(shards.resolve("train-000000.tar.zst")));
    assertEquals(0, run(with("cat", shards.toString(), "--key=sub/b", "--field=txt")), said());
    assertEquals("world", printed());
    assertEquals(0, run(with("cat", shards.toString(), "--key=sub/a")), said());
    assertEquals(2, printed().lines().count());
    assertEquals(2, run("pack", in, "--out", shards.toString(), "--codec=zstd"), said());
    assertEquals(
        2, run("pack", in, "--out", shards.toString()), said()); // read together, they would mix
  }

  @Test
  void verifyNamesWhatIsBad(@TempDir Path temporary) throws IOException {
    Path shard = temporary.resolve("bad.tar");
    Files.copy(shared.resolve("train-000001.tar"), shard);
    assertEquals(0, run(with("verify", shard.toString())), said());
    try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    assertEquals(3, run(with("verify", shard.toString(), "--json")), said());
    JsonNode bad = new ObjectMapper().readTree(printed()).path("bad");
    assertTrue(bad.size() > 0, printed());
    assertTrue(bad.get(0).path("shard").asText().contains("bad.tar"), printed());
    assertEquals(3, run(with("read", shard.toString())), said());
  }
}
