package dev.penstock.loader;

import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.DatasetShape;
import dev.penstock.sharding.End;
import dev.penstock.sharding.GroupedPlan;
import dev.penstock.sharding.Grouping;
import dev.penstock.sharding.MixPart;
import dev.penstock.sharding.Mixture;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.MixtureSource;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.SourceOrder;
import dev.penstock.sharding.StepPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The order that a configuration asks for: that of its cursor if it has one, else the defaults for
 * data and global batch, with what was set otherwise.
 *
 * @param plan the order
 * @param start where the session begins
 */
record SessionOrder(StepPlan plan, Cursor start) {

  /** Steps of packs that a group holds as a rule, and packs that it holds at least. */
  private static final int GROUP_STEPS = 4;

  private static final int GROUP_PACKS_MIN = 256;

  /** Steps of other batches by lengths that a group holds. */
  private static final int GROUP_BATCHES = 16;

  /** Bounds a group where the defaults choose it: half of what is allowed. */
  private static final int GROUP_SAMPLES_MAX = Grouping.GROUP_MAX / 2;

  /** The order of one dataset; {@code lengths} are asked for if batches go by them. */
  static SessionOrder of(SessionConfig config, Dataset dataset, @Nullable TokenLengths lengths)
      throws IOException {
    DatasetShape shape = dataset.shape(config.filters());
    OrderSpec spec =
        config
            .planned()
            .map(cursor -> specOf(cursor).withGlobalBatch(config.globalBatch()))
            .orElseGet(
                () ->
                    OrderSpec.defaults(
                        shape,
                        config.shuffle(),
                        config.end(),
                        config.seed(),
                        config.globalBatch()));
    spec = config.lanes().isPresent() ? spec.withLanes(config.lanes().getAsInt()) : spec;
    spec = config.window().isPresent() ? spec.withWindow(config.window().getAsInt()) : spec;
    spec = config.groups().isPresent() ? spec.withGroups(config.groups().getAsInt()) : spec;
    if (config.extentSamples().isPresent()) {
      spec = spec.withExtentSamples(config.extentSamples().getAsInt());
    }
    Grouping rule = rule(config, lengths, shape.sampleCount());
    if (rule != null) {
      spec = spec.withGlobalBatch(rule.group()).withEnd(End.CARRY);
    }
    boolean same =
        config.planned().isEmpty()
            || config.planned().get().fingerprint().equals(shape.fingerprint());
    Plan plan =
        same
            ? Plan.of(shape, spec)
            : grown(config, dataset, shape, spec, config.planned().orElseThrow());
    return at(config, grouped(config, plan, rule, lengths));
  }

  private static StepPlan grouped(
      SessionConfig config,
      StepPlan plan,
      @Nullable Grouping rule,
      @Nullable TokenLengths lengths) {
    return rule == null || lengths == null
        ? plan
        : GroupedPlan.of(plan, rule, config.globalBatch(), lengths);
  }

  /** How batches go by lengths: in the cursor's groups, else those that data and batch suggest. */
  private static @Nullable Grouping rule(
      SessionConfig config, @Nullable TokenLengths lengths, long samples) {
    if (config.batching().isEmpty() || lengths == null) {
      return null;
    }
    Batching batching = config.batching().get();
    Grouping saved = config.planned().map(Cursor::grouping).orElse(null);
    int group;
    if (batching.group().isPresent() || (saved != null && holds(saved, config.globalBatch()))) {
      group = batching.group().orElse(saved == null ? 0 : saved.group());
    } else {
      group = group(batching, config.globalBatch(), lengths.mean(), samples);
    }
    boolean perRank = batching.kind() == Grouping.Kind.TOKENS;
    long budget = perRank ? batching.tokens() * config.world() : batching.tokens();
    return new Grouping(batching.kind(), group, budget, 0, batching.longer());
  }

  /** Whether a saved group can go on with a global batch: packs with any, steps with a divisor. */
  private static boolean holds(Grouping saved, int batch) {
    return saved.kind().packs() || saved.group() % batch == 0;
  }

  private static int group(Batching batching, int batch, double meanTokens, long samples) {
    if (batching.kind().packs()) {
      double packs = Math.max(GROUP_PACKS_MIN, (double) GROUP_STEPS * batch);
      double wanted = Math.max(GROUP_PACKS_MIN, packs * batching.tokens() / meanTokens);
      return (int) Math.max(1, Math.min(Math.min(wanted, GROUP_SAMPLES_MAX), (double) samples));
    }
    long steps = Math.min(GROUP_BATCHES, Math.min(GROUP_SAMPLES_MAX, samples) / batch);
    return Math.toIntExact(Math.max(1, steps) * batch);
  }

