package dev.penstock.sharding;

import java.util.HexFormat;

/** The 128-bit id of an order; not a cryptographic hash. */
final class OrderId {
  private OrderId() {}

  static String of(Cursor start) {
    String text =
        start.version()
            + "|"
            + start.fingerprint()
            + "|"
            + start.shuffle().name()
            + "|"
            + start.end().name()
            + "|"
            + start.seed()
            + "|"
            + start.globalBatch()
            + "|"
            + start.lanes()
            + "|"
            + start.window()
            + "|"
            + start.groups()
            + "|"
            + start.extentSamples();
    return of(text);
  }

  /** Two 64-bit keys of a text that differ in their seed. */
  static String of(String text) {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(Keyed.textKey(0, Keyed.ORDER_ID, text))
        + hex.toHexDigits(Keyed.textKey(1, Keyed.ORDER_ID, text));
  }
}
