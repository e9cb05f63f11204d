package dev.penstock.loader;

import java.util.ArrayList;
import java.util.List;

/** A part of a mixture as it is asked for: a source, or a group that shares the group's weight. */
public sealed interface DataPart permits DataSource, DataGroup {
  /** The share of this part beside its neighbours; only proportions matter. */
  double weight();

  /** The sources of nested parts, each with the weight that the nesting gives it. */
  static List<DataSource> flatten(List<? extends DataPart> parts) {
    List<DataSource> sources = new ArrayList<>();
    for (DataPart part : parts) {
      switch (part) {
        case DataSource source -> sources.add(source);
        case DataGroup group -> {
          List<DataSource> inner = flatten(group.parts());
          double sum = 0;
          for (DataSource source : inner) {
            sum += source.weight();
          }
          for (DataSource source : inner) {
            double share = sum > 0 ? source.weight() / sum : 0;
            sources.add(source.withWeight(group.weight() * share));
          }
        }
      }
    }
    return sources;
  }
}
