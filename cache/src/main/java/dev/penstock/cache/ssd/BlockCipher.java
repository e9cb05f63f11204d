package dev.penstock.cache.ssd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM over the payload of slots. The key of a file is derived (HKDF-SHA256) from the user's
 * key and the file's salt, so that nonces, random ones of 96 bits, are never shared between files;
 * 2^32 writes of one file, 2 PiB in blocks of 512 KiB, keep the chance of a repeated nonce below
 * 2^-32 (NIST SP 800-38D, 8.3). What a slot's header says of the block is authenticated with it.
 * Not thread-safe.
 */
final class BlockCipher {
  static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;

  private final SecretKeySpec key;
  private final Cipher cipher;
  private final SecureRandom random = new SecureRandom();

  private BlockCipher(SecretKeySpec key) throws GeneralSecurityException {
    this.key = key;
    this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
  }

  /** The cipher of the file with this salt. */
  static BlockCipher of(byte[] userKey, byte[] salt) {
    try {
      return new BlockCipher(new SecretKeySpec(derive(userKey, salt, "key", KEY_BYTES), "AES"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES/GCM", e);
    }
  }

  /** What the file's first page keeps of the key, to tell it from others. */
  static byte[] keyCheck(byte[] userKey, byte[] salt) {
    return derive(userKey, salt, "check", SuperBlock.KEY_CHECK_BYTES);
  }

  private static byte[] derive(byte[] userKey, byte[] salt, String use, int bytes) {
    try {
      byte[] info = ("penstock ssd 1 " + use).getBytes(StandardCharsets.US_ASCII);
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract().addIKM(userKey).addSalt(salt).thenExpand(info, bytes));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has HKDF-SHA256", e);
    }
  }

  /**
   * Encrypts {@code plain} to {@code sealed}, which has room for as many bytes and a tag; nonce and
   * tag go to {@code seal}.
   */
  void seal(BlockId id, ByteBuffer plain, ByteBuffer sealed, ByteBuffer seal) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    int length = plain.remaining();
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BYTES * 8, nonce));
      cipher.updateAAD(authenticated(id, length));
      cipher.doFinal(plain, sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("encryption of " + id + " failed", e);
    }
    seal.put(0, nonce);
    seal.put(NONCE_BYTES, sealed, sealed.position() - TAG_BYTES, TAG_BYTES);
  }

  /**
   * Decrypts {@code length} bytes at the front of {@code sealed}, which has room for a tag behind
   * them, to {@code plain}; false if they are not what was encrypted.
   */
  boolean open(BlockId id, ByteBuffer sealed, int length, ByteBuffer seal, ByteBuffer plain) {
    byte[] nonce = new byte[NONCE_BYTES];
    seal.get(0, nonce);
    sealed.put(length, seal, NONCE_BYTES, TAG_BYTES);
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BYTES * 8, nonce));
      cipher.updateAAD(authenticated(id, length));
      return cipher.doFinal(sealed.limit(length + TAG_BYTES).position(0), plain) == length;
    } catch (AEADBadTagException _) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("decryption of " + id + " failed", e);
    }
  }

  private static byte[] authenticated(BlockId id, int length) {
    return ByteBuffer.allocate(2 * Long.BYTES + Long.BYTES + Integer.BYTES + 1)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(id.object().high())
        .putLong(id.object().low())
        .putLong(id.number())
        .putInt(length)
        .put((byte) (id.decoded() ? 1 : 0))
        .array();
  }
}
