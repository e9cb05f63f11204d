package dev.penstock.cache.origin;

import dev.penstock.bridge.ByteBudget;
import java.util.Map;

/**
 * Makes an origin that is not part of this module, such as S3 or HDFS. Found by {@link
 * java.util.ServiceLoader}, so that whoever does not use a store does not carry its libraries.
 */
public interface OriginProvider {
  /** The URL scheme that the origin serves, without the colon: {@code "s3"}. */
  String scheme();

  /**
   * Opens the origin; the caller closes it.
   *
   * @param budget where its native memory is reserved
   * @param options keys that begin with the scheme and a dot, as the user set them
   */
  Origin open(ByteBudget budget, Map<String, String> options);
}
