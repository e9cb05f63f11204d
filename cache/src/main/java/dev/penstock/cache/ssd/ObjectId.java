package dev.penstock.cache.ssd;

import dev.penstock.cache.origin.StoredObject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What names one version of a stored object for ever and everywhere: the first 128 bits of a
 * SHA-256 over its location, size and version. Two different ones agree by chance once in 2^64
 * objects.
 */
public record ObjectId(long high, long low) {
  private static final String DOMAIN = "penstock object 1";

  /** The identity of a stored object in the version that was found. */
  public static ObjectId of(StoredObject object) {
    MessageDigest sha = sha256();
    part(sha, DOMAIN);
    part(sha, object.location());
    part(sha, Long.toString(object.sizeBytes()));
    part(sha, object.version().tag());
    ByteBuffer digest = ByteBuffer.wrap(sha.digest());
    return new ObjectId(digest.getLong(), digest.getLong());
  }

  /** Length before content, so that no two lists of parts look alike. */
  private static void part(MessageDigest sha, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
    sha.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
