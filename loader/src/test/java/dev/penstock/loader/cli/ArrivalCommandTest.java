package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.cache.remote.FaultServer.Fault;
import dev.penstock.sharding.ArrivalOrder;
import dev.penstock.sharding.ArrivalSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of arrival from the command line: at once, endless, exact, never converted. */
@Timeout(120)
class ArrivalCommandTest {
  private static final int SHARDS = 5;
  private static final int SAMPLES = 300;

  @TempDir static Path data = Path.of("");

  private final Shell shell = new Shell();

  @BeforeAll
  static void writeShards() throws IOException {
    Shell.shards(data, "s", SHARDS, SAMPLES / SHARDS);
  }

  private static List<String> of(String verb, String... more) {
    return Shell.with(
        List.of(verb, data.toString(), "--memory=64MiB", "--seed=3", "--shuffle=arrival"), more);
  }

  private static List<String> flat(SortedMap<Long, List<String>> steps) {
    return steps.values().stream().flatMap(List::stream).toList();
  }

  @Test
  void stepsEndItAndNoIndexIsWritten() throws IOException {
    List<String> rows = flat(shell.keys(of("read", "--batch-size=20", "--steps=33")));
    assertEquals(33 * 20, rows.size());
    assertEquals(SAMPLES, new HashSet<>(rows.subList(0, SAMPLES)).size());
    assertEquals(SAMPLES, new HashSet<>(rows.subList(SAMPLES, 2 * SAMPLES)).size());
    try (Stream<Path> files = Files.list(data)) {
      assertEquals(SHARDS, files.count());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void goesOnWhereACursorStands(int world, @TempDir Path temporary) {
    for (int rank = 0; rank < world; rank += 3) {
      List<String> run =
          of("read", "--batch-size=16", "--world=" + world, "--rank=" + rank, "--window=13");
      SortedMap<Long, List<String>> whole = shell.keys(Shell.with(run, "--steps=12"));
      String cursor = temporary.resolve("at.json").toString();
      SortedMap<Long, List<String>> parts =
          shell.keys(Shell.with(run, "--steps=5", "--cursor-out=" + cursor));
      parts.putAll(
          shell.keys(Shell.with(run, "--steps=3", "--cursor=" + cursor, "--cursor-out=" + cursor)));
      parts.putAll(shell.keys(Shell.with(run, "--steps=4", "--cursor=" + cursor)));
      assertEquals(whole, parts, "rank " + rank);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--epochs=2 | --epochs: --shuffle arrival never ends",
        "--end=drop | --end: --shuffle arrival has no epochs",
        "--end=pad | --end: --shuffle arrival has no epochs",
        "--skip=3 | --skip: --shuffle arrival",
        "--filter=split:..0.5 | --filter: --shuffle arrival",
        "--on-bad=replace | --on-bad: --shuffle arrival",
        "--groups=2 | --groups: --shuffle arrival",
        "--extent=2 | --extent: --shuffle arrival",
        "--batching=bucket:txt | --batching: --shuffle arrival",
        "--field=png | field 'png' is in none of the first",
        "--lanes=300 | lanes: 300 is out of range, 1 to 256",
        "--order-id=00000000000000000000000000000000 | order id is",
      })
  void refusesWhatItCannotDo(String option, String why) {
    assertEquals(2, shell.run(of("read", "--steps=1", option).toArray(String[]::new)));
    assertTrue(shell.said().contains(why), shell.said());
  }

  @Test
  void neverTurnsOneKindOfCursorIntoTheOther(@TempDir Path temporary) {
    String arrival = temporary.resolve("arrival.json").toString();
    String block = temporary.resolve("block.json").toString();
    String indexes = "--index-dir=" + temporary;
    shell.ok(of("read", "--steps=2", "--cursor-out=" + arrival));
    List<String> planned = List.of("read", data.toString(), "--memory=64MiB", "--steps=2", indexes);
    shell.ok(Shell.with(planned, "--cursor-out=" + block));
    assertEquals(2, shell.run(of("read", "--cursor=" + block).toArray(String[]::new)));
    assertTrue(shell.said().contains("cursor of an order with epochs"), shell.said());
    List<String> wrong = Shell.with(planned, "--cursor=" + arrival);
    assertEquals(2, shell.run(wrong.toArray(String[]::new)));
    assertTrue(shell.said().contains("say --shuffle arrival"), shell.said());
    List<String> other =
        of("read", "--cursor=" + arrival, "--steps=1").stream()
            .map(option -> option.replace("--seed=3", "--seed=4"))
            .toList();
    assertEquals(2, shell.run(other.toArray(String[]::new)));
    assertTrue(shell.said().contains("seed was 3, is 4"), shell.said());
  }

  @Test
  void planSaysWhatItKnowsAndWhatNot(@TempDir Path temporary) throws IOException {
    String said = shell.ok(of("plan", "--world=2"));
    assertTrue(said.contains("samples are not known: no index is read"), said);
    assertTrue(said.contains("3 of the shards in each pass"), said);
    JsonNode json = shell.json(of("plan", "--world=8", "--rank=2"));
    assertEquals(2, json.path("ranks_per_shard").asInt(), json::toString);
    assertEquals("arrival", json.path("shuffle").asText());
    assertEquals(4, json.path("lanes").asInt());
    for (String option : List.of("--keys=-", "--steps=3")) {
      assertEquals(2, shell.run(of("plan", option).toArray(String[]::new)));
      assertTrue(shell.said().contains("before it is read"), shell.said());
    }
    assertEquals(2, shell.run(of("plan", "--explain", "--step=1").toArray(String[]::new)));
    String cursor = temporary.resolve("start.json").toString();
    shell.ok(of("plan", "--cursor-out=" + cursor));
    List<String> whole = flat(shell.keys(of("read", "--steps=3")));
    assertEquals(whole, flat(shell.keys(of("read", "--steps=3", "--cursor=" + cursor))));
  }

  /** Forty names of the list lead nowhere: nobody looks before their turn comes. */
  @Test
  void shardsFarAwayAreLookedForWhenTheyAreOpened() throws IOException {
    int seed = 0;
    while (!opensFirst(seed, 0) || !opensFirst(seed, 1)) {
      seed++;
    }
    try (FaultServer server = FaultServer.start()) {
      for (int shard = 0; shard < SHARDS; shard++) {
        server.put("/d/s-" + shard + ".tar", data.resolve("s-" + shard + ".tar"));
      }
      List<String> run =
          List.of("read", server.url("/d/s-{0..44}.tar"), "--memory=64MiB", "--shuffle=arrival");
      List<String> here = Shell.with(run, "--lanes=2", "--batch-size=8", "--seed=" + seed);
      assertEquals(8, flat(shell.keys(Shell.with(here, "--steps=1"))).size());
      assertEquals(1, shell.run(Shell.with(here, "--steps=100").toArray(String[]::new)));
      assertTrue(shell.said().contains("no shard there"), shell.said());
    }
  }

  private static boolean opensFirst(int seed, int place) {
    ArrivalSpec spec = new ArrivalSpec(seed, 0, 1, 2, 1, 1);
    return ArrivalOrder.of(spec, 45, "").pass(0)[place] < SHARDS;
  }

  @Test
  void isTheSameOverTheWebAndThroughFaults() throws IOException {
    List<String> options = List.of("--steps=30", "--batch-size=16", "--digest");
    JsonNode files = shell.json(Shell.with(of("read"), options.toArray(String[]::new)));
    try (FaultServer server = FaultServer.start()) {
      for (int shard = 0; shard < SHARDS; shard++) {
        server.put("/d/s-" + shard + ".tar", data.resolve("s-" + shard + ".tar"));
      }
      List<String> web =
          new ArrayList<>(List.of("read", server.url("/d/s-{0..4}.tar"), "--memory=64MiB"));
      web.addAll(List.of("--seed=3", "--shuffle=arrival"));
      web.addAll(options);
      assertEquals(files.path("digest").asText(), shell.json(web).path("digest").asText());
      List<Fault> faults =
          List.of(
              Fault.RESET, Fault.RESET_IN_BODY, Fault.SHORT_BODY, Fault.UNAVAILABLE, Fault.CLOSE);
      server.faults(
          ask ->
              ask.number() % 4 == 3
                  ? faults.get((int) (ask.number() / 4 % faults.size()))
                  : Fault.NONE);
      JsonNode stormy = shell.json(web);
      assertEquals(files.path("digest").asText(), stormy.path("digest").asText());
      assertTrue(stormy.path("origin").path("retries").asLong() > 0, stormy::toString);
    }
  }
}
