package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of one dataset from the command line: worlds, cuts, parts, growth, explanations. */
class OrderCommandTest {
  private static final int SAMPLES = 300;

  @TempDir static Path data = Path.of("");

  private final Shell shell = new Shell();

  @BeforeAll
  static void writeShards() throws IOException {
    Shell.shards(data, "s", 5, SAMPLES / 5);
  }

  private static List<String> of(String verb, String... more) {
    return Shell.with(List.of(verb, data.toString(), "--memory=64MiB", "--seed=3"), more);
  }

  private List<String> flat(SortedMap<Long, List<String>> steps) {
    return steps.values().stream().flatMap(List::stream).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 6, 8, 12, 24})
  void anyWorldReadsTheSameStepsAndGoesOnAtAnyOther(int world, @TempDir Path temporary) {
    int batch = 48;
    SplittableRandom random = new SplittableRandom(world);
    String[] modes = {"block", "global", "none"};
    List<String> run =
        of("read", "--epochs=2", "--shuffle=" + modes[world % 3], "--end=carry", "--lanes=24");
    if (!run.contains("--shuffle=block")) {
      run = run.stream().filter(option -> !option.startsWith("--lanes")).toList();
    }
    SortedMap<Long, List<String>> whole = shell.keys(run, batch, 1);
    int cut = random.nextInt(1, whole.size());
    String cursor = temporary.resolve("at.json").toString();
    List<String> first = Shell.with(run, "--steps=" + cut, "--cursor-out=" + cursor);
    SortedMap<Long, List<String>> parts = shell.keys(first, batch, world);
    int[] worlds = {1, 2, 3, 4, 6, 8};
    int other = worlds[random.nextInt(worlds.length)];
    parts.putAll(shell.keys(Shell.with(run, "--cursor=" + cursor), batch, other));
    assertEquals(whole, parts, "cut at " + cut + ", on at " + other);
    assertEquals(Math.ceilDiv(2 * SAMPLES, batch), whole.size());
  }

  @ParameterizedTest
  @CsvSource({"block, 30", "global, 50", "none, 20"})
  void anotherBatchGoesOnWhereTheFirstStopped(String shuffle, int batch, @TempDir Path temporary) {
    List<String> run = of("read", "--epochs=2", "--shuffle=" + shuffle, "--end=carry");
    String cursor = temporary.resolve("at.json").toString();
    SortedMap<Long, List<String>> first =
        shell.keys(Shell.with(run, "--batch-size=48", "--steps=4", "--cursor-out=" + cursor));
    SortedMap<Long, List<String>> rest =
        shell.keys(Shell.with(run, "--cursor=" + cursor), batch, 2);
    List<String> all = new ArrayList<>(flat(first));
    all.addAll(flat(rest));
    assertEquals(4, rest.firstKey());
    assertTrue(all.size() >= 2 * SAMPLES && all.size() - 2 * SAMPLES < batch);
    Map<String, Integer> counts = counts(all);
    assertEquals(SAMPLES, counts.size());
    assertEquals(2, Collections.min(counts.values()), "once in each epoch");
  }

  private static Map<String, Integer> counts(List<String> keys) {
    Map<String, Integer> counts = new HashMap<>();
    keys.forEach(key -> counts.merge(key, 1, Integer::sum));
    return counts;
  }

  @Test
  void filtersMakeDatasetsOfTheirOwn(@TempDir Path temporary) throws IOException {
    Set<String> all = new HashSet<>(kept());
    Set<String> train = new HashSet<>(kept("split:..0.7"));
    Set<String> valid = new HashSet<>(kept("split:0.7.."));
    Set<String> both = new HashSet<>(train);
    both.addAll(valid);
    assertEquals(all, both);
    assertEquals(SAMPLES, train.size() + valid.size());
    assertEquals(train, new HashSet<>(kept("!split:0.7..")));
    assertNotEquals(train, new HashSet<>(kept("split:..0.7,seed=1")));
    assertEquals(List.of("s7", "s14"), kept("range:1..20", "bytes:bin:100.."));
    assertEquals(SAMPLES - 43, kept("bytes:bin:..100").size());
    assertEquals(SAMPLES, kept("has:txt", "bytes:1..").size());
    Path list = temporary.resolve("keys.txt");
    Files.writeString(list, "s3\n\ns250\nnot there\n");
    assertEquals(List.of("s3", "s250"), kept("keys:@" + list));
    assertEquals(List.of("s5"), kept("keys:s5,s3", "!keys:@" + list));
    String fingerprint = plan("split:..0.7").path("fingerprint").asText();
    assertTrue(fingerprint.startsWith(plan().path("fingerprint").asText() + "/"), fingerprint);
    refused("none of the 300 samples", of("read", "--filter=has:png"));
    refused("is not one of split:", of("read", "--filter=colour:red"));
    refused("FROM..TO", of("read", "--filter=split:0.5"));
    refused("no number", of("read", "--filter=range:a..b"));
    refused("FROM is not less", of("read", "--filter=range:9..3"));
    assertEquals(1, shell.run(of("read", "--filter=keys:@/no/such").toArray(String[]::new)));
  }

  private List<String> kept(String... filters) {
    List<String> plan = of("read", "--shuffle=none", "--batch-size=1");
    for (String filter : filters) {
      plan = Shell.with(plan, "--filter=" + filter);
    }
    return flat(shell.keys(plan));
  }

  private JsonNode plan(String... filters) throws IOException {
    List<String> plan = of("plan", "--batch-size=8");
    for (String filter : filters) {
      plan = Shell.with(plan, "--filter=" + filter);
    }
    return shell.json(plan);
  }

  private void refused(String why, List<String> arguments) {
    assertEquals(2, shell.run(arguments.toArray(String[]::new)), shell.said());
    assertTrue(shell.said().contains(why), shell.said());
  }

  @Test
  void aFilteredRunGoesOnWithItsFilterOnly(@TempDir Path temporary) {
    String cursor = temporary.resolve("at.json").toString();
    List<String> run = of("read", "--batch-size=16", "--filter=split:..0.5");
    SortedMap<Long, List<String>> whole = shell.keys(run);
    SortedMap<Long, List<String>> parts =
        shell.keys(Shell.with(run, "--steps=3", "--cursor-out=" + cursor));
    parts.putAll(shell.keys(Shell.with(run, "--cursor=" + cursor)));
    assertEquals(whole, parts);
    refused("filters kept other samples", of("read", "--batch-size=16", "--cursor=" + cursor));
    refused(
        "filters kept other samples",
        of("read", "--batch-size=16", "--filter=split:..0.6", "--cursor=" + cursor));
  }

  @Test
  void shardsMayBeAppended(@TempDir Path temporary) throws IOException {
    Path grown = Files.createDirectory(temporary.resolve("data"));
    Shell.shards(grown, "s", 3, 60);
    List<String> run =
        List.of("read", grown.toString(), "--memory=64MiB", "--batch-size=20", "--epochs=2");
    String cursor = temporary.resolve("at.json").toString();
    String end = temporary.resolve("end.json").toString();
    SortedMap<Long, List<String>> old = shell.keys(run);
    shell.ok(Shell.with(run, "--steps=4", "--cursor-out=" + cursor));
    shell.ok(Shell.with(run, "--steps=9", "--cursor-out=" + end));
    String carry = temporary.resolve("carry.json").toString();
    shell.ok(Shell.with(run, "--end=carry", "--steps=4", "--cursor-out=" + carry));
    Shell.shards(grown, "s", 5, 60);
    SortedMap<Long, List<String>> on = shell.keys(Shell.with(run, "--cursor=" + cursor));
    assertEquals(old.subMap(4L, 9L), new TreeMap<>(on.headMap(9L)), "the epoch ends as it began");
    assertEquals(300, Set.copyOf(flat(on.tailMap(9L))).size(), "the next has the new shards");
    // A cursor at the start of an epoch has read nothing of the old list.
    assertEquals(on.tailMap(9L), shell.keys(Shell.with(run, "--cursor=" + end)));
    // And one of the grown run needs no memory of the old one.
    String later = temporary.resolve("later.json").toString();
    shell.ok(Shell.with(run, "--cursor=" + cursor, "--steps=8", "--cursor-out=" + later));
    assertEquals(on.tailMap(12L), shell.keys(Shell.with(run, "--cursor=" + later)));
    // Carrying over the border inside a step, with another batch.
    List<String> on40 = List.of("read", grown.toString(), "--memory=64MiB", "--epochs=2");
    List<String> carried = flat(shell.keys(Shell.with(on40, "--cursor=" + carry), 40, 2));
    assertEquals(400, carried.size());
    Map<String, Integer> counts = counts(carried);
    assertEquals(300, counts.size());
    counts.forEach(
        (key, count) -> assertTrue(count == 1 || Integer.parseInt(key.substring(1)) < 180, key));
    Files.delete(grown.resolve("s-4.tar"));
    Shell.shards(grown, "s", 1, 59);
    refused("the first 3 are not those", Shell.with(run, "--cursor=" + cursor));
    Files.delete(grown.resolve("s-3.tar"));
    Files.delete(grown.resolve("s-2.tar"));
    refused("not replaced or taken away", Shell.with(run, "--cursor=" + cursor));
    assertTrue(shell.said().contains("saved with 180 samples in 3 shards"), shell.said());
  }

  @Test
  void cursorsAreMovedBySteps(@TempDir Path temporary) throws IOException {
    SortedMap<Long, List<String>> whole =
        shell.keys(of("read", "--batch-size=20", "--epochs=2", "--end=carry"));
    List<String> run = of("read", "--batch-size=20", "--epochs=2", "--end=carry");
    assertEquals(whole.tailMap(7L), shell.keys(Shell.with(run, "--skip=7")));
    String cursor = temporary.resolve("at.json").toString();
    String moved = temporary.resolve("moved.json").toString();
    shell.ok(Shell.with(run, "--steps=18", "--cursor-out=" + cursor));
    assertEquals(
        whole.tailMap(10L),
        shell.keys(Shell.with(run, "--cursor=" + cursor, "--skip=-8")),
        "back over the epoch's start");
    shell.ok(
        of("plan", "--batch-size=20", "--cursor=" + cursor, "--skip=-16", "--cursor-out=" + moved));
    JsonNode json = new ObjectMapper().readTree(Path.of(moved).toFile());
    assertEquals(2, json.path("step").asLong());
    assertEquals(whole.tailMap(2L), shell.keys(Shell.with(run, "--cursor=" + moved)));
  }

  @Test
  void explainNamesTheSamplesOfAStep(@TempDir Path temporary) throws IOException {
    List<String> run =
        List.of("--batch-size=12", "--world=2", "--epochs=3", "--end=carry", "--lanes=6");
    SortedMap<Long, List<String>> whole =
        shell.keys(of("read", "--epochs=3", "--end=carry", "--lanes=6"), 24, 2);
    JsonNode step =
        shell.json(Shell.with(of("plan", run.toArray(String[]::new)), "--explain", "--step=20"));
    List<String> keys = new ArrayList<>();
    for (JsonNode row : step.path("rows")) {
      keys.add(row.path("key").asText());
      int number = Integer.parseInt(row.path("key").asText().substring(1));
      assertEquals("s-" + number / 60 + ".tar", row.path("shard").asText());
      assertEquals(number % 60, row.path("sample").asInt());
      assertEquals(row.path("index").asLong() % 6, row.path("lane").asLong());
      assertTrue(row.path("bytes").asLong() > 1000);
    }
    assertEquals(whole.get(20L), keys);
    String text = shell.ok(of("plan", "--epochs=0", "--explain", "--step=3"));
    assertEquals(65, text.lines().count());
    assertTrue(text.startsWith("rank\trow\tlane\tepoch\tindex\tshard\tsample\t"), text);
    // The verb of its own says the same, of some steps too, and of one rank.
    List<String> verb = of("explain", run.toArray(String[]::new));
    assertEquals(step, shell.json(Shell.with(verb, "--step=20")));
    JsonNode steps = shell.json(Shell.with(verb, "--step=19..21")).path("steps");
    assertEquals(2, steps.size());
    assertEquals(step, steps.get(1));
    JsonNode rank = shell.json(Shell.with(verb, "--step=20", "--rank=1")).path("rows");
    assertEquals(12, rank.size());
    assertEquals(step.path("rows").get(12), rank.get(0));
    String cursor = temporary.resolve("at.json").toString();
    shell.ok(
        of(
            "plan",
            "--batch-size=24",
            "--epochs=3",
            "--end=carry",
            "--lanes=6",
            "--steps=30",
            "--cursor-out=" + cursor));
    List<String> saved =
        List.of("explain", data.toString(), "--batch-size=12", "--world=2", "--epochs=3");
    assertEquals(step, shell.json(Shell.with(saved, "--cursor=" + cursor, "--step=20")));
    assertEquals(
        "step\trank\trow",
        shell.ok(of("explain", "--step=1..3")).substring(0, 13),
        "steps are told apart");
    refused("FROM..TO", of("explain", "--step=3..3"));
    refused("name the steps by --step", of("explain", "--step=3", "--steps=2"));
    refused("more than can be shown", of("explain", "--epochs=0", "--step=0..1000000"));
    refused("Missing required option: '--step", of("explain"));
    refused("--explain goes with --step", of("plan", "--explain"));
    refused("says nothing of time", of("plan", "--explain", "--step=2", "--probe"));
    refused("has no step 99", of("plan", "--explain", "--step=99"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"first-fit:bin:2000", "best-fit:bin:1000", "bucket:bin"})
  void batchesByLengthsAreTheSameOnEveryWorld(String rule, @TempDir Path temporary)
      throws IOException {
    List<String> run = of("read", "--field=bin:u8[]", "--batching=" + rule, "--epochs=2");
    SortedMap<Long, List<String>> whole = shell.keys(run, 12, 1);
    assertEquals(whole, shell.keys(run, 12, 4));
    List<String> plan = of("plan", "--field=bin:u8[]", "--batching=" + rule, "--epochs=2");
    assertEquals(whole, shell.keys(plan, 12, 6));
    String cursor = temporary.resolve("at.json").toString();
    SortedMap<Long, List<String>> parts =
        shell.keys(Shell.with(run, "--steps=2", "--cursor-out=" + cursor), 12, 3);
    parts.putAll(shell.keys(Shell.with(run, "--cursor=" + cursor), 12, 2));
    assertEquals(whole, parts);
    List<String> twelve = Shell.with(plan, "--batch-size=12");
    boolean packs = !rule.startsWith("bucket");
    assertTrue(shell.ok(twelve).contains(packs ? "of 12 packs" : "of 12 rows"), shell.printed());
    JsonNode step = shell.json(Shell.with(twelve, "--explain", "--step=1"));
    assertEquals(packs, step.path("rows").get(0).has("pack"));
    assertEquals(whole.getOrDefault(1L, List.of()).size(), step.path("rows").size());
    refused("grouping by lengths was", of("read", "--batch-size=12", "--cursor=" + cursor));
    refused("declare it among the fields", of("read", "--batching=" + rule));
  }

  @Test
  void planSaysHowGoodTheShuffleIsAndWhatTheFirstBatchNeeds() throws IOException {
    JsonNode quality = plan().path("shuffle_quality").get(0);
    assertEquals(37, quality.path("batches").asInt());
    assertEquals(1, quality.path("moved_of_random").asDouble(), 0.2);
    JsonNode stored = shell.json(of("plan", "--shuffle=none")).path("shuffle_quality").get(0);
    assertEquals(0, stored.path("moved").asDouble());
    assertEquals(63.0 / 64, stored.path("successor_in_batch").asDouble(), 0.01);
    JsonNode first = plan().path("first_batch");
    assertEquals(8, first.path("rows").asInt());
    assertTrue(first.path("bytes").asLong() > 8 * 1500, first.toString());
    assertTrue(!first.has("seconds_from_store") && !first.has("seconds_measured"), "no guesses");
    List<String> both = of("plan", "--store=1MB,50", "--probe");
    JsonNode seconds = shell.json(both).path("first_batch");
    double expected = seconds.path("bytes").asDouble() / 1e6 + 0.05;
    assertEquals(expected, seconds.path("seconds_from_store").asDouble(), 1e-9);
    assertTrue(seconds.path("seconds_measured").asDouble() > 0);
    assertTrue(seconds.path("fetched_bytes_measured").asLong() > 0);
    String text = shell.ok(both);
    assertTrue(text.contains("s measured from opening to the batch"), text);
    assertTrue(text.contains("moved 0 % as far") || text.contains("% as far as by a full"), text);
    refused("is no store", of("plan", "--store=1GB,x"));
    refused("is not a size", of("plan", "--store=fast"));
  }

  @Test
  void bucketsGoOnWithAnotherBatchWhereAGroupBegins(@TempDir Path temporary) {
    List<String> run =
        of("read", "--field=bin:u8[]", "--batching=bucket:bin,group=48", "--epochs=2");
    String inside = temporary.resolve("inside.json").toString();
    String border = temporary.resolve("border.json").toString();
    shell.keys(Shell.with(run, "--steps=2", "--cursor-out=" + inside), 12, 1);
    SortedMap<Long, List<String>> all =
        shell.keys(Shell.with(run, "--steps=8", "--cursor-out=" + border), 12, 3);
    List<String> eighteen =
        of("read", "--field=bin:u8[]", "--batching=bucket:bin", "--epochs=2", "--batch-size=18");
    refused("for 2 more steps", Shell.with(eighteen, "--cursor=" + inside));
    all.putAll(shell.keys(Shell.with(eighteen, "--cursor=" + border)));
    Map<String, Integer> counts = counts(flat(all));
    assertEquals(SAMPLES, counts.size());
    assertTrue(Collections.min(counts.values()) >= 2, counts.toString());
  }

  @Test
  void anotherOrderThanTheOtherRanksIsRefused() throws IOException {
    String id = shell.json(of("plan", "--batch-size=24")).path("order_id").asText();
    shell.ok(of("read", "--batch-size=12", "--world=2", "--rank=1", "--order-id=" + id));
    refused("order id is", of("read", "--batch-size=12", "--order-id=" + id));
  }
}
