package dev.penstock.cache.s3;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How S3 is reached.
 *
 * @param endpoint of a compatible store; AWS itself if empty
 * @param region else the SDK looks for it, and falls back to us-east-1
 * @param profile of the SDK's shared configuration
 * @param pathStyle whether the bucket stands in the path; so for endpoints unless told otherwise
 * @param anonymous whether to ask without credentials, for public buckets
 * @param sdkReads whether ranges too are read by the SDK's client
 * @param requesterPays whether we pay for what buckets of that kind give
 */
record S3Options(
    Optional<String> endpoint,
    Optional<String> region,
    Optional<String> profile,
    boolean pathStyle,
    boolean anonymous,
    boolean sdkReads,
    boolean requesterPays) {

  /**
   * From the keys that begin with {@code s3.}.
   *
   * @throws IllegalArgumentException naming a key or value that is not understood
   */
  static S3Options of(Map<String, String> options) {
    Map<String, String> left = new TreeMap<>(options);
    left.keySet().removeIf(key -> !key.startsWith("s3."));
    Optional<String> endpoint = Optional.ofNullable(left.remove("s3.endpoint"));
    endpoint.ifPresent(S3Options::checkEndpoint);
    S3Options made =
        new S3Options(
            endpoint,
            Optional.ofNullable(left.remove("s3.region")),
            Optional.ofNullable(left.remove("s3.profile")),
            flag(left, "s3.path-style", endpoint.isPresent()),
            flag(left, "s3.anonymous", false),
            client(left.remove("s3.client")),
            flag(left, "s3.requester-pays", false));
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "origin options %s are not known; there are s3.endpoint, s3.region, s3.profile, s3.path-style, s3.anonymous, s3.client and s3.requester-pays"
              .formatted(left.keySet()));
    }
    return made;
  }

  private static void checkEndpoint(String endpoint) {
    if (!endpoint.matches("https?://[^/?#@\\s]+/?")) {
      throw new IllegalArgumentException(
          "s3.endpoint: value must be http://host[:port] or https://host[:port], without a path,"
              + " user or password");
    }
  }

  private static boolean flag(Map<String, String> options, String key, boolean otherwise) {
    String value = options.remove(key);
    return switch (value == null ? Boolean.toString(otherwise) : value) {
      case "true", "on", "yes" -> true;
      case "false", "off", "no" -> false;
      default ->
          throw new IllegalArgumentException(
              "%s: value is '%s', accepted are on and off".formatted(key, value));
    };
  }

  private static boolean client(@Nullable String value) {
    return switch (value == null ? "lean" : value) {
      case "lean" -> false;
      case "sdk" -> true;
      default ->
          throw new IllegalArgumentException(
              "s3.client: value is '%s', accepted are lean and sdk".formatted(value));
    };
  }
}
