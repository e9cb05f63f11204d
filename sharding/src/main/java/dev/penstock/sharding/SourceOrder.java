package dev.penstock.sharding;

/**
 * What a mixture's cursor says of one source.
 *
 * @param name of the source, for people and messages
 * @param fingerprint of its dataset
 * @param epochs after which the source is used up, 0 if it repeats for ever
 * @param window of its lanes
 * @param groups that stay with their lanes
 * @param extentSamples samples of its extents
 */
public record SourceOrder(
    String name, String fingerprint, long epochs, int window, int groups, int extentSamples) {
  public SourceOrder {
    if (epochs < 0) {
      throw new IllegalArgumentException(
          "epochs: " + epochs + " of source " + name + " is out of range, 0 or more is allowed");
    }
  }

  SourceOrder named(String other) {
    return new SourceOrder(other, fingerprint, epochs, window, groups, extentSamples);
  }
}
