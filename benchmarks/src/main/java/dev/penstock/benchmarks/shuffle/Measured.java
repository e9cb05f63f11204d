package dev.penstock.benchmarks.shuffle;

import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.End;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.RankView;
import dev.penstock.sharding.Shuffle;
import dev.penstock.sharding.ShuffleQuality;
import dev.penstock.sharding.ShuffleQuality.Epochs;
import dev.penstock.sharding.StepSamples;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * One order, measured.
 *
 * @param name of whose it is
 * @param about its parameters, in words
 * @param quality its measures over two epochs
 * @param first epoch: the stored number of the sample at each place
 */
public record Measured(String name, String about, ShuffleQuality quality, IntBuffer first) {
  private static final int EPOCHS = 2;

  /** An order that another loader's own code computed, an array of 32-bit numbers an epoch. */
  public record Foreign(String name, String about, List<Path> epochs) {}

  /** Penstock's orders, a random permutation, and those of others, each measured alike. */
  public static List<Measured> all(Dataset data, List<Foreign> others) throws IOException {
    int[] shardOf = data.shardOf();
    List<Measured> all = new ArrayList<>();
    all.add(
        of(
            "random permutation",
            "Fisher-Yates, the yardstick",
            ShuffleQuality.fisherYates(data.samples(), data.seed()),
            shardOf,
            data));
    for (Shuffle shuffle : List.of(Shuffle.BLOCK, Shuffle.GLOBAL)) {
      Plan plan = plan(data, shuffle);
      String name = "penstock " + shuffle.name().toLowerCase(Locale.ROOT);
      all.add(of(name, plan.describe(), epoch -> order(plan, epoch), shardOf, data));
    }
    for (Foreign other : others) {
      int[][] orders = new int[EPOCHS][];
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        orders[epoch] = read(other, epoch, data.samples());
      }
      all.add(of(other.name(), other.about(), epoch -> orders[epoch], shardOf, data));
    }
    int[] stored = IntStream.range(0, data.samples()).toArray();
    all.add(of("stored order", "not shuffled", epoch -> stored, shardOf, data));
    return all;
  }

  private static Measured of(
      String name, String about, Epochs epochs, int[] shardOf, Dataset data) {
    ShuffleQuality quality = ShuffleQuality.of(epochs, EPOCHS, shardOf, data.globalBatch());
    return new Measured(name, about, quality, IntBuffer.wrap(epochs.order(0)).asReadOnlyBuffer());
  }

  /** The plan of a fresh run with defaults. */
  static Plan plan(Dataset data, Shuffle shuffle) {
    DatasetShape shape = data.shape();
    return Plan.of(
        shape, OrderSpec.defaults(shape, shuffle, End.PAD, data.seed(), data.globalBatch()));
  }

  /** One epoch of a plan, by index. */
  static int[] order(Plan plan, int epoch) {
    RankView all = plan.rank(0, 1);
    StepSamples step = new StepSamples();
    int n = (int) plan.shape().sampleCount();
    int[] order = new int[n];
    long steps = plan.stepsPerEpoch();
    Cursor at = plan.after(plan.start(), epoch * steps);
    for (long done = 0; done < steps; done++) {
      at = all.fill(at, step);
      for (int row = 0; row < step.count(); row++) {
        if (step.valid(row)) {
          order[(int) step.index(row)] = (int) step.sample(row);
        }
      }
    }
    return order;
  }

  private static int[] read(Foreign other, int epoch, int n) throws IOException {
    byte[] bytes = Files.readAllBytes(other.epochs().get(epoch));
    int[] order = new int[bytes.length / Integer.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(order);
    boolean[] seen = new boolean[n];
    for (int number : order) {
      if (number < 0 || number >= n || seen[number]) {
        throw new IOException(
            "%s, epoch %d: %d is no sample of %d, or comes twice"
                .formatted(other.name(), epoch, number, n));
      }
      seen[number] = true;
    }
    if (order.length != n) {
      throw new IOException(
          "%s, epoch %d has %d of %d samples".formatted(other.name(), epoch, order.length, n));
    }
    return order;
  }
}
