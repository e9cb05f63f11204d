package dev.penstock.sharding;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An order whose steps are made of groups of samples by their lengths: packs of a token budget,
 * batches of like lengths, batches of a token budget. A group is a fixed number of consecutive
 * samples of another order, which runs through its epochs without a gap; what a group becomes is a
 * pure function of its samples' lengths, so a cursor is the group's place and how many of its packs
 * (or steps) are used: resuming packs one group again. Steps are the same for every world size.
 *
 * <p>How many steps an epoch has follows from all lengths and is estimated from the first group.
 * Going {@code n} steps forward or back packs what lies between. Thread-safe.
 */
public final class GroupedPlan implements StepPlan {
  /** Groups that are remembered: those that look-ahead, gather and a jump of some steps need. */
  private static final int REMEMBERED = 4;

  private final StepPlan inner;
  private final Grouping rule;
  private final int globalBatch;
  private final Lengths lengths;
  private final long seed;
  private final RankView all;
  private final Map<Place, SampleGroup> recent = new LinkedHashMap<>(8, 0.75f, true);

  private record Place(long epoch, long index) {}

  /** How long samples are. Has to give the same answer always. */
  @FunctionalInterface
  public interface Lengths {
    /** Tokens of a sample, 0 or more, by its source, its shard there and its stored number. */
    int tokens(int source, int shard, int ordinal);

    /** Names a sample in a failure. */
    default String describe(int source, int shard, int ordinal) {
      return "sample %d of shard %d of source %d".formatted(ordinal, shard, source);
    }
  }

  private GroupedPlan(StepPlan inner, Grouping rule, int globalBatch, long seed, Lengths lengths) {
    this.inner = inner;
    this.rule = rule.at(0);
    this.globalBatch = globalBatch;
    this.seed = seed;
    this.lengths = lengths;
    this.all = inner.rank(0, 1);
  }

  /**
   * Groups the samples of a plan.
   *
   * @param inner whose steps are the groups: its global batch is {@code rule.group()}, and its end
   *     {@code CARRY} if it is of one dataset
   * @param globalBatch packs of a step over all ranks; rows for {@code BUCKET}; for {@code TOKENS},
   *     what a step's rows are a multiple of
   */
  public static GroupedPlan of(StepPlan inner, Grouping rule, int globalBatch, Lengths lengths) {
    if (inner instanceof GroupedPlan || inner.globalBatch() != rule.group()) {
      throw new IllegalArgumentException(
          "grouping by %d samples over steps of %d".formatted(rule.group(), inner.globalBatch()));
    }
    if (inner instanceof Plan plan && plan.spec().end() != End.CARRY) {
      throw new IllegalArgumentException(
          "grouping by lengths: end is %s, only carry is allowed: groups run on over epochs"
              .formatted(plan.spec().end()));
    }
    if (!rule.kind().packs() && rule.group() % globalBatch != 0) {
      throw new IllegalArgumentException(
          "grouping by lengths: groups of %d samples are no multiple of the global batch of %d"
              .formatted(rule.group(), globalBatch));
    }
    long seed =
        switch (inner) {
          case Plan plan -> plan.spec().seed();
          case MixturePlan mixture -> mixture.mixture().seed();
          case GroupedPlan _ -> throw new IllegalStateException("a group of groups");
        };
    return new GroupedPlan(inner, rule, globalBatch, seed, lengths);
  }

  /** The order of the samples, whose steps are the groups. */
  public StepPlan inner() {
    return inner;
  }

  /** The rule. */
  public Grouping rule() {
    return rule;
  }

  /** Whether a step's rows are laid end to end into packs. */
  public boolean packs() {
    return rule.kind().packs();
  }

  /** Packs of a step over all ranks; else 1, as a step is the unit then. */
  int unitsPerStep() {
    return packs() ? globalBatch : 1;
  }

  // ---- groups ----

  /** The group at a place of the inner order. */
  synchronized SampleGroup group(Cursor at) {
    Place place = new Place(at.epoch(), at.index());
    SampleGroup known = recent.get(place);
    if (known != null) {
      return known;
    }
    StepSamples rows = new StepSamples();
    Cursor next = all.fill(at, rows);
    long key = Keyed.key(seed, Keyed.GROUP_UNITS, at.epoch(), at.index());
    Pieces pieces = Pieces.of(rows, lengths, rule);
    SampleGroup made = SampleGroup.of(at, rows, next, pieces, rule, globalBatch, key);
    recent.put(place, made);
    if (recent.size() > REMEMBERED) {
      recent.remove(recent.keySet().iterator().next());
    }
    return made;
  }

  /** The first group from a place of the inner order on that has a pack or a step. */
  SampleGroup groupFrom(Cursor at) {
    SampleGroup group = group(at);
    long empty = 0;
    while (group.units() == 0) {
      if (++empty > inner.stepsPerEpoch() + 1) {
        throw new IllegalArgumentException(
            "every sample of an epoch is longer than %d tokens and would be dropped; choose larger packs, or to split them"
                .formatted(rule.budget()));
      }
      group = group(group.next());
    }
    return group;
  }

  /** The group that a cursor is in. */
  SampleGroup groupAt(Cursor at) {
    return group(innerAt(at));
  }

  int taken(Cursor at) {
    Grouping grouping = own(at).grouping();
    return grouping == null ? 0 : grouping.taken();
  }

  /** The group's start; the number of its step says nothing, but is large enough to go back. */
  private Cursor innerAt(Cursor at) {
    return inner.normal(own(at).grouped(rule.group(), 1L << 40, null));
  }

  private Cursor outer(Cursor at, int taken, long step) {
    return at.grouped(globalBatch, step, rule.at(taken));
  }

