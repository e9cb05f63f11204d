package dev.penstock.bridge;

import java.util.Map;

/** What of the kernel this process can use, and for each missing feature the reason. */
public final class NativeSupport {
  private NativeSupport() {}

  /** Feature name to "ok" or to the reason why its twin is used and what would fix it. */
  public static Map<String, String> report() {
    return Map.of();
  }
}
