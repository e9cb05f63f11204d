package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The vectors that {@code src/test/golden/order.py} computes from the text of {@code
 * docs/order.md}: a cursor saved by any build means the same in every other.
 */
class GoldenVectorsTest {
  static Stream<String> vectors() throws IOException {
    try (InputStream in = GoldenVectorsTest.class.getResourceAsStream("/golden/order-v1.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII)
          .lines().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void agrees(String line) {
    int equals = line.indexOf(" = ");
    String[] given = line.substring(0, equals).split(" ", -1);
    assertEquals(line.substring(equals + 3), computed(given), line);
  }

  private static String computed(String[] given) {
    return switch (given[0]) {
      case "key" -> key(given);
      case "text" -> hex(Keyed.textKey(number(given, 1), number(given, 2), utf8(given[3])));
      case "shuffle" -> {
        int[] table = new int[integer(given, 1)];
        Keyed.permutation(table, table.length, number(given, 2));
        yield words(table);
      }
      case "global" -> global(given);
      case "block" -> block(given);
      case "step" -> step(given);
      case "mix" -> GoldenMixture.rows(given);
      case "arrival" -> arrival(given);
      case "id" -> OrderId.of(given[1]);
      default -> fail("no such vector: " + given[0]);
    };
  }

  private static String key(String[] given) {
    long key = 0;
    for (int i = 1; i < given.length; i++) {
      key = Keyed.absorb(key, number(given, i));
    }
    return hex(key);
  }

  private static String global(String[] given) {
    long n = number(given, 1);
    GlobalPermutation permutation = new GlobalPermutation(n, number(given, 2), number(given, 3));
    int count = (int) Math.min(n, n <= 1000 ? 100 : 12);
    long[] batch = new long[count];
    permutation.applyBatch(0, count, batch, new GlobalPermutation.Scratch());
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      assertEquals(batch[i], permutation.apply(i));
      assertEquals(i, permutation.invert(batch[i]));
      words.add(String.valueOf(batch[i]));
    }
    return String.join(" ", words);
  }

  private static String block(String[] given) {
    int[] counts = integers(given[1]);
    int[] marks = integers(given[2]);
    boolean[] closed = new boolean[marks.length];
    for (int i = 0; i < marks.length; i++) {
      closed[i] = marks[i] == 1;
    }
    OrderSpec spec =
        new OrderSpec(
            Shuffle.BLOCK,
            End.PAD,
            number(given, 3),
            1,
            integer(given, 4),
            integer(given, 5),
            integer(given, 6),
            integer(given, 7));
    Plan plan = Plan.of(DatasetShape.of("golden", counts, new long[counts.length], closed), spec);
    long epoch = number(given, 8);
    List<String> words = new ArrayList<>();
    for (long index = 0; index < plan.shape().sampleCount(); index++) {
      words.add(String.valueOf(plan.sampleAt(epoch, index)));
    }
    return String.join(" ", words);
  }

  private static String step(String[] given) {
    int n = integer(given, 1);
    int batch = integer(given, 2);
    int lanes = integer(given, 3);
    End end = End.valueOf(given[4]);
    OrderSpec spec = new OrderSpec(Shuffle.BLOCK, end, 0, batch, lanes, 2, 1, 2);
    Plan plan = Plan.of(Shapes.of(n), spec);
    Cursor at = plan.start().at(number(given, 5), number(given, 6), 0);
    StepSamples out = new StepSamples();
    plan.rank(0, 1).fill(at, out);
    List<String> words = new ArrayList<>();
    for (int row = 0; row < batch; row++) {
      words.add(
          out.lane(row)
              + ":"
              + out.epoch(row)
              + ":"
              + out.index(row)
              + ":"
              + (out.valid(row) ? 1 : 0));
    }
    return String.join(" ", words);
  }

  private static String arrival(String[] given) {
    int[] counts = integers(given[1]);
    ArrivalSpec spec =
        new ArrivalSpec(
            number(given, 2),
            integer(given, 3),
            integer(given, 4),
            integer(given, 5),
            integer(given, 6),
            number(given, 7));
    ArrivalOrder order = ArrivalOrder.of(spec, counts.length, "golden");
    ArrivingShards shards = ArrivingShards.of(order, counts, order.start());
    List<String> words = new ArrayList<>();
    for (int row = 0; row < integer(given, 8); row++) {
      ArrivingShards.Row next = shards.next();
      words.add(next.pass() + ":" + next.shard() + ":" + next.ordinal());
    }
    return String.join(" ", words);
  }

  private static String utf8(String hex) {
    return hex.equals("-") ? "" : new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
  }

  private static String hex(long word) {
    return HexFormat.of().toHexDigits(word);
  }

  private static long number(String[] given, int at) {
    return Long.parseLong(given[at]);
  }

  private static int integer(String[] given, int at) {
    return Integer.parseInt(given[at]);
  }

  private static int[] integers(String list) {
    return Stream.of(list.split(",", -1)).mapToInt(Integer::parseInt).toArray();
  }

  private static String words(int[] numbers) {
    List<String> words = new ArrayList<>();
    for (int number : numbers) {
      words.add(String.valueOf(number));
    }
    return String.join(" ", words);
  }
}
