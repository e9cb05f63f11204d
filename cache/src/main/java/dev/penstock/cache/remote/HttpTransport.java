package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.http.HttpClient;
import dev.penstock.cache.http.HttpHead;
import dev.penstock.cache.http.HttpLocation;
import dev.penstock.cache.http.HttpRequest;
import dev.penstock.cache.http.HttpRequest.Field;
import dev.penstock.cache.http.HttpResponse;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Asks web servers: follows redirects, says who we are to whom that is for, pins versions. Where a
 * redirect led is remembered for each object, and forgotten when that place refuses: signed places
 * expire. Thread-safe.
 */
final class HttpTransport implements RangeTransport {
  private static final int REDIRECTS_MAX = 5;
  private static final int PLACES_MAX = 4096;

  private final HttpClient client;
  private final HttpCredentials credentials;
  private final Map<String, HttpLocation> places =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HttpLocation> eldest) {
          return size() > PLACES_MAX;
        }
      };

  /**
   * A found object, and whether the server gives parts of it.
   *
   * @param object as it is now
   * @param ranges whether ranges are honoured
   */
  record Found(StoredObject object, boolean ranges) {}

  HttpTransport(HttpClient client, HttpCredentials credentials) {
    this.client = client;
    this.credentials = credentials;
  }

  /** What is at a location now; empty if nothing is. */
  Optional<Found> find(String location, HttpCall call) throws IOException {
    String name = name(location);
    StoredObject unknown = new StoredObject(location, name, 0, new ObjectVersion("unknown"));
    try (HttpResponse answer = send("HEAD", unknown, List.of(), call, false)) {
      HttpHead head = answer.head();
      if (head.status() == 200 && head.contentLength() >= 0) {
        boolean says = head.first("accept-ranges").map("bytes"::equalsIgnoreCase).orElse(false);
        StoredObject object = object(location, name, head, head.contentLength());
        return Optional.of(new Found(object, says || givesRanges(object)));
      }
      if (head.status() == 404 || head.status() == 410) {
        return Optional.empty();
      }
      // Some servers refuse HEAD, or leave the length out of its answer.
      if (head.status() != 200
          && head.status() != 405
          && head.status() != 501
          && head.status() != 400
          && head.status() != 403) {
        throw RangeAnswer.failure(head, unknown, 0, -1, identity(unknown), "");
      }
    }
    return findByGet(unknown);
  }

  private Optional<Found> findByGet(StoredObject unknown) throws IOException {
    Field range = new Field("Range", "bytes=0-0");
    try (HttpResponse answer = send("GET", unknown, List.of(range), new HttpCall(), false)) {
      HttpHead head = answer.head();
      if (head.status() == 403 && ledToDirectory(unknown.location())) {
        return Optional.empty();
      }
      return switch (head.status()) {
        case 200 -> Optional.of(found(unknown, head, head.contentLength(), false));
        case 206 -> Optional.of(found(unknown, head, head.contentRange().whole(), true));
        case 404, 410 -> Optional.empty();
        case 416 -> Optional.of(found(unknown, head, 0, true)); // empty, so without a first byte
        default ->
            throw RangeAnswer.failure(
                head, unknown, 0, -1, identity(unknown), RangeAnswer.detail(answer));
      };
    }
  }

  /** Web servers redirect from a directory to its listing, which they then mostly refuse. */
  private boolean ledToDirectory(String location) {
    HttpLocation place = knownPlace(location);
    return place != null && place.target().equals(HttpLocation.parse(location).target() + "/");
  }

  private static Found found(StoredObject unknown, HttpHead head, long size, boolean ranges)
      throws OriginException {
    if (size < 0) {
      throw new OriginException(
          Kind.UNSUPPORTED,
          Retry.PERMANENT,
          unknown.location(),
          "the server does not say how long the object is; shards need a length");
    }
    return new Found(object(unknown.location(), unknown.name(), head, size), ranges);
  }

  private boolean givesRanges(StoredObject object) throws IOException {
    if (object.sizeBytes() == 0) {
      return true;
    }
    Field range = new Field("Range", "bytes=0-0");
    try (HttpResponse answer = send("GET", object, List.of(range), new HttpCall(), false)) {
      return answer.head().status() == 206;
    }
  }

  private static StoredObject object(String location, String name, HttpHead head, long size) {
    return new StoredObject(location, name, size, RangeAnswer.version(head, size));
  }

  private static String name(String location) {
    String path = HttpLocation.redacted(location);
    String shown = path.endsWith("?...") ? path.substring(0, path.length() - 4) : path;
    return shown.substring(shown.lastIndexOf('/') + 1);
  }

  private String identity(StoredObject object) {
    return credentials.of(HttpLocation.parse(object.location())).shown();
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    List<Field> fields = new ArrayList<>();
    fields.add(new Field("Range", "bytes=%d-%d".formatted(offset, offset + length - 1)));
    pin(object, fields);
    try (HttpResponse answer = send("GET", object, fields, call, fresh)) {
      int status = answer.head().status();
      if (status == 206) {
        RangeAnswer.check(answer.head(), object, offset, length);
        RangeAnswer.receive(answer, length, body);
        return;
      }
      refuse(answer, object, offset, length);
    }
  }

  /**
   * The whole object, for servers that give no parts; the caller closes the answer.
   *
   * @throws OriginException if it is another version
   */
  HttpResponse stream(StoredObject object, HttpCall call) throws IOException {
    HttpResponse answer = send("GET", object, List.of(), call, false);
    boolean right = false;
    try {
      HttpHead head = answer.head();
      if (head.status() != 200) {
        refuse(answer, object, 0, object.sizeBytes());
      }
      long size = head.contentLength() < 0 ? object.sizeBytes() : head.contentLength();
      ObjectVersion found = RangeAnswer.version(head, size);
      if (size != object.sizeBytes() || !found.equals(object.version())) {
        throw RangeAnswer.changed(object, found, size);
      }
      right = true;
      return answer;
    } finally {
      if (!right) {
        answer.close();
      }
    }
  }

  private void refuse(HttpResponse answer, StoredObject object, long offset, long length)
      throws IOException {
    int status = answer.head().status();
    if (status == 200) {
      long size = answer.head().contentLength();
      ObjectVersion found = RangeAnswer.version(answer.head(), size);
      if (!found.equals(object.version())) {
        throw RangeAnswer.changed(object, found, size);
      }
      throw new OriginException(
          Kind.UNSUPPORTED,
          Retry.PERMANENT,
          object.location(),
          offset,
          length,
          "the server gave parts of objects when this one was opened, and now gives the whole");
    }
    if (status == 412 || status == 416) {
      throw changedOr(answer, object, offset, length);
    }
    throw RangeAnswer.failure(
        answer.head(), object, offset, length, identity(object), RangeAnswer.detail(answer));
  }

  /** The server says that the condition, or the range, does not hold: looks what is there now. */
  private IOException changedOr(HttpResponse answer, StoredObject object, long offset, long length)
      throws IOException {
    Optional<Found> now = find(object.location(), new HttpCall());
    if (now.isEmpty()) {
      return RangeAnswer.changed(object, new ObjectVersion("gone"), 0);
    }
    StoredObject found = now.get().object();
    return found.version().equals(object.version())
        ? RangeAnswer.failure(
            answer.head(), object, offset, length, identity(object), "the version is the same")
        : RangeAnswer.changed(object, found.version(), found.sizeBytes());
  }

  /** Only strong tags can be required; dates are to the second, so the answer is checked too. */
  private static void pin(StoredObject object, List<Field> fields) {
    String tag = object.version().tag();
    if (tag.startsWith("etag \"")) {
      fields.add(new Field("If-Match", tag.substring(5)));
    } else if (tag.startsWith("modified ")) {
      int end = tag.lastIndexOf(", ");
      fields.add(new Field("If-Unmodified-Since", tag.substring(9, end)));
    }
  }

  private HttpResponse send(
      String method, StoredObject object, List<Field> fields, HttpCall call, boolean fresh)
      throws IOException {
    HttpLocation asked = HttpLocation.parse(object.location());
    HttpLocation place = knownPlace(object.location());
    boolean remembered = place != null;
    HttpLocation at = place == null ? asked : place;
    for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      HttpResponse answer = client.send(request(method, at, fields), call, fresh);
      int status = answer.head().status();
      Optional<String> next = answer.head().first("location");
      boolean moved =
          status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
      boolean expired =
          remembered && (status == 401 || status == 403 || status == 404 || status == 410);
      if (!expired && (!moved || next.isEmpty())) {
        remember(object.location(), asked, at);
        return answer;
      }
      answer.close();
      HttpLocation from = at;
      at = expired ? asked : redirect(object, from, next.get());
      remembered = false;
    }
    throw new OriginException(
        Kind.FAILED,
        Retry.PERMANENT,
        object.location(),
        "more than %d redirects".formatted(REDIRECTS_MAX));
  }

  private static HttpLocation redirect(StoredObject object, HttpLocation from, String to)
      throws OriginException {
    try {
      HttpLocation next = from.resolve(to);
      if (from.tls() && !next.tls()) {
        throw new IllegalArgumentException("it leads from https to http");
      }
      return next;
    } catch (IllegalArgumentException bad) {
      throw new OriginException(
              Kind.FAILED,
              Retry.PERMANENT,
              object.location(),
              "a redirect to '%s' is not followed: %s"
                  .formatted(HttpLocation.redacted(to), bad.getMessage()))
          .causedBy(bad);
    }
  }

  private HttpRequest request(String method, HttpLocation at, List<Field> fields) {
    List<Field> all = new ArrayList<>(fields);
    credentials.of(at).header().ifPresent(value -> all.add(new Field("Authorization", value)));
    return new HttpRequest(method, at, all);
  }

  private @Nullable HttpLocation knownPlace(String location) {
    synchronized (places) {
      return places.get(location);
    }
  }

  private void remember(String location, HttpLocation asked, HttpLocation at) {
    synchronized (places) {
      if (at.equals(asked)) {
        places.remove(location);
      } else {
        places.put(location, at);
      }
    }
  }
}
