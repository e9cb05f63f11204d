package dev.penstock.loader;

import dev.penstock.sharding.End;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What the order of arrival cannot do, and why. */
final class ArrivalLimits {
  private ArrivalLimits() {}

  /**
   * Refuses what needs to be known of the data before it is read.
   *
   * @throws IllegalArgumentException naming the option and what to do instead
   */
  static void check(
      long epochs,
      End end,
      BadSamplePolicy onBad,
      OptionalInt groups,
      OptionalInt extentSamples,
      List<DataSource> mix,
      List<SampleFilter> filters,
      long skip,
      Optional<Batching> batching) {
    if (epochs != 0) {
      throw refused(
          "--epochs",
          "never ends: without an index nobody knows how many steps all ranks have, so there are no"
              + " epochs; stop with --steps, or read no further");
    }
    if (end != End.DROP) {
      throw refused(
          "--end", "has no epochs, so no last step that is not full; every batch is full");
    }
    if (groups.isPresent()) {
      throw refused("--groups", "has no groups of lanes");
    }
    if (extentSamples.isPresent()) {
      throw refused("--extent", "cuts no shard into extents; --window bounds what is permuted");
    }
    if (!mix.isEmpty()) {
      throw refused("--mix", "mixes nothing: shares need the sources' sizes; use another order");
    }
    if (!filters.isEmpty()) {
      throw refused(
          "--filter", "selects nothing: filters go by the shards' indexes; use another order");
    }
    if (skip != 0) {
      throw refused(
          "--skip", "cannot leave steps out without reading them; go on from another cursor");
    }
    if (batching.isPresent()) {
      throw refused(
          "--batching", "knows no lengths: batches by lengths need indexes; use another order");
    }
    if (onBad == BadSamplePolicy.REPLACE) {
      throw refused(
          "--on-bad",
          "replaces nothing: a stand-in would come twice in its pass; skip leaves the place empty");
    }
  }

  private static IllegalArgumentException refused(String option, String why) {
    return new IllegalArgumentException("%s: --shuffle arrival %s".formatted(option, why));
  }
}
