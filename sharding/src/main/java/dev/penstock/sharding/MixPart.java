package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/** A part of a mixture: a source, or a group of parts that share the group's weight. */
public sealed interface MixPart permits MixtureSource, MixtureGroup {
  /** The share of this part beside its neighbours; only proportions matter. */
  double weight();

  /** The sources of nested parts, each with the weight that the nesting gives it. */
  static List<MixtureSource> flatten(List<? extends MixPart> parts) {
    List<MixtureSource> sources = new ArrayList<>();
    for (MixPart part : parts) {
      switch (part) {
        case MixtureSource source -> sources.add(source);
        case MixtureGroup group -> {
          List<MixtureSource> inner = flatten(group.parts());
          double sum = 0;
          for (MixtureSource source : inner) {
            sum += source.weight();
          }
          for (MixtureSource source : inner) {
            double share = sum > 0 ? source.weight() / sum : 0;
            sources.add(source.withWeight(group.weight() * share));
          }
        }
      }
    }
    return sources;
  }
}
