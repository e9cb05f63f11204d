package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** A mixture as its definition reads, by counting: no closed forms, one row after the other. */
final class NaiveMixture {
  /** A row's source and its place there. */
  record Row(int lane, long position, int source, long epoch, long index) {}

  private record Dealt(double key, int source) {}

  private final Mixture mixture;
  private final long[][] read;
  private final int[] turn;

  /** The position at which a source handed over. */
  private final long[] goneAt;

  private List<Integer> pattern = new ArrayList<>();
  private List<Double> weights = List.of();
  private int batch;
  private long position;

  NaiveMixture(Mixture mixture) {
    this.mixture = mixture;
    this.read = new long[mixture.lanes()][mixture.sources().size()];
    this.turn = new int[mixture.lanes()];
    this.batch = mixture.globalBatch();
    this.goneAt = new long[mixture.sources().size()];
    Arrays.fill(goneAt, Long.MAX_VALUE);
    weights(mixture.schedule().get(0).weights());
  }

  /** Goes on with another batch; a hand-over that was due before the next step stays. */
  void batch(int other) {
    settle();
    batch = other;
  }

  /** Takes new weights from here on; what was used up before stays so. */
  void change(List<Double> other) {
    List<Double> left = new ArrayList<>(other);
    for (int d = 0; d < goneAt.length; d++) {
      if (goneAt[d] < position) {
        left.set(d, 0.0);
      } else {
        goneAt[d] = Long.MAX_VALUE;
      }
    }
    weights(left);
  }

  private void weights(List<Double> other) {
    weights = other;
    int[] quotas = quotas();
    List<Dealt> dealt = new ArrayList<>();
    for (int d = 0; d < quotas.length; d++) {
      for (int x = 0; x < quotas[d]; x++) {
        dealt.add(new Dealt((x + 0.5) / quotas[d], d));
      }
    }
    dealt.sort(Comparator.comparingDouble(Dealt::key).thenComparingInt(Dealt::source));
    pattern = new ArrayList<>();
    for (Dealt one : dealt) {
      pattern.add(one.source());
    }
    Arrays.fill(turn, 0);
  }

  /** The rows of the next step, in the order of ranks; empty when the run has ended. */
  List<Row> step() {
    List<Row> rows = settle();
    commit(rows);
    return rows;
  }

  /** Hands over what is used up before the next step, and gives that step's rows. */
  private List<Row> settle() {
    while (true) {
      List<Row> rows = tryStep();
      List<Double> left = new ArrayList<>(weights);
      for (Row row : rows) {
        if (isBehindTheEnd(row)) {
          left.set(row.source(), 0.0);
        }
      }
      if (left.equals(weights)) {
        return rows;
      }
      boolean none = left.stream().allMatch(weight -> weight == 0);
      if (none || mixture.usedUp() == UsedUp.STOP) {
        return List.of(); // nothing is handed over: with a smaller batch the run may go on
      }
      rows.stream().filter(this::isBehindTheEnd).forEach(row -> goneAt[row.source()] = position);
      weights(left);
    }
  }

  private boolean isBehindTheEnd(Row row) {
    long epochs = mixture.sources().get(row.source()).epochs();
    return epochs > 0 && row.epoch() >= epochs;
  }

  private List<Row> tryStep() {
    int lanes = mixture.lanes();
    long[][] seen = new long[lanes][];
    for (int lane = 0; lane < lanes; lane++) {
      seen[lane] = read[lane].clone();
    }
    int[] turns = turn.clone();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < batch; i++) {
      int lane = (int) ((position + i) % lanes);
      int phase = (int) ((long) lane * pattern.size() / lanes);
      int source = pattern.get((turns[lane]++ + phase) % pattern.size());
      long item = seen[lane][source]++;
      long perLane = mixture.shapes().get(source).sampleCount() / lanes;
      rows.add(new Row(lane, position + i, source, item / perLane, item % perLane * lanes + lane));
    }
    rows.sort(Comparator.comparingInt(Row::lane).thenComparingLong(Row::position));
    return rows;
  }

  private void commit(List<Row> rows) {
    for (Row row : rows) {
      read[row.lane()][row.source()]++;
      turn[row.lane()]++;
    }
    position += rows.size();
  }

  private int[] quotas() {
    double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
    int cycle = Math.max(batch, mixture.lanes());
    while (true) {
      int[] quotas = new int[weights.size()];
      List<Dealt> rests = new ArrayList<>();
      int left = cycle;
      for (int d = 0; d < quotas.length; d++) {
        double exact = weights.get(d) / sum * cycle;
        quotas[d] = (int) Math.floor(exact);
        rests.add(new Dealt(quotas[d] - exact, d));
        left -= quotas[d];
      }
      rests.sort(Comparator.comparingDouble(Dealt::key).thenComparingInt(Dealt::source));
      for (int i = 0; i < left; i++) {
        quotas[rests.get(i).source()]++;
      }
      boolean served = true;
      for (int d = 0; d < quotas.length; d++) {
        served &= weights.get(d) == 0 || quotas[d] > 0;
      }
      if (served) {
        return quotas;
      }
      cycle *= 2;
    }
  }
}
