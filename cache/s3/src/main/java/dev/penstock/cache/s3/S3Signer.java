package dev.penstock.cache.s3;

import dev.penstock.cache.http.HttpLocation;
import dev.penstock.cache.http.HttpRequest;
import dev.penstock.cache.http.HttpRequest.Field;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/**
 * The SDK's signature (version 4) on requests of the lean client. Thread-safe.
 *
 * <p>Signing costs about as much processor time as receiving a megabyte, so what is signed is the
 * object, not the range: only host and {@code x-amz-*} must be ("Signature Calculations for the
 * Authorization Header", S3 API Reference), and stores take a signature for 15 minutes. Whoever
 * tampers with an unsigned range or condition on its way is found out, since each answer's range
 * and version are checked.
 */
final class S3Signer {
  /** Of the 15 minutes most are left to clocks that differ. */
  static final Duration REUSED_FOR = Duration.ofSeconds(60);

  private static final int KEPT_MAX = 1024;

  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final Clock clock;
  private final List<Field> constant;

  // Guarded by itself.
  private final Map<String, Signed> kept =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Signed> eldest) {
          return size() > KEPT_MAX;
        }
      };

  /** A signature, and for whom, where and when it was made. */
  private record Signed(
      HttpLocation location,
      List<Field> fields,
      S3Store.Place place,
      AwsCredentialsIdentity identity,
      Instant at) {
    boolean serves(S3Store.Place where, AwsCredentialsIdentity who, Instant now) {
      return place.equals(where)
          && identity.equals(who)
          && !now.isBefore(at)
          && now.isBefore(at.plus(REUSED_FOR));
    }
  }

  S3Signer(Clock clock) {
    this(clock, List.of());
  }

  /** {@code constant}: fields that all requests have, and that are signed. */
  S3Signer(Clock clock, List<Field> constant) {
    this.clock = clock;
    this.constant = List.copyOf(constant);
  }

  /** A GET whose object is signed, perhaps a while ago; the fields given are not. */
  HttpRequest get(
      String url, List<Field> unsigned, S3Store.Place place, AwsCredentialsIdentity identity) {
    Instant now = clock.instant();
    Signed signed;
    synchronized (kept) {
      signed = kept.get(url);
    }
    if (signed == null || !signed.serves(place, identity, now)) {
      List<Field> fields = sign(url, constant, place, identity);
      signed = new Signed(HttpLocation.parse(url), fields, place, identity, now);
      synchronized (kept) {
        kept.put(url, signed);
      }
    }
    List<Field> all = new ArrayList<>(signed.fields());
    all.addAll(unsigned);
    return new HttpRequest("GET", signed.location(), all);
  }

  /** The store refused a request for this: the next one is signed anew. */
  void forget(String url) {
    synchronized (kept) {
      kept.remove(url);
    }
  }

  /** The fields given and those of the signature, which covers all of them. */
  List<Field> sign(
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
    return all;
  }
}
