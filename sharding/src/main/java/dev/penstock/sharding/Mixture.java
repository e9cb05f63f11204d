package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/**
 * The parameters of a mixture; they fix its order completely, whatever the number of ranks.
 *
 * @param shuffle how each source is ordered
 * @param usedUp what happens at the end of a finite source
 * @param seed any number; each source gets its own from it
 * @param globalBatch rows of one step over all ranks
 * @param lanes that all sources share; 1 unless {@code BLOCK}
 * @param sources in their order, which is part of the mixture's identity
 * @param shapes of the sources' datasets
 * @param schedule of weights, the first at position 0
 * @param settled position before which the schedule is history: what a source's end made of it is
 *     in it already
 */
public record Mixture(
    Shuffle shuffle,
    UsedUp usedUp,
    long seed,
    int globalBatch,
    int lanes,
    List<SourceOrder> sources,
    List<DatasetShape> shapes,
    List<MixEntry> schedule,
    long settled) {
  /** Bounds the tables of lanes and sources that each entry needs. */
  static final int SCHEDULE_MAX = 4096;

  /** Shares that differ by less are the same, written differently. */
  private static final double SAME_SHARE = 1e-9;

  public Mixture {
    sources = List.copyOf(sources);
    shapes = List.copyOf(shapes);
    schedule = List.copyOf(schedule);
    if (shuffle == Shuffle.ARRIVAL) {
      throw new IllegalArgumentException(
          "shuffle: a mixture's sources have epochs, which the order of arrival has not");
    }
    if (sources.isEmpty() || sources.size() != shapes.size()) {
      throw new IllegalArgumentException(
          "mixture of "
              + sources.size()
              + " sources with "
              + shapes.size()
              + " shapes: at least one source, each with its shape, is needed");
    }
    for (int d = 0; d < sources.size(); d++) {
      checkSource(sources.get(d), shapes.get(d), lanes);
    }
    checkSchedule(schedule, sources.size());
  }

  /**
   * A mixture by its weights, with the parameters that its datasets and the batch suggest. Nested
   * groups are flattened.
   */
  public static Mixture defaults(
      List<? extends MixPart> parts, Shuffle shuffle, UsedUp usedUp, long seed, int globalBatch) {
    return MixtureDefaults.of(MixPart.flatten(parts), shuffle, usedUp, seed, globalBatch);
  }

  /**
   * The same mixture with other weights from a position on, in place of later entries. Sources that
   * were used up before stay so, whatever their weight.
   */
  public Mixture withWeights(long position, List<Double> weights) {
    List<MixEntry> entries = new ArrayList<>();
    List<Integer> gone = List.of();
    for (MixEntry entry : schedule) {
      if (entry.position() < position) {
        gone = entry.usedUp();
        entries.add(entry);
      }
    }
    int cycle = MixPattern.cycle(MixEntry.shares(weights, gone), globalBatch, lanes);
    entries.add(new MixEntry(position, cycle, weights, gone));
    return new Mixture(
        shuffle,
        usedUp,
        seed,
        globalBatch,
        lanes,
        sources,
        shapes,
        entries,
        Math.max(settled, position));
  }

  /**
   * The same mixture as a saved run has lived it: its past schedule, lanes and sources' parameters,
   * with this one's batch, names and weights of the future.
   *
   * @throws IllegalArgumentException if the cursor has other sources
   */
  public Mixture resuming(Cursor saved) {
    List<SourceOrder> taken = new ArrayList<>();
    if (saved.sources().size() != sources.size()) {
      throw new IllegalArgumentException(
          "cursor of a mixture of %d sources %s; there are %d now, %s"
              .formatted(
                  saved.sources().size(), names(saved.sources()), sources.size(), names(sources)));
    }
    for (int d = 0; d < sources.size(); d++) {
      taken.add(saved.sources().get(d).named(sources.get(d).name()));
    }
    List<MixEntry> entries = new ArrayList<>(saved.schedule());
    for (MixEntry entry : schedule) {
      if (entry.position() > saved.index()) {
        entries.add(entry);
      }
    }
    return new Mixture(
        saved.shuffle(),
        usedUp,
        saved.seed(),
        globalBatch,
        saved.lanes(),
        taken,
        shapes,
        entries,
        saved.index());
  }

  /**
   * Whether these weights, at a position, would change nothing: they are in the same proportions as
   * those that were last asked for there.
   */
  public boolean hasWeights(long position, List<Double> weights) {
    List<Double> held = schedule.get(0).weights();
    for (MixEntry entry : schedule) {
      held = entry.position() <= position ? entry.weights() : held;
    }
    double sum = held.stream().mapToDouble(w -> w).sum();
    double other = weights.stream().mapToDouble(w -> w).sum();
    boolean same = weights.size() == held.size();
    for (int d = 0; same && d < held.size(); d++) {
      same = Math.abs(held.get(d) / sum - weights.get(d) / other) < SAME_SHARE;
    }
    return same;
  }

  private static List<String> names(List<SourceOrder> sources) {
    return sources.stream().map(SourceOrder::name).toList();
  }

  public Mixture withGlobalBatch(int other) {
    return new Mixture(shuffle, usedUp, seed, other, lanes, sources, shapes, schedule, settled);
  }

  public Mixture withLanes(int other) {
    return new Mixture(
        shuffle, usedUp, seed, globalBatch, other, sources, shapes, schedule, settled);
  }

  public Mixture withSources(List<SourceOrder> other) {
    return new Mixture(shuffle, usedUp, seed, globalBatch, lanes, other, shapes, schedule, settled);
  }

  /** The order of one source by itself; its seed is its own. */
  OrderSpec sourceSpec(int source) {
    SourceOrder order = sources.get(source);
    return new OrderSpec(
        shuffle,
        End.DROP,
        Keyed.key(seed, Keyed.MIX_SOURCE, source),
        globalBatch,
        lanes,
        order.window(),
        order.groups(),
        order.extentSamples());
  }

  private static void checkSource(SourceOrder source, DatasetShape shape, int lanes) {
    if (!source.fingerprint().equals(shape.fingerprint())) {
      throw new IllegalArgumentException(
          "source "
              + source.name()
              + ": dataset fingerprint was "
              + source.fingerprint()
              + ", is "
              + shape.fingerprint());
    }
    if (shape.sampleCount() < lanes) {
      throw new IllegalArgumentException(
          "source "
              + source.name()
              + " has "
              + shape.sampleCount()
              + " samples, fewer than the "
              + lanes
              + " lanes that it is dealt over; choose fewer lanes");
    }
  }

  private static void checkSchedule(List<MixEntry> schedule, int sources) {
    if (schedule.isEmpty() || schedule.size() > SCHEDULE_MAX || schedule.get(0).position() != 0) {
      throw new IllegalArgumentException(
          "schedule of "
              + schedule.size()
              + " entries: 1 to "
              + SCHEDULE_MAX
              + " are allowed, the first at position 0");
    }
    for (int i = 0; i < schedule.size(); i++) {
      MixEntry entry = schedule.get(i);
      if (entry.weights().size() != sources) {
        throw new IllegalArgumentException(
            "schedule entry at position "
                + entry.position()
                + " has "
                + entry.weights().size()
                + " weights for "
                + sources
                + " sources");
      }
      if (i > 0 && entry.position() <= schedule.get(i - 1).position()) {
        throw new IllegalArgumentException(
            "schedule entry at position "
                + entry.position()
                + " follows one at "
                + schedule.get(i - 1).position()
                + "; positions have to rise");
      }
    }
  }
}
