package dev.penstock.cache.s3;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signature version 4 by the steps of its specification, independent of the SDK. */
final class Reference {
  private Reference() {}

  static String signature(
      String secret, String day, String time, String region, String canonicalRequest)
      throws GeneralSecurityException {
    String hash =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes(canonicalRequest)));
    String toSign =
        "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s".formatted(time, day, region, hash);
    byte[] key = hmac(bytes("AWS4" + secret), day);
    for (String part : new String[] {region, "s3", "aws4_request"}) {
      key = hmac(key, part);
    }
    return HexFormat.of().formatHex(hmac(key, toSign));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(bytes(text));
  }
}
