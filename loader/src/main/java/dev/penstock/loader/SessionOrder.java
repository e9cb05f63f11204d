package dev.penstock.loader;

import dev.penstock.sharding.Cursor;
import dev.penstock.sharding.MixPart;
import dev.penstock.sharding.Mixture;
import dev.penstock.sharding.MixturePlan;
import dev.penstock.sharding.MixtureSource;
import dev.penstock.sharding.OrderSpec;
import dev.penstock.sharding.Plan;
import dev.penstock.sharding.SourceOrder;
import dev.penstock.sharding.StepPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The order that a configuration asks for: that of its cursor if it has one, else the defaults for
 * data and global batch, with what was set otherwise.
 *
 * @param plan the order
 * @param start where the session begins
 */
record SessionOrder(StepPlan plan, Cursor start) {

  /** The order of one dataset. */
  static SessionOrder of(SessionConfig config, Dataset dataset) {
    OrderSpec spec =
        config
            .cursor()
            .map(cursor -> specOf(cursor).withGlobalBatch(config.globalBatch()))
            .orElseGet(
                () ->
                    OrderSpec.defaults(
                        dataset.shape(),
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
    return at(config, Plan.of(dataset.shape(), spec));
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
  static SessionOrder ofMixture(SessionConfig config, List<Dataset> datasets) {
    List<MixPart> parts = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (int i = 0; i < datasets.size(); i++) {
      DataSource source = config.mix().get(i);
      weights.add(source.weight());
      parts.add(
          new MixtureSource(
              source.name(), datasets.get(i).shape(), source.weight(), source.epochs()));
    }
    Mixture mixture =
        Mixture.defaults(
            parts, config.shuffle(), config.usedUp(), config.seed(), config.globalBatch());
    if (config.lanes().isPresent()) {
      mixture = mixture.withLanes(config.lanes().getAsInt());
    }
    mixture = mixture.withSources(orders(config, mixture.sources()));
    if (config.cursor().isPresent()) {
      Cursor saved = config.cursor().get();
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
    return at(config, MixturePlan.of(mixture));
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
    return new SessionOrder(plan, config.cursor().map(plan::resume).orElseGet(plan::start));
  }
}
