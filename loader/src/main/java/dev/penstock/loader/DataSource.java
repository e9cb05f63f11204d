package dev.penstock.loader;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One dataset of a mixture, as it is asked for.
 *
 * @param name in reports and metrics; the last part of the pattern if empty
 * @param dataset paths or URLs with brace patterns, globs, directories or {@code @lists}
 * @param weight its share of the rows beside the other sources; only proportions matter, 0 pauses
 * @param epochs after which it is used up; 0 repeats it for ever
 * @param filters of which its samples have to pass all, besides those of the whole mixture
 */
public record DataSource(
    String name, List<String> dataset, double weight, long epochs, List<SampleFilter> filters)
    implements DataPart {
  /** Checks and copies. */
  public DataSource {
    dataset = List.copyOf(dataset);
    filters = List.copyOf(filters);
    if (dataset.isEmpty()) {
      throw new IllegalArgumentException("mix: source '" + name + "' names no dataset");
    }
    name = name.isEmpty() ? lastPart(dataset.getFirst()) : name;
    checkWeight(name, weight);
    if (epochs < 0) {
      throw new IllegalArgumentException(
          "mix: epochs of %s is %d, 0 (for ever) or more is accepted".formatted(name, epochs));
    }
  }

  /** A source that repeats for ever, named after its pattern. */
  public static DataSource of(String pattern, double weight) {
    return new DataSource("", List.of(pattern), weight, 0, List.of());
  }

  static void checkWeight(String what, double weight) {
    if (!(weight >= 0) || Double.isInfinite(weight)) {
      throw new IllegalArgumentException(
          "mix: weight of %s is %s, a number from 0 on is accepted".formatted(what, weight));
    }
  }

  /** What tells patterns apart and is the same wherever the data is stored. */
  private static String lastPart(String pattern) {
    String path = pattern.endsWith("/") ? pattern.substring(0, pattern.length() - 1) : pattern;
    String last = path.substring(path.lastIndexOf('/') + 1);
    return last.startsWith("@") ? last.substring(1) : last;
  }

  DataSource withWeight(double other) {
    return new DataSource(name, dataset, other, epochs, filters);
  }

  /** The same sources with names that differ: a repeated one gets a number. */
  static List<DataSource> uniquelyNamed(List<DataSource> sources) {
    Set<String> taken = new HashSet<>();
    List<DataSource> named = new ArrayList<>();
    for (DataSource source : sources) {
      String name = source.name;
      for (int i = 2; !taken.add(name); i++) {
        name = source.name + "#" + i;
      }
      named.add(new DataSource(name, source.dataset, source.weight, source.epochs, source.filters));
    }
    return named;
  }
}
