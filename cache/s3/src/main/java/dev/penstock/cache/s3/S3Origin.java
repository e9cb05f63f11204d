package dev.penstock.cache.s3;

import dev.penstock.cache.http.HttpClient;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.RangeAnswer;
import dev.penstock.cache.remote.RemoteConfig;
import dev.penstock.cache.remote.RemoteObject;
import dev.penstock.cache.remote.RemoteReads;
import dev.penstock.cache.remote.RemoteRetries;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Objects of S3 and compatible stores. An object's version is its ETag. */
final class S3Origin implements Origin {
  private final S3Store store;
  private final HttpClient http;
  private final RemoteReads reads;
  private final RemoteRetries metadata;
  private final boolean sdkReads;
  private final AtomicBoolean closed = new AtomicBoolean();

  private S3Origin(S3Options options, RemoteConfig config) {
    this.store = new S3Store(options, 2 * config.requestsMax());
    this.http = HttpClient.open(HttpClientConfig.defaults());
    this.sdkReads = options.sdkReads();
    this.metadata = new RemoteRetries(config);
    this.reads =
        new RemoteReads(
            "s3",
            config,
            sdkReads
                ? new SdkTransport(store, this::ask)
                : new LeanTransport(http, store, this::ask));
  }

  static S3Origin open(S3Options options, RemoteConfig config) {
    return new S3Origin(options, config);
  }

  @Override
  public boolean handles(String location) {
    return location.startsWith("s3://");
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    S3Location parsed = S3Location.parse(location);
    return parsed.key().isEmpty() ? Optional.empty() : metadata.call(location, () -> ask(location));
  }

  private Optional<StoredObject> ask(String location) throws IOException {
    S3Location at = S3Location.parse(location);
    return store.call(
        location,
        () -> {
          try {
            HeadObjectResponse head =
                store
                    .client()
                    .headObject(
                        ask -> ask.bucket(at.bucket()).key(at.key()).requestPayer(store.payer()));
            return Optional.of(object(location, name(at.key()), head.contentLength(), head.eTag()));
          } catch (S3Exception refused) {
            if (refused.statusCode() == 404) {
              return Optional.empty();
            }
            throw refused;
          }
        });
  }

  private static StoredObject object(String location, String name, Long size, String etag) {
    return new StoredObject(location, name, size, new ObjectVersion("etag " + etag));
  }

  private static String name(String key) {
    return key.substring(key.lastIndexOf('/') + 1);
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    S3Location at = S3Location.parse(directory);
    String prefix = at.key().isEmpty() || at.key().endsWith("/") ? at.key() : at.key() + "/";
    List<StoredObject> objects =
        metadata.call(
            directory, () -> store.call(directory, () -> pages(at.bucket(), prefix, depth)));
    objects.sort(Comparator.comparing(StoredObject::name));
    return objects;
  }

  private List<StoredObject> pages(String bucket, String prefix, int depth) {
    ListObjectsV2Request.Builder ask =
        ListObjectsV2Request.builder().bucket(bucket).prefix(prefix).requestPayer(store.payer());
    if (depth == 1) {
      ask.delimiter("/"); // else all that lies below would be gone through
    }
    List<StoredObject> objects = new ArrayList<>();
    for (S3Object found : store.client().listObjectsV2Paginator(ask.build()).contents()) {
      String name = found.key().substring(prefix.length());
      long levels = name.chars().filter(c -> c == '/').count() + 1;
      if (!name.isEmpty() && !name.endsWith("/") && levels <= depth) {
        String location = "s3://" + bucket + "/" + found.key();
        objects.add(object(location, name, found.size(), found.eTag()));
      }
    }
    return objects;
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    RangeAnswer.requireSame(object, find(object.location()));
    return new RemoteObject(object, reads);
  }

  @Override
  public OriginStats stats() {
    return reads.stats(http.openConnections());
  }

  @Override
  public boolean isRemote(String location) {
    return true;
  }

  @Override
  public String description() {
    return "s3 (%s), %s client".formatted(store.describe(), sdkReads ? "the SDK's" : "own");
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("this S3 origin was closed already");
    }
    reads.close();
    http.close();
    store.close();
  }
}