  private Cursor own(Cursor at) {
    Grouping grouping = at.grouping();
    if (grouping == null || !grouping.at(0).equals(rule) || at.globalBatch() != globalBatch) {
      throw new IllegalArgumentException(
          "cursor of another order (grouped by lengths: %s, global batch %d); take it up with resume first"
              .formatted(Resumption.rule(grouping), at.globalBatch()));
    }
    return at;
  }

  // ---- steps ----

  @Override
  public Cursor start() {
    return outer(inner.start(), 0, 0);
  }

  /** When the present group begins behind the last epoch: a run uses its last group up. */
  @Override
  public boolean ended(Cursor at, long epochs) {
    return inner.ended(innerAt(normal(at)), epochs);
  }

  @Override
  public Cursor normal(Cursor at) {
    return after(at, 0);
  }

  @Override
  public Cursor after(Cursor from, long count) {
    Cursor place = innerAt(from);
    long taken = taken(from) + Math.multiplyExact(count, unitsPerStep());
    while (taken < 0) {
      Cursor before = inner.after(place, -1);
      if (before.epoch() == place.epoch() && before.index() == place.index()) {
        return outer(place, 0, 0);
      }
      place = before;
      taken += group(place).units();
    }
    SampleGroup group = group(place);
    while (taken >= group.units()) {
      taken -= group.units();
      place = group.next();
      group = groupFrom(place);
      place = group.place();
    }
    return outer(place, (int) taken, Math.max(0, from.step() + count));
  }

  /**
   * Takes up a saved cursor. Packs may go on with another global batch anywhere; steps of like
   * lengths and of token budgets where a group begins, since a group's rows are dealt to steps of
   * one size: there the group and the token budget may differ too.
   */
  @Override
  public Cursor resume(Cursor saved) {
    Grouping grouping = saved.grouping();
    boolean batchAlike = packs() || saved.globalBatch() == globalBatch;
    if (grouping == null || !batchAlike || !grouping.at(0).equals(rule)) {
      refuseUnlessAtBorder(saved);
    }
    Cursor place = inner.resume(saved.grouped(rule.group(), saved.step(), null));
    return outer(place, grouping == null ? 0 : grouping.taken(), saved.step());
  }

  private void refuseUnlessAtBorder(Cursor saved) {
    Grouping grouping = saved.grouping();
    String where = "cannot resume at epoch %d, index %d: ".formatted(saved.epoch(), saved.index());
    if (grouping == null || grouping.kind() != rule.kind() || packs()) {
      throw new IllegalArgumentException(
          "%sgrouping by lengths was %s, is %s. Use the saved parameters, or start without the cursor"
              .formatted(where, Resumption.rule(grouping), Resumption.rule(rule)));
    }
    if (grouping.taken() > 0) {
      throw new IllegalArgumentException(
          "%sthe steps were %s with a global batch of %d, are %s with %d, and this group of %d samples was dealt to the former, %d of which are used. Go on as before (on any number of ranks) for %s, and change then, where a group begins"
              .formatted(
                  where,
                  Resumption.rule(grouping),
                  saved.globalBatch(),
                  Resumption.rule(rule),
                  globalBatch,
                  grouping.group(),
                  grouping.taken(),
                  left(grouping, saved.globalBatch())));
    }
  }

  /** Steps to the end of a cursor's group, in words. */
  private static String left(Grouping grouping, int batch) {
    return grouping.kind() == Grouping.Kind.BUCKET
        ? "%d more steps".formatted(grouping.group() / batch - grouping.taken())
        : "some steps more, until \"taken\" is 0 in the cursor";
  }

  @Override
  public RankView rank(int rank, int world) {
    return new GroupView(this, rank, world);
  }

  @Override
  public LookAhead lookAhead(int rank, int world, Cursor start, long epochs) {
    return new LookAhead(this, rank(rank, world), start, epochs);
  }

  // ---- figures ----

  /** Estimated from the first group, but for {@code BUCKET}, whose steps are counted. */
  @Override
  public long stepsPerEpoch() {
    long samples = 0;
    for (int source = 0; source < sources(); source++) {
      samples += samplesOf(source);
    }
    double units = (double) samples / rule.group() * group(inner.normal(inner.start())).units();
    return Math.max(1, Math.round(units / unitsPerStep()));
  }

  /** The inner order's, and the present group. */
  @Override
  public long workingSetSamples() {
    return inner.workingSetSamples() + rule.group();
  }

  @Override
  public long workingSetBytes() {
    double mean = (double) inner.workingSetBytes() / Math.max(1, inner.workingSetSamples());
    return inner.workingSetBytes() + Math.round(mean * rule.group());
  }

  @Override
  public int sources() {
    return inner.sources();
  }

  @Override
  public DatasetShape shape(int source) {
    return inner.shape(source);
  }

  @Override
  public long samplesOf(int source) {
    return inner.samplesOf(source);
  }

  @Override
  public int lanes() {
    return inner.lanes();
  }

  @Override
  public int globalBatch() {
    return globalBatch;
  }

  @Override
  public long substitutes(int source, long epoch, long index) {
    return inner.substitutes(source, epoch, index);
  }

  @Override
  public long substitute(int source, long epoch, long index, int attempt) {
    return inner.substitute(source, epoch, index, attempt);
  }

  /** At worst each host reads every lane: a step's rows are dealt by lane, but come as they fit. */
  @Override
  public double readAmplification(int world) {
    return world;
  }

  @Override
  public Cursor longest() {
    return outer(inner.longest(), Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  @Override
  public String orderId() {
    return OrderId.of(inner.orderId() + "|" + globalBatch + "|" + rule.id());
  }

  @Override
  public String describe() {
    return "%s, steps of %d, over %s"
        .formatted(Resumption.rule(rule), globalBatch, inner.describe());
  }
}
