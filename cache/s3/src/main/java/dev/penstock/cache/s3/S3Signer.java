package dev.penstock.cache.s3;

import dev.penstock.cache.http.HttpLocation;
import dev.penstock.cache.http.HttpRequest;
import dev.penstock.cache.http.HttpRequest.Field;
import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/** The SDK's signature (version 4) on requests of the lean client. Thread-safe. */
final class S3Signer {
  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final Clock clock;

  S3Signer(Clock clock) {
    this.clock = clock;
  }

  /** A signed GET; the fields given are signed too. */
  HttpRequest get(
      String url, List<Field> fields, S3Store.Place place, AwsCredentialsIdentity identity) {
    SdkHttpRequest.Builder plain =
        SdkHttpRequest.builder().method(SdkHttpMethod.GET).uri(URI.create(url));
    for (Field field : fields) {
      plain.putHeader(field.name(), field.value());
    }
    SignedRequest signed =
        signer.sign(
            request ->
                request
                    .identity(identity)
                    .request(plain.build())
                    .putProperty(AwsV4FamilyHttpSigner.SERVICE_SIGNING_NAME, place.signingName())
                    .putProperty(AwsV4HttpSigner.REGION_NAME, place.signingRegion())
                    .putProperty(AwsV4FamilyHttpSigner.DOUBLE_URL_ENCODE, false)
                    .putProperty(AwsV4FamilyHttpSigner.NORMALIZE_PATH, false)
                    .putProperty(HttpSigner.SIGNING_CLOCK, clock));
    List<Field> all = new ArrayList<>();
    signed
        .request()
        .forEachHeader((name, values) -> values.forEach(value -> all.add(new Field(name, value))));
    return new HttpRequest("GET", HttpLocation.parse(url), all);
  }
}
