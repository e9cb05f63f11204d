package dev.penstock.benchmarks.shuffle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.sharding.ShuffleQuality;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The distance of the orders to a random permutation, as docs/order.md states it. */
class MeasuredTest {
  private static final Dataset IMAGENET = new Dataset(1_281_167, 147, 110_000, 1024, 7);

  @Test
  void blockOrderIsAsNearToARandomPermutationAsStated() throws IOException {
    List<Measured> all = Measured.all(IMAGENET, List.of());
    Map<String, ShuffleQuality> by =
        all.stream().collect(Collectors.toMap(Measured::name, Measured::quality));
    ShuffleQuality block = Objects.requireNonNull(by.get("penstock block"));
    ShuffleQuality global = Objects.requireNonNull(by.get("penstock global"));
    ShuffleQuality random = Objects.requireNonNull(by.get("random permutation"));
    System.out.println(String.join(System.lineSeparator(), Picture.lines(all)));
    assertEquals(1.0 / 3, block.moved(), 0.01);
    assertEquals(0, block.correlation(), 0.08);
    within(block, ShuffleQuality::chiSquare, 100, 400);
    within(block, ShuffleQuality::together, 1, 75);
    within(block, ShuffleQuality::shards, 0.85, 1.05);
    within(block, ShuffleQuality::recurrence, 0.9, 1.2);
    for (ShuffleQuality full : List.of(global, random)) {
      assertEquals(1.0 / 3, full.moved(), 0.002);
      assertEquals(0, full.correlation(), 0.005);
      within(full, ShuffleQuality::chiSquare, 0.6, 1.4);
      within(full, ShuffleQuality::together, 0.9, 1.1);
      within(full, ShuffleQuality::recurrence, 0.99, 1.01);
    }
    String page = Picture.page(IMAGENET, all, List.of("grain: not there"));
    assertTrue(page.contains("penstock block") && page.contains("not there"));
  }

  private static void within(
      ShuffleQuality of, Function<ShuffleQuality, Double> measure, double from, double to) {
    double value = measure.apply(of);
    assertTrue(value >= from && value <= to, () -> value + " is not within " + from + " … " + to);
  }

  @Test
  void anOrderThatIsNoneIsRefused(@TempDir Path directory) throws IOException {
    Dataset tiny = new Dataset(4, 2, 10, 2, 1);
    assertEquals(4, foreign(tiny, directory, 3, 1, 2, 0).getLast().first().limit());
    for (int[] wrong : new int[][] {{0, 1, 2}, {0, 1, 1, 2}, {0, 1, 2, 4}, {0, 1, 2, -1}}) {
      assertThrows(IOException.class, () -> foreign(tiny, directory, wrong));
    }
  }

  private static List<Measured> foreign(Dataset data, Path directory, int... numbers)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(numbers);
    Path file = Files.write(directory.resolve("order"), bytes.array());
    return Measured.all(
        data, List.of(new Measured.Foreign("other", "made up", List.of(file, file))));
  }
}
