package dev.penstock.loader;

import java.util.List;

/**
 * Parts of a mixture that together have one weight, which they share by their own.
 *
 * @param weight of the group beside its neighbours
 * @param parts of it, at least one
 */
public record DataGroup(double weight, List<DataPart> parts) implements DataPart {
  /** Checks and copies. */
  public DataGroup {
    parts = List.copyOf(parts);
    DataSource.checkWeight("a group", weight);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("mix: a group without parts has no share to give");
    }
  }
}
