package dev.penstock.cache.http;

/**
 * What connections hold in the Java heap beside the memory that answers go to: part of what the
 * process takes beyond its byte budget, and bounded by the number of requests that may be in
 * flight.
 */
public final class ConnectionMemory {
  /**
   * The largest record of TLS with its header, as the JDK sizes buffers for it (RFC 8446, 5.2: 2^14
   * + 256 bytes of ciphertext; the JDK rounds up for older versions).
   */
  private static final int RECORD_BYTES_MAX = 17 << 10;

  /** Questions beside the ranges: heads and listings ({@code FindAhead}), a few scans. */
  private static final int QUESTIONS_MAX = 32;

  private ConnectionMemory() {}

  /** Bytes that one connection holds at most. */
  public static int ofConnection(boolean tls) {
    int records = tls ? TlsWire.INPUT_BYTES + 2 * RECORD_BYTES_MAX : 0;
    return HttpHead.BYTES_MAX + records;
  }

  /**
   * Bytes that all connections of a store hold at most.
   *
   * @param requestsMax ranges in flight at most, each of which may be asked for twice
   */
  public static long ofStore(int requestsMax, boolean tls) {
    int connections =
        Math.max(HttpClientConfig.defaults().idleMax(), 2 * requestsMax + QUESTIONS_MAX);
    return (long) connections * ofConnection(tls);
  }
}
