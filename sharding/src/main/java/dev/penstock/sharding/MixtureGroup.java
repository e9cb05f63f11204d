package dev.penstock.sharding;

import java.util.List;

/**
 * A mixture inside a mixture.
 *
 * @param weight of the whole group beside its neighbours
 * @param parts that share it by their own weights
 */
public record MixtureGroup(double weight, List<MixPart> parts) implements MixPart {
  public MixtureGroup {
    parts = List.copyOf(parts);
  }
}
