package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mixtures from the command line: the same rows on any world size, exact shares, new weights. */
class MixtureCommandTest {
  private static final int BATCH = 48;

  @TempDir static Path data = Path.of("");

  private final Shell shell = new Shell();

  @BeforeAll
  static void writeShards() throws IOException {
    for (String name : List.of("web", "code", "math")) {
      Files.createDirectory(data.resolve(name));
    }
    Shell.shards(data.resolve("web"), "w", 4, 60);
    Shell.shards(data.resolve("code"), "c", 2, 50);
    Shell.shards(data.resolve("math"), "m", 1, 40);
  }

  private static String source(String name, String rest) {
    return "--mix=" + data + "/" + name + "=" + rest;
  }

  private static List<String> mix(String verb, String... more) {
    List<String> all =
        List.of(
            verb,
            source("web", "0.5"),
            source("code", "0.25"),
            source("math", "0.25"),
            "--seed=7",
            "--lanes=24",
            "--memory=64MiB");
    return Shell.with(all, more);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 6, 8, 12, 24})
  void everyWorldHasTheSameSteps(int world) {
    SortedMap<Long, List<String>> whole =
        shell.keys(mix("plan", "--epochs=2", "--batch-size=" + BATCH));
    assertEquals(2 * (380 / BATCH), whole.size());
    assertEquals(whole, shell.keys(mix("plan", "--epochs=2"), BATCH, world));
    if (world <= 4) {
      assertEquals(whole, shell.keys(mix("read", "--epochs=2"), BATCH, world));
    }
  }

  @Test
  void readAndPlanSayTheSourceOfEachRowAndItsShare() throws IOException {
    List<String> read = mix("read", "--batch-size=" + BATCH, "--epochs=1");
    shell
        .keys(read)
        .forEach(
            (step, rows) -> {
              assertEquals(24, rows.stream().filter(row -> row.endsWith(" web")).count());
              assertEquals(12, rows.stream().filter(row -> row.endsWith(" code")).count());
              rows.forEach(row -> assertEquals(row.charAt(0), row.charAt(row.indexOf(' ') + 1)));
            });
    JsonNode json = shell.json(read);
    assertEquals(7 * 24, json.path("sources").path("web").asLong());
    assertEquals(7 * 12, json.path("sources").path("math").asLong());
    assertTrue(shell.ok(read).contains("source    web: 168 samples, 50.000 %"), shell.printed());
    JsonNode plan = shell.json(mix("plan", "--batch-size=" + BATCH));
    assertEquals(7, plan.path("steps_per_epoch").asLong());
    assertEquals(0.25, plan.path("sources").path(2).path("share").asDouble());
    assertEquals("math", plan.path("sources").path(2).path("name").asText());
    assertTrue(shell.ok(mix("plan")).contains("source    code: 25.000 %"), shell.printed());
  }

  @ParameterizedTest
  @CsvSource({"1, 24, 2", "5, 4, 24", "9, 1, 3"})
  void aCutRunGoesOnAtAnotherWorld(int steps, int before, int after, @TempDir Path temporary) {
    SortedMap<Long, List<String>> whole =
        shell.keys(mix("read", "--epochs=2", "--batch-size=" + BATCH));
    String cursor = temporary.resolve("at.json").toString();
    List<String> first = mix("read", "--epochs=2", "--steps=" + steps);
    SortedMap<Long, List<String>> parts = shell.keys(first, BATCH, before);
    shell.ok(
        Shell.with(Shell.with(first, Shell.share(BATCH, before, 0)), "--cursor-out=" + cursor));
    parts.putAll(shell.keys(mix("read", "--epochs=2", "--cursor=" + cursor), BATCH, after));
    assertEquals(whole, parts);
  }

  @Test
  void otherWeightsHoldFromTheCursorOn(@TempDir Path temporary) {
    String cursor = temporary.resolve("at.json").toString();
    SortedMap<Long, List<String>> old =
        shell.keys(mix("read", "--batch-size=" + BATCH, "--epochs=3"));
    SortedMap<Long, List<String>> run =
        shell.keys(mix("read", "--batch-size=" + BATCH, "--steps=5", "--cursor-out=" + cursor));
    List<String> changed =
        List.of(
            "read",
            source("web", "1"),
            source("code", "3"),
            source("math", "0"),
            "--epochs=3",
            "--memory=64MiB");
    SortedMap<Long, List<String>> rest =
        shell.keys(Shell.with(changed, "--cursor=" + cursor), BATCH, 4);
    assertEquals(old.subMap(0L, 5L), run);
    assertEquals(5, rest.firstKey());
    rest.forEach(
        (step, rows) -> {
          assertEquals(12, rows.stream().filter(row -> row.endsWith(" web")).count());
          assertEquals(36, rows.stream().filter(row -> row.endsWith(" code")).count());
        });
    // The change is part of the run: cut after it, the run goes on alike, wherever it was said.
    String later = temporary.resolve("later.json").toString();
    shell.ok(
        Shell.with(
            changed,
            "--cursor=" + cursor,
            "--batch-size=" + BATCH,
            "--steps=4",
            "--cursor-out=" + later));
    SortedMap<Long, List<String>> end =
        shell.keys(Shell.with(changed, "--cursor=" + later), BATCH, 8);
    assertEquals(rest.tailMap(9L), end);
  }

  @Test
  void mixturesArePackedToo(@TempDir Path temporary) {
    String rule = "--batching=best-fit:bin:2000,group=120";
    List<String> run = mix("read", "--field=bin:u8[]", rule, "--epochs=2");
    SortedMap<Long, List<String>> whole = shell.keys(run, 6, 1);
    assertEquals(whole, shell.keys(run, 6, 3));
    long web =
        whole.values().stream().flatMap(List::stream).filter(row -> row.endsWith(" web")).count();
    long all = whole.values().stream().mapToLong(List::size).sum();
    assertEquals(0.5, (double) web / all, 0.05);
    String cursor = temporary.resolve("at.json").toString();
    SortedMap<Long, List<String>> parts =
        shell.keys(Shell.with(run, "--steps=3", "--cursor-out=" + cursor), 6, 2);
    parts.putAll(shell.keys(Shell.with(run, "--cursor=" + cursor), 6, 6));
    assertEquals(whole, parts);
  }

  @Test
  void aUsedUpSourceStopsTheRunOrHandsOver(@TempDir Path temporary) {
    List<String> finite =
        List.of(
            "read",
            source("web", "0.75"),
            source("math", "0.25,epochs=1,name=sums"),
            "--lanes=8",
            "--epochs=4",
            "--memory=64MiB");
    SortedMap<Long, List<String>> stopped = shell.keys(Shell.with(finite, "--batch-size=" + BATCH));
    assertEquals(3, stopped.size()); // 12 of 40 a step
    List<String> handing = Shell.with(finite, "--used-up=hand-over");
    SortedMap<Long, List<String>> on = shell.keys(Shell.with(handing, "--batch-size=" + BATCH));
    assertEquals(stopped, new TreeMap<>(on.headMap(3L)));
    assertEquals(4 * (280 / BATCH), on.size());
    on.tailMap(3L)
        .forEach((step, rows) -> rows.forEach(row -> assertTrue(row.endsWith(" web"), row)));
    // The same weights on resuming do not bring the source back.
    String cursor = temporary.resolve("at.json").toString();
    shell.ok(Shell.with(handing, "--batch-size=" + BATCH, "--steps=6", "--cursor-out=" + cursor));
    assertEquals(on.tailMap(6L), shell.keys(Shell.with(handing, "--cursor=" + cursor), BATCH, 2));
  }

  @Test
  void refusesWhatCannotBeMixed(@TempDir Path temporary) {
    String cursor = temporary.resolve("at.json").toString();
    shell.ok(mix("read", "--steps=1", "--cursor-out=" + cursor));
    refused("--mix", "read", data + "/web", source("code", "1"));
    refused("DATASET=WEIGHT", "read", "--mix=" + data + "/web");
    refused("weight 'much' is no number", "read", source("web", "much"));
    refused("a number from 0 on", "read", source("web", "-1"));
    refused("--end: pad", "read", source("web", "1"), "--end=pad");
    refused("--used-up", "read", source("web", "1"), "--used-up=perhaps");
    refused("cursor of a mixture of 3", "read", data + "/web", "--cursor=" + cursor);
    refused(
        "there are 2 now", "read", source("web", "1"), source("code", "1"), "--cursor=" + cursor);
    refused(
        "dataset fingerprint",
        "read",
        source("web", "1"),
        source("math", "1"),
        source("code", "1"),
        "--cursor=" + cursor);
  }

  private void refused(String why, String... arguments) {
    assertEquals(2, shell.run(arguments), shell.said());
    assertTrue(shell.said().contains(why), shell.said());
  }
}
