package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.http.HttpRequest;
import dev.penstock.cache.http.HttpRequest.Field;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;

/** Signatures against recorded ones. */
final class S3SignerTest {
  private static final AwsBasicCredentials EXAMPLE =
      AwsBasicCredentials.create(
          "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

  private static String authorization(HttpRequest request) {
    return request.fields().stream()
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
    HttpRequest request =
        at("2013-05-24T00:00:00Z")
            .get(
                "http://examplebucket.s3.amazonaws.com/test.txt",
                List.of(new Field("Range", "bytes=0-9")),
                new S3Store.Place("http://examplebucket.s3.amazonaws.com", "s3", "us-east-1"),
                EXAMPLE);
    String authorization = authorization(request);
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
    HttpRequest request =
        at("2026-01-02T03:04:05Z")
            .get(
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
        authorization(request));
  }
}
