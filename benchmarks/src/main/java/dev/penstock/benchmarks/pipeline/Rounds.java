package dev.penstock.benchmarks.pipeline;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The measured rounds of several contenders. Round by round each has its turn, so that a machine
 * that slows down slows all of them. Each contender warms up first, in rounds that do not count.
 */
final class Rounds {
  private final Map<Contender, List<Measured>> measured = new LinkedHashMap<>();

  private Rounds() {}

  static Rounds run(List<Contender> contenders, int rounds, Runnable beforeEach)
      throws IOException, InterruptedException {
    Rounds all = new Rounds();
    contenders.forEach(contender -> all.measured.put(contender, new ArrayList<>()));
    for (Contender contender : contenders) {
      for (int round = 0; round < contender.warmUpRounds(); round++) {
        beforeEach.run();
        contender.round();
      }
    }
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<Contender, List<Measured>> entry : all.measured.entrySet()) {
        beforeEach.run();
        Measured one = entry.getKey().round();
        entry.getValue().add(one);
      }
    }
    return all;
  }

  List<Contender> contenders() {
    return List.copyOf(measured.keySet());
  }

  /** The median over the counted rounds. */
  double median(Contender contender, ToDoubleFunction<Measured> figure) {
    List<Measured> rounds = measured.getOrDefault(contender, List.of());
    double[] values = rounds.stream().mapToDouble(figure).sorted().toArray();
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
}
