package dev.penstock.cache.s3;

import dev.penstock.cache.http.HttpRequest.Field;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.endpoints.AwsEndpointAttribute;
import software.amazon.awssdk.awscore.endpoints.authscheme.EndpointAuthScheme;
import software.amazon.awssdk.awscore.endpoints.authscheme.SigV4AuthScheme;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.endpoints.Endpoint;
import software.amazon.awssdk.endpoints.EndpointUrl;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointParams;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointProvider;
import software.amazon.awssdk.services.s3.model.RequestPayer;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What the SDK knows: client, credentials, endpoints. Thread-safe. */
final class S3Store implements AutoCloseable {
  private static final Region FALLBACK = Region.US_EAST_1;

  private final S3Options options;
  private final AwsCredentialsProvider credentials;
  private final Region region;
  private final S3Client client;
  private final S3EndpointProvider endpoints = S3EndpointProvider.defaultProvider();
  private final Map<String, Place> places = new ConcurrentHashMap<>();

  /**
   * Where a bucket is asked, and for whom requests are signed.
   *
   * @param url of the bucket, without a slash at its end
   * @param signingName of the service
   * @param signingRegion of the bucket
   */
  record Place(String url, String signingName, String signingRegion) {}

  S3Store(S3Options options, int connections) {
    this.options = options;
    this.credentials = credentials(options);
    this.region = options.region().map(Region::of).orElseGet(() -> region(options));
    var builder =
        S3Client.builder()
            .region(region)
            .credentialsProvider(credentials)
            .forcePathStyle(options.pathStyle())
            .crossRegionAccessEnabled(options.endpoint().isEmpty())
            // A part of an object has no checksum of its own; asking for one costs a retry at some
            // stores.
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .httpClientBuilder(
                Apache5HttpClient.builder()
                    .maxConnections(connections)
                    .connectionTimeout(Duration.ofSeconds(5))
                    .socketTimeout(Duration.ofSeconds(10)))
            // Retries are this project's, so that budgets and counts are the same for all stores.
            .overrideConfiguration(
                ClientOverrideConfiguration.builder()
                    .retryStrategy(AwsRetryStrategy.doNotRetry())
                    .build());
    options.endpoint().ifPresent(endpoint -> builder.endpointOverride(URI.create(endpoint)));
    this.client = builder.build();
  }

  private static AwsCredentialsProvider credentials(S3Options options) {
    if (options.anonymous()) {
      return AnonymousCredentialsProvider.create();
    }
    DefaultCredentialsProvider.Builder chain = DefaultCredentialsProvider.builder();
    options.profile().ifPresent(chain::profileName);
    return chain.build();
  }

  private static Region region(S3Options options) {
    try {
      return DefaultAwsRegionProviderChain.builder()
          .profileName(options.profile().orElse(null))
          .build()
          .getRegion();
    } catch (SdkClientException _) {
      return FALLBACK; // nothing names one; stores that are not AWS mostly do not care
    }
  }

  S3Client client() {
    return client;
  }

  boolean anonymous() {
    return options.anonymous();
  }

  /** Who pays, as the SDK's requests have it; null where the bucket's owner does. */
  @Nullable RequestPayer payer() {
    return options.requesterPays() ? RequestPayer.REQUESTER : null;
  }

  /** The same as fields that have to be signed. */
  List<Field> payerFields() {
    return options.requesterPays()
        ? List.of(new Field("x-amz-request-payer", "requester"))
        : List.of();
  }

  /** Where a bucket is asked, by the SDK's rules. */
  Place place(String bucket) {
    return places.computeIfAbsent(bucket, name -> resolve(name, region));
  }

  /**
   * The bucket turned out to be in another region than where it was asked; false if it was asked
   * there. True for all who asked at the same time, not only for the first of them.
   */
  boolean moved(String bucket, Place asked, String to) {
    if (options.endpoint().isPresent() || asked.signingRegion().equals(to)) {
      return false;
    }
    if (!place(bucket).signingRegion().equals(to)) {
      places.put(bucket, resolve(bucket, Region.of(to)));
    }
    return true;
  }

  private Place resolve(String bucket, Region where) {
    S3EndpointParams.Builder params =
        S3EndpointParams.builder()
            .bucket(bucket)
            .region(where)
            .forcePathStyle(options.pathStyle())
            .useFips(false)
            .useDualStack(false)
            .accelerate(false)
            .useGlobalEndpoint(false)
            .useArnRegion(true)
            .disableMultiRegionAccessPoints(false)
            .disableS3ExpressSessionAuth(true);
    options.endpoint().ifPresent(params::endpoint);
    Endpoint endpoint = endpoints.resolveEndpoint(params.build()).join();
    String base = base(endpoint.endpointUrl());
    var schemes = endpoint.attribute(AwsEndpointAttribute.AUTH_SCHEMES);
    if (schemes != null) {
      for (EndpointAuthScheme scheme : schemes) {
        if (scheme instanceof SigV4AuthScheme v4) {
          return new Place(base, v4.signingName(), v4.signingRegion());
        }
      }
    }
    return new Place(base, "s3", where.id());
  }

