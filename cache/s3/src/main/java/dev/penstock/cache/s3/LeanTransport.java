package dev.penstock.cache.s3;

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
import dev.penstock.cache.remote.RangeAnswer;
import dev.penstock.cache.remote.RangeTransport;
import dev.penstock.cache.remote.RetryLaterException;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ranges through the lean client, signed by the SDK. Thread-safe. */
final class LeanTransport implements RangeTransport {
  private static final Pattern CODE = Pattern.compile("<Code>([A-Za-z.]{1,64})</Code>");
  private static final Pattern REGION = Pattern.compile("<Region>([a-z0-9-]{1,32})</Region>");
  private static final int ERROR_BYTES = 4096;

  private final HttpClient http;
  private final S3Store store;
  private final S3Signer signer;
  private final VersionNow now;

  /** What is stored at a location now. */
  interface VersionNow {
    Optional<StoredObject> find(String location) throws IOException;
  }

  LeanTransport(HttpClient http, S3Store store, VersionNow now) {
    this.http = http;
    this.store = store;
    this.signer = new S3Signer(Clock.systemUTC(), store.payerFields());
    this.now = now;
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    if (!tryGet(object, offset, length, body, call, fresh)) {
      tryGet(object, offset, length, body, call, fresh);
    }
  }

  /** False if the bucket's region had to be learnt first. */
  private boolean tryGet(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    S3Location location = S3Location.parse(object.location());
    // Looked up once: another thread may learn the region between address and signature.
    S3Store.Place place = store.place(location.bucket());
    String url = place.url() + "/" + location.encodedKey();
    HttpRequest request = request(object, url, place, offset, length);
    try (HttpResponse answer = http.send(request, call, fresh)) {
      if (answer.head().status() == 206) {
        RangeAnswer.check(answer.head(), object, offset, length);
        RangeAnswer.receive(answer, length, body);
        return true;
      }
      String text = answer.text(ERROR_BYTES);
      signer.forget(url);
      if (learntRegion(location.bucket(), place, answer.head(), text)) {
        return false;
      }
      throw failure(answer.head(), text, object, offset, length);
    }
  }

  private HttpRequest request(
      StoredObject object, String url, S3Store.Place place, long offset, long length)
      throws OriginException {
    List<Field> fields =
        List.of(
            new Field("Range", "bytes=%d-%d".formatted(offset, offset + length - 1)),
            new Field("If-Match", object.version().tag().substring("etag ".length())));
    return store.anonymous()
        ? new HttpRequest("GET", HttpLocation.parse(url), fields)
        : signer.get(url, fields, place, store.identity(object.location()));
  }

  private boolean learntRegion(String bucket, S3Store.Place asked, HttpHead head, String text) {
    boolean elsewhere = head.status() == 301 || head.status() == 307 || head.status() == 400;
    Matcher named = REGION.matcher(text);
    Optional<String> region =
        head.first("x-amz-bucket-region")
            .or(() -> named.find() ? Optional.of(named.group(1)) : Optional.empty());
    return elsewhere && region.isPresent() && store.moved(bucket, asked, region.get());
  }

  private IOException failure(
      HttpHead head, String text, StoredObject object, long offset, long length)
      throws IOException {
    int status = head.status();
    if (status == 412 || status == 416) {
      Optional<StoredObject> found = now.find(object.location());
      if (found.isEmpty()) {
        return RangeAnswer.changed(object, new ObjectVersion("gone"), 0);
      }
      if (!found.get().version().equals(object.version())) {
        return RangeAnswer.changed(object, found.get().version(), found.get().sizeBytes());
      }
    }
    Matcher named = CODE.matcher(text);
    String code = named.find() ? named.group(1) : "";
    Kind kind = S3Store.kind(status, code);
    IOException plain = RangeAnswer.failure(head, object, offset, length, store.who(), code);
    if (plain instanceof OriginException typed && typed.kind() != kind) {
      OriginException precise =
          new OriginException(
              kind,
              kind == Kind.THROTTLED || kind == Kind.TIMED_OUT ? Retry.TEMPORARY : typed.retry(),
              object.location(),
              offset,
              length,
              typed.reason());
      return precise.retry() == Retry.TEMPORARY ? new RetryLaterException(precise, 0) : precise;
    }
    return plain;
  }
}
