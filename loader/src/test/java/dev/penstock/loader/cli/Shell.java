package dev.penstock.loader.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Runs verbs as a shell would, and reads what they print. */
final class Shell {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  int run(String... arguments) {
    out.reset();
    err.reset();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return Main.run(console, arguments);
  }

  String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** Runs what has to go well. */
  String ok(List<String> arguments) {
    assertEquals(0, run(arguments.toArray(String[]::new)), arguments + ": " + said());
    return printed();
  }

  JsonNode json(List<String> arguments) throws IOException {
    return new ObjectMapper().readTree(ok(with(arguments, "--json")));
  }

  /** The rows of each step as {@code --keys -} has them, without rank and row, in printed order. */
  SortedMap<Long, List<String>> keys(List<String> arguments) {
    SortedMap<Long, List<String>> steps = new TreeMap<>();
    ok(with(arguments, "--keys=-"))
        .lines()
        .map(line -> line.split("\t", -1))
        .forEach(
            line -> {
              String row = line[4] + (line.length > 5 ? " " + line[5] : "");
              steps.computeIfAbsent(Long.valueOf(line[1]), step -> new ArrayList<>()).add(row);
            });
    return steps;
  }

  /** The same of all ranks of a world together, rank after rank. */
  SortedMap<Long, List<String>> keys(List<String> arguments, int globalBatch, int world) {
    SortedMap<Long, List<String>> steps = new TreeMap<>();
    for (int rank = 0; rank < world; rank++) {
      keys(with(arguments, share(globalBatch, world, rank)))
          .forEach(
              (step, rows) -> steps.computeIfAbsent(step, s -> new ArrayList<>()).addAll(rows));
    }
    return steps;
  }

  /** The options of one rank. */
  static String[] share(int globalBatch, int world, int rank) {
    return new String[] {
      "--batch-size=" + globalBatch / world, "--world=" + world, "--rank=" + rank
    };
  }

  static List<String> with(List<String> arguments, String... more) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of(more));
    return all;
  }

  /** Writes shards {@code name-0.tar} and so on, whose samples are numbered through. */
  static void shards(Path directory, String name, int shards, int samplesEach) throws IOException {
    for (int shard = 0; shard < shards; shard++) {
      Path file = directory.resolve(name + "-" + shard + ".tar");
      try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
        for (int i = 0; i < samplesEach; i++) {
          int number = shard * samplesEach + i;
          byte[] text = (name + number).getBytes(StandardCharsets.UTF_8);
          byte[] filler = new byte[number % 7 == 0 ? 900 : 30];
          writer.write(
              name + number, List.of(SampleField.of("txt", text), SampleField.of("bin", filler)));
        }
      }
    }
  }
}
