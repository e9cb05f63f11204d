package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.http.HttpClient;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.http.HttpLocation;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.StoredObject;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects of web servers, by http and https URLs. An object's version is its ETag, else its date
 * and length. Web servers cannot list: datasets are named by brace patterns and lists.
 */
public final class HttpOrigin implements Origin {
  private static final Logger LOG = LoggerFactory.getLogger(HttpOrigin.class);

  private final HttpClient client;
  private final HttpTransport transport;
  private final StreamTransport streaming;
  private final RemoteReads reads;
  private final RemoteReads streams;
  private final RemoteRetries metadata;
  private final AtomicBoolean warned = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  private HttpOrigin(RemoteConfig config, HttpClientConfig http, HttpCredentials credentials) {
    this.client = HttpClient.open(http);
    this.transport = new HttpTransport(client, credentials);
    this.reads = new RemoteReads("http", config, transport);
    this.streaming = new StreamTransport(transport, reads::discarded);
    this.streams = new RemoteReads("http-stream", config.withHedging(0, 1), streaming);
    this.metadata = new RemoteRetries(config);
  }

  /** Opens the origin without a connection; threads and connections come with the first reads. */
  public static HttpOrigin open(
      RemoteConfig config, HttpClientConfig http, HttpCredentials credentials) {
    return new HttpOrigin(config, http, credentials);
  }

  @Override
  public boolean handles(String location) {
    return HttpLocation.isHttp(location);
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    return look(location).map(HttpTransport.Found::object);
  }

  private Optional<HttpTransport.Found> look(String location) throws OriginException {
    HttpLocation.parse(location); // refuses what is malformed before anything is asked
    return metadata.call(location, () -> transport.find(location, new HttpCall()));
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    throw new OriginException(
        Kind.UNSUPPORTED,
        Retry.PERMANENT,
        directory,
        "a web server cannot list its objects: name each shard, with a brace pattern such as"
            + " train-{000000..000146}.tar or with @list.txt");
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    Optional<HttpTransport.Found> found = look(object.location());
    RangeAnswer.requireSame(object, found.map(HttpTransport.Found::object));
    if (found.orElseThrow().ranges()) {
      return new RemoteObject(object, reads);
    }
    if (warned.compareAndSet(false, true)) {
      LOG.warn(
          "{}: the server gives no ranges, so the object is read from its start for each place that"
              + " lies behind; --shuffle none and --ram-tier on keep that rare",
          HttpLocation.redacted(object.location()));
    }
    return new RemoteObject(object, streams, () -> streaming.close(object));
  }

  @Override
  public OriginStats stats() {
    OriginStats ranged = reads.stats(client.openConnections());
    OriginStats streamed = streams.stats(0);
    return streamed.requests() == 0 ? ranged : ranged.plus(streamed);
  }

  @Override
  public boolean isRemote(String location) {
    return true;
  }

  @Override
  public String description() {
    return "http(s), own client, %d connections".formatted(client.openConnections());
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("this HTTP origin was closed already");
    }
    reads.close();
    streams.close();
    client.close();
  }
}
