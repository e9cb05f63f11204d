package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.http.HttpRequest;
import dev.penstock.cache.http.HttpRequest.Field;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;

/** Signatures against recorded ones. */
final class S3SignerTest {
  private static final AwsBasicCredentials EXAMPLE =
      AwsBasicCredentials.create(
          "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

  private static final S3Store.Place PLACE =
      new S3Store.Place("http://store.example/bucket", "s3", "us-east-1");

  private static String authorization(HttpRequest request) {
    return authorization(request.fields());
  }

  private static String authorization(List<Field> fields) {
    return fields.stream()
        .filter(field -> field.name().equalsIgnoreCase("authorization"))
        .map(Field::value)
        .findFirst()
        .orElseThrow();
  }

  private static S3Signer at(String instant) {
    return new S3Signer(Clock.fixed(Instant.parse(instant), ZoneOffset.UTC));
  }

  /**
   * The ranged GET of Amazon's S3 API Reference, "Authenticating Requests (Signature Version 4)".
   */
  @Test
  void signsAsTheReferenceDoes() {
    List<Field> signed =
        at("2013-05-24T00:00:00Z")
            .sign(
                "http://examplebucket.s3.amazonaws.com/test.txt",
                List.of(new Field("Range", "bytes=0-9")),
                new S3Store.Place("http://examplebucket.s3.amazonaws.com", "s3", "us-east-1"),
                EXAMPLE);
    String authorization = authorization(signed);
    assertTrue(
        authorization.endsWith(
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        authorization);
  }

  /**
   * GCS takes the same signature at its XML endpoint, with HMAC keys and region {@code auto}:
   * recomputed with the steps of the reference from the same inputs.
   */
  @Test
  void signsForTheXmlEndpointOfGoogleCloudStorage() throws Exception {
    List<Field> signed =
        at("2026-01-02T03:04:05Z")
            .sign(
                "http://storage.googleapis.com/bucket/dir/train-000000.tar",
                List.of(new Field("Range", "bytes=0-8388607"), new Field("If-Match", "\"tag\"")),
                new S3Store.Place("http://storage.googleapis.com/bucket", "s3", "auto"),
                AwsBasicCredentials.create("GOOG1EXAMPLE", "example-secret"));
    String empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    String canonical =
        String.join(
            "\n",
            "GET",
            "/bucket/dir/train-000000.tar",
            "",
            "host:storage.googleapis.com",
            "if-match:\"tag\"",
            "range:bytes=0-8388607",
            "x-amz-content-sha256:" + empty,
            "x-amz-date:20260102T030405Z",
            "",
            "host;if-match;range;x-amz-content-sha256;x-amz-date",
            empty);
    String signature =
        Reference.signature("example-secret", "20260102", "20260102T030405Z", "auto", canonical);
    assertEquals(
        "AWS4-HMAC-SHA256 Credential=GOOG1EXAMPLE/20260102/auto/s3/aws4_request, "
            + "SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date, Signature="
            + signature,
        authorization(signed));
  }

  /** A clock that a test sets. */
  private static final class HandClock extends Clock {
    Instant now = Instant.parse("2026-01-02T03:04:05Z");

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  @Test
  void rangesOfAnObjectShareASignatureForAMinute() {
    HandClock clock = new HandClock();
    S3Signer signer = new S3Signer(clock);
    String url = "http://store.example/bucket/a.tar";
    HttpRequest first = signer.get(url, List.of(new Field("Range", "bytes=0-9")), PLACE, EXAMPLE);
    assertTrue(
        authorization(first).contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"),
        authorization(first));
    clock.now = clock.now.plus(S3Signer.REUSED_FOR).minusMillis(1);
    HttpRequest second =
        signer.get(url, List.of(new Field("Range", "bytes=10-19")), PLACE, EXAMPLE);
    assertEquals(authorization(first), authorization(second));
    assertEquals("bytes=10-19", second.fields().getLast().value());
    clock.now = clock.now.plusMillis(1);
    HttpRequest third = signer.get(url, List.of(), PLACE, EXAMPLE);
    assertNotEquals(authorization(first), authorization(third));
    clock.now = clock.now.minusSeconds(120); // a clock that was set back
    assertNotEquals(
        authorization(third), authorization(signer.get(url, List.of(), PLACE, EXAMPLE)));
  }

  @Test
  void aSignatureServesItsObjectItsOwnerAndItsPlaceOnly() {
    S3Signer signer = at("2026-01-02T03:04:05Z");
    String url = "http://store.example/bucket/a.tar";
    String signed = authorization(signer.get(url, List.of(), PLACE, EXAMPLE));
    assertNotEquals(
        signed,
        authorization(signer.get("http://store.example/bucket/b.tar", List.of(), PLACE, EXAMPLE)));
    AwsBasicCredentials other = AwsBasicCredentials.create("AKIAIOSFODNN7EXAMPLE", "rotated");
    String rotated = authorization(signer.get(url, List.of(), PLACE, other));
    assertNotEquals(signed, rotated);
    S3Store.Place moved = new S3Store.Place("http://store.example/bucket", "s3", "eu-west-1");
    assertNotEquals(rotated, authorization(signer.get(url, List.of(), moved, other)));
  }

  @Test
  void aRefusedSignatureIsMadeAnew() {
    HandClock clock = new HandClock();
    S3Signer signer = new S3Signer(clock);
    String url = "http://store.example/bucket/a.tar";
    String before = authorization(signer.get(url, List.of(), PLACE, EXAMPLE));
    clock.now = clock.now.plusSeconds(1);
    assertEquals(before, authorization(signer.get(url, List.of(), PLACE, EXAMPLE)));
    signer.forget(url);
    assertNotEquals(before, authorization(signer.get(url, List.of(), PLACE, EXAMPLE)));
  }
}
