package dev.penstock.cache;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** A key of 256 bits. It never shows what it is. */
public final class CacheKey {
  /** The environment variable that may hold the key, as 64 hexadecimal digits. */
  public static final String ENVIRONMENT = "PENSTOCK_CACHE_KEY";

  private static final int BYTES = 32;
  private static final int FILE_BYTES_MAX = 1024;

  private final byte[] key;

  private CacheKey(byte[] key) {
    this.key = key;
  }

  /**
   * Reads a key: 32 bytes, or 64 hexadecimal digits and white space.
   *
   * @throws IOException if the file cannot be read or holds no key; the message shows none of it
   */
  public static CacheKey read(Path file) throws IOException {
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw new IOException("%s is no cache key: it is too long".formatted(file));
    }
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length == BYTES) {
      return new CacheKey(bytes);
    }
    return parse(new String(bytes, StandardCharsets.ISO_8859_1))
        .orElseThrow(
            () ->
                new IOException(
                    "%s is no cache key: it has neither 32 bytes nor 64 hexadecimal digits (openssl rand -hex 32 makes one)"
                        .formatted(file)));
  }

  /**
   * The key in the environment, if there is one.
   *
   * @throws IllegalArgumentException if there is something else
   */
  public static Optional<CacheKey> ofEnvironment() {
    String text = System.getenv(ENVIRONMENT);
    if (text == null || text.isBlank()) {
      return Optional.empty();
    }
    return Optional.of(
        parse(text)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        ENVIRONMENT + " must hold 64 hexadecimal digits (openssl rand -hex 32)")));
  }

  private static Optional<CacheKey> parse(String text) {
    try {
      byte[] bytes = HexFormat.of().parseHex(text.strip());
      return bytes.length == BYTES ? Optional.of(new CacheKey(bytes)) : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  byte[] bytes() {
    return key.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CacheKey that && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(key);
  }

  @Override
  public String toString() {
    return "a key";
  }
}
