package dev.penstock.loader.cli;

import picocli.CommandLine.ITypeConverter;

/**
 * A store as the command line describes it: {@code 1GB} a second, or {@code 1GB,20} with the
 * milliseconds until a request's first byte.
 *
 * @param bytesPerSecond at least 1
 * @param latencyMillis 0 or more
 */
record StoreSpeed(long bytesPerSecond, double latencyMillis) {
  /** Reads the written form. */
  static final class Converter implements ITypeConverter<StoreSpeed> {
    @Override
    public StoreSpeed convert(String value) {
      int comma = value.indexOf(',');
      String rate = comma < 0 ? value : value.substring(0, comma);
      double latency = comma < 0 ? 0 : latency(value.substring(comma + 1));
      ByteSize bytes = ByteSize.parse(rate);
      if (bytes.bytes() == 0 || !(latency >= 0) || latency > 1e6) {
        throw new IllegalArgumentException(
            "'%s' is no store; write bytes a second and, behind a comma, milliseconds a request, as 1GB,20"
                .formatted(value));
      }
      return new StoreSpeed(bytes.bytes(), latency);
    }

    private static double latency(String text) {
      try {
        return Double.parseDouble(text);
      } catch (NumberFormatException _) {
        return -1;
      }
    }
  }
}