  private static String base(EndpointUrl url) {
    String port = url.port() > 0 ? ":" + url.port() : "";
    String path = url.encodedPath() == null ? "" : url.encodedPath();
    String base = url.scheme() + "://" + url.host() + port + path;
    return base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
  }

  /**
   * The credentials to sign with.
   *
   * @throws OriginException of kind DENIED if there are none
   */
  AwsCredentialsIdentity identity(String location) throws OriginException {
    try {
      return credentials.resolveCredentials();
    } catch (SdkException none) {
      throw new OriginException(
              Kind.DENIED,
              Retry.PERMANENT,
              location,
              NoCredentials.explain(String.valueOf(none.getMessage())))
          .causedBy(none);
    }
  }

  /** Who asks, for messages: an access key's id is a name, its secret is never shown. */
  String who() {
    if (options.anonymous()) {
      return "as nobody (--s3-anonymous)";
    }
    try {
      return "with access key " + credentials.resolveCredentials().accessKeyId();
    } catch (SdkException _) {
      return "without credentials";
    }
  }

  /** A call of the SDK. */
  interface Call<T> {
    T run();
  }

  /** Runs a call of the SDK; its failures become ours. */
  <T> T call(String location, Call<T> call) throws IOException {
    if (!options.anonymous()) {
      identity(location);
    }
    try {
      return call.run();
    } catch (SdkException failure) {
      throw typed(location, 0, -1, failure, this::who);
    }
  }

  /** A failure of the SDK with its kind. */
  static IOException typed(
      String location, long offset, long length, SdkException failure, Supplier<String> who) {
    if (!(failure instanceof S3Exception refused)) {
      return unanswered(location, offset, length, failure);
    }
    int status = refused.statusCode();
    var details = refused.awsErrorDetails();
    String code = details == null || details.errorCode() == null ? "" : details.errorCode();
    Kind kind = kind(status, code);
    boolean temporary = kind == Kind.THROTTLED || kind == Kind.TIMED_OUT || status >= 500;
    String said = "the store answered %d %s".formatted(status, code).strip();
    String reason = kind == Kind.DENIED ? said + "; asked " + who.get() : said;
    Retry retry = temporary ? Retry.TEMPORARY : Retry.PERMANENT;
    OriginException typed =
        length < 0
            ? new OriginException(kind, retry, location, reason)
            : new OriginException(kind, retry, location, offset, length, reason);
    return typed.causedBy(failure);
  }

  /** The store was not asked, or gave no answer. */
  private static IOException unanswered(
      String location, long offset, long length, SdkException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      // The SDK's own message tells neither host nor certificate, nor what mends it.
      // A connection that ends in the handshake is no refusal, though the JDK calls it so.
      if (cause instanceof SSLHandshakeException refused
          && !(refused.getCause() instanceof EOFException)) {
        return refused;
      }
      if (cause instanceof UnknownHostException unknown) {
        return unknownHost(location, unknown);
      }
    }
    String said = String.valueOf(failure.getMessage());
    if (failure.retryable() || failure.getCause() instanceof IOException) {
      return new IOException(said, failure);
    }
    OriginException typed =
        length < 0
            ? new OriginException(Kind.FAILED, Retry.PERMANENT, location, said)
            : new OriginException(Kind.FAILED, Retry.PERMANENT, location, offset, length, said);
    return typed.causedBy(failure);
  }

  private static UnknownHostException unknownHost(String location, UnknownHostException failure) {
    String host = String.valueOf(failure.getMessage());
    String bucket = S3Location.parse(location).bucket();
    if (!host.startsWith(bucket + ".")) {
      return failure;
    }
    UnknownHostException advised =
        new UnknownHostException(
            host + "; a store whose buckets have no hosts of their own needs --s3-path-style on");
    advised.initCause(failure);
    return advised;
  }

  static Kind kind(int status, @Nullable String code) {
    return switch (code == null ? "" : code) {
      case "SlowDown", "RequestLimitExceeded", "Throttling", "ThrottlingException" ->
          Kind.THROTTLED;
      case "RequestTimeout" -> Kind.TIMED_OUT;
      case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken" ->
          Kind.DENIED;
      case "NoSuchKey", "NoSuchBucket" -> Kind.NOT_FOUND;
      default ->
          switch (status) {
            case 401, 403 -> Kind.DENIED;
            case 404, 410 -> Kind.NOT_FOUND;
            case 412 -> Kind.CHANGED;
            case 408, 504 -> Kind.TIMED_OUT;
            case 429, 503 -> Kind.THROTTLED;
            default -> Kind.FAILED;
          };
    };
  }

  String describe() {
    return "%s, region %s%s"
        .formatted(
            options.endpoint().orElse("AWS"), region, options.anonymous() ? ", anonymous" : "");
  }

  @Override
  public void close() {
    client.close();
    if (credentials instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (Exception e) {
        throw new IllegalStateException("the credentials provider did not close", e);
      }
    }
  }
}
