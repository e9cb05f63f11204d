package dev.penstock.cache.s3;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code s3://bucket/key}, taken apart. Keys are taken as they stand: a percent sign is one.
 *
 * @param bucket its name, or an access point's alias
 * @param key possibly empty, for a bucket as a directory
 */
record S3Location(String bucket, String key) {
  private static final Pattern URL =
      Pattern.compile("s3://([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/(.*))?");

  static S3Location parse(String location) {
    Matcher parts = URL.matcher(location);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'%s' is not of the form s3://bucket/key".formatted(location));
    }
    return new S3Location(parts.group(1), parts.group(2) == null ? "" : parts.group(2));
  }

  /** The key as S3 wants it in a path: all but unreserved characters and slashes encoded. */
  String encodedKey() {
    StringBuilder encoded = new StringBuilder(key.length() + 16);
    for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~/".indexOf(c) >= 0;
      if (plain) {
        encoded.append(c);
      } else {
        encoded.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
      }
    }
    return encoded.toString();
  }
}
