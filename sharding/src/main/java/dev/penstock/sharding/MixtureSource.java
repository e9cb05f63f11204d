package dev.penstock.sharding;

/**
 * One dataset of a mixture.
 *
 * @param name for people and messages
 * @param shape of the dataset
 * @param weight its share of the rows; only proportions matter
 * @param epochs after which the source is used up, 0 if it repeats for ever
 */
public record MixtureSource(String name, DatasetShape shape, double weight, long epochs)
    implements MixPart {
  /** A source that repeats for ever. */
  public MixtureSource(String name, DatasetShape shape, double weight) {
    this(name, shape, weight, 0);
  }

  MixtureSource withWeight(double other) {
    return new MixtureSource(name, shape, other, epochs);
  }
}
