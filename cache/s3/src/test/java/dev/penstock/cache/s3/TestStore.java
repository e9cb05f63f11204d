package dev.penstock.cache.s3;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * An S3 store for tests: one inside this Java machine; the one that the environment names ({@code
 * PENSTOCK_TEST_S3_ENDPOINT}, with credentials in the SDK's own variables), which {@code
 * .ci/s3-server} starts; or {@link Minio}.
 */
final class TestStore implements AutoCloseable {
  static final String KEY = "test-key";
  static final String SECRET = "test-secret-never-shown";

  final String endpoint;
  final String bucket;
  final S3Client client;
  private final @Nullable S3Proxy proxy;
  private boolean versioned;

  private TestStore(String endpoint, String key, String secret, @Nullable S3Proxy proxy) {
    this.endpoint = endpoint;
    this.proxy = proxy;
    this.bucket = "penstock-test-" + Long.toHexString(System.nanoTime());
    this.client =
        S3Client.builder()
            .endpointOverride(URI.create(endpoint))
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED) // for older RGW
            .httpClientBuilder(Apache5HttpClient.builder())
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(key, secret)))
            .build();
    client.createBucket(make -> make.bucket(bucket));
    System.setProperty("aws.accessKeyId", key);
    System.setProperty("aws.secretAccessKey", secret);
  }

  /** Inside this Java machine. */
  static TestStore inProcess() {
    try {
      S3Proxy proxy =
          S3Proxy.builder()
              .endpoint(URI.create("http://127.0.0.1:0"))
              .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, KEY, SECRET)
              .blobStore(new TransientNio2BlobStore())
              .build();
      proxy.start();
      return new TestStore("http://127.0.0.1:" + proxy.getPort(), KEY, SECRET, proxy);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The real server of the environment, if there is one. */
  static Optional<String> realEndpoint() {
    return Optional.ofNullable(System.getenv("PENSTOCK_TEST_S3_ENDPOINT"))
        .filter(endpoint -> !endpoint.isEmpty());
  }

  static TestStore real() {
    Map<String, String> environment = System.getenv();
    return new TestStore(
        realEndpoint().orElseThrow(),
        environment.getOrDefault("AWS_ACCESS_KEY_ID", ""),
        environment.getOrDefault("AWS_SECRET_ACCESS_KEY", ""),
        null);
  }

  static TestStore minio() {
    return new TestStore(Minio.endpoint(), KEY, SECRET, null);
  }

  static TestStore minioByTls() {
    return new TestStore(Minio.tlsEndpoint().orElseThrow(), KEY, SECRET, null);
  }

  String put(String key, byte[] bytes) {
    client.putObject(put -> put.bucket(bucket).key(key), RequestBody.fromBytes(bytes));
    return location(key);
  }

  /** Stores bytes in parts of that length, of which all but the last need 5 MiB. */
  String putParts(String key, byte[] bytes, int partBytes) {
    String upload = client.createMultipartUpload(make -> make.bucket(bucket).key(key)).uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    for (int from = 0; from < bytes.length; from += partBytes) {
      byte[] part = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + partBytes));
      int number = parts.size() + 1;
      String tag =
          client
              .uploadPart(
                  put -> put.bucket(bucket).key(key).uploadId(upload).partNumber(number),
                  RequestBody.fromBytes(part))
              .eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
    }
    client.completeMultipartUpload(
        done ->
            done.bucket(bucket).key(key).uploadId(upload).multipartUpload(all -> all.parts(parts)));
    return location(key);
  }

  /** From now on what is replaced or deleted is kept as an older version. */
  void keepVersions() {
    versioned = true;
    client.putBucketVersioning(
        put ->
            put.bucket(bucket)
                .versioningConfiguration(how -> how.status(BucketVersioningStatus.ENABLED)));
  }

  void delete(String key) {
    client.deleteObject(del -> del.bucket(bucket).key(key));
  }

  /** Lets everybody, known or not, read the keys of a pattern. */
  void letEverybodyRead(String pattern) {
    String policy =
        """
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]},
         "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::%s/%s"]}]}
        """
            .formatted(bucket, pattern);
    client.putBucketPolicy(put -> put.bucket(bucket).policy(policy));
  }

  String location(String key) {
    return "s3://" + bucket + "/" + key;
  }

  Origin origin(Map<String, String> options) {
    Map<String, String> all = new HashMap<>(options);
    all.putIfAbsent("s3.endpoint", endpoint);
    all.putIfAbsent("s3.region", "us-east-1");
    return new S3Provider().open(ByteBudget.of(64 << 20), all);
  }

  @Override
  public void close() {
    if (versioned) {
      deleteVersions();
    }
    client
        .listObjectsV2Paginator(list -> list.bucket(bucket))
        .contents()
        .forEach(object -> delete(object.key()));
    client.deleteBucket(del -> del.bucket(bucket));
    client.close();
    if (proxy != null) {
      try {
        proxy.stop();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private void deleteVersions() {
    var kept = client.listObjectVersionsPaginator(list -> list.bucket(bucket));
    kept.versions().forEach(old -> deleteVersion(old.key(), old.versionId()));
    kept.deleteMarkers().forEach(marker -> deleteVersion(marker.key(), marker.versionId()));
  }

  private void deleteVersion(String key, String version) {
    client.deleteObject(del -> del.bucket(bucket).key(key).versionId(version));
  }
}