  /**
   * The order of a dataset to which shards were appended since the cursor was saved: an epoch that
   * has begun ends on the old list.
   */
  private static Plan grown(
      SessionConfig config, Dataset dataset, DatasetShape now, OrderSpec spec, Cursor saved)
      throws IOException {
    Optional<DatasetShape> before = dataset.before(saved.fingerprint(), config.filters());
    if (before.isPresent() && before.get().fingerprint().equals(saved.fingerprint())) {
      Grouping grouping = saved.grouping();
      boolean begun = saved.index() > 0 || (grouping != null && grouping.taken() > 0);
      long growsAt = begun ? saved.epoch() + 1 : saved.epoch();
      return Plan.grown(before.get(), now, spec, growsAt);
    }
    throw new IllegalArgumentException(
        "cursor of another dataset: " + changes(saved.fingerprint(), now.fingerprint(), before));
  }

  /** What changed between two fingerprints, as far as they say. */
  private static String changes(String saved, String now, Optional<DatasetShape> before) {
    if (before.isPresent() || Fingerprint.dataset(saved).equals(Fingerprint.dataset(now))) {
      return "the filters kept other samples of the shards (fingerprint was %s, is %s); use those it was saved with"
          .formatted(saved, before.map(DatasetShape::fingerprint).orElse(now));
    }
    String counts =
        "it was saved with %s, there are %s now (fingerprint was %s, is %s)"
            .formatted(Fingerprint.describe(saved), Fingerprint.describe(now), saved, now);
    return counts
        + (Fingerprint.shards(now) > Fingerprint.shards(saved)
            ? "; shards were added, but the first %d are not those it was saved with: one was replaced, renamed or moved"
                .formatted(Fingerprint.shards(saved))
            : "; shards may be appended, not replaced or taken away");
  }

  private static OrderSpec specOf(Cursor cursor) {
    if (!cursor.sources().isEmpty()) {
      throw new IllegalArgumentException(
          "cursor of a mixture of %d sources, but one dataset was named; name the sources with their weights"
              .formatted(cursor.sources().size()));
    }
    return cursor.spec();
  }

  /** The order of a mixture; weights that differ from the cursor's hold from there on. */
  static SessionOrder ofMixture(
      SessionConfig config, List<Dataset> datasets, @Nullable TokenLengths lengths)
      throws IOException {
    List<MixPart> parts = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (int i = 0; i < datasets.size(); i++) {
      DataSource source = config.mix().get(i);
      weights.add(source.weight());
      parts.add(
          new MixtureSource(
              source.name(),
              datasets.get(i).shape(config.filtersOf(source)),
              source.weight(),
              source.epochs()));
    }
    Mixture mixture =
        Mixture.defaults(
            parts, config.shuffle(), config.usedUp(), config.seed(), config.globalBatch());
    long samples = 0;
    for (DatasetShape shape : mixture.shapes()) {
      samples += shape.sampleCount();
    }
    Grouping rule = rule(config, lengths, samples);
    if (rule != null) {
      mixture = mixture.withGlobalBatch(rule.group());
    }
    if (config.lanes().isPresent()) {
      mixture = mixture.withLanes(config.lanes().getAsInt());
    }
    mixture = mixture.withSources(orders(config, mixture.sources()));
    if (config.planned().isPresent()) {
      Cursor saved = config.planned().get();
      if (saved.sources().isEmpty()) {
        throw new IllegalArgumentException(
            "cursor of one dataset, but a mixture of %d sources was named"
                .formatted(datasets.size()));
      }
      mixture = mixture.resuming(saved);
      if (!mixture.hasWeights(saved.index(), weights)) {
        mixture = mixture.withWeights(saved.index(), weights);
      }
    }
    return at(config, grouped(config, MixturePlan.of(mixture), rule, lengths));
  }

  private static List<SourceOrder> orders(SessionConfig config, List<SourceOrder> defaults) {
    List<SourceOrder> orders = new ArrayList<>();
    for (SourceOrder source : defaults) {
      orders.add(
          new SourceOrder(
              source.name(),
              source.fingerprint(),
              source.epochs(),
              or(config.window(), source.window()),
              or(config.groups(), source.groups()),
              or(config.extentSamples(), source.extentSamples())));
    }
    return orders;
  }

  private static int or(OptionalInt asked, int otherwise) {
    return asked.isPresent() ? asked.getAsInt() : otherwise;
  }

  private static SessionOrder at(SessionConfig config, StepPlan plan) {
    Cursor start = config.planned().map(plan::resume).orElseGet(plan::start);
    String expected = config.orderId().orElse(plan.orderId());
    if (!expected.equals(plan.orderId())) {
      throw new IllegalArgumentException(
          "order id is %s here and %s on other ranks: dataset, filters, seed, global batch or a parameter of the order differ; this rank has %s"
              .formatted(plan.orderId(), expected, plan.describe()));
    }
    return new SessionOrder(plan, config.skip() == 0 ? start : plan.after(start, config.skip()));
  }
}
