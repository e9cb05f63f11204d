package dev.penstock.cache.s3;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.ObjectVersion;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.RangeAnswer;
import dev.penstock.cache.remote.RangeTransport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** The twin: ranges through the SDK's own HTTP client, with one more copy. Thread-safe. */
final class SdkTransport implements RangeTransport {
  private static final int COPY_BYTES = 64 << 10;

  private final S3Store store;
  private final LeanTransport.VersionNow now;

  SdkTransport(S3Store store, LeanTransport.VersionNow now) {
    this.store = store;
    this.now = now;
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    S3Location location = S3Location.parse(object.location());
    GetObjectRequest request =
        GetObjectRequest.builder()
            .bucket(location.bucket())
            .key(location.key())
            .requestPayer(store.payer())
            .range("bytes=%d-%d".formatted(offset, offset + length - 1))
            .ifMatch(object.version().tag().substring("etag ".length()))
            .build();
    try (ResponseInputStream<GetObjectResponse> answer = store.client().getObject(request)) {
      call.abortBy(answer::abort);
      receive(answer, object, length, body);
      call.released();
    } catch (S3Exception refused) {
      if (refused.statusCode() == 412 || refused.statusCode() == 416) {
        StoredObject found = now.find(object.location()).orElse(null);
        throw found == null
            ? RangeAnswer.changed(object, new ObjectVersion("gone"), 0)
            : RangeAnswer.changed(object, found.version(), found.sizeBytes());
      }
      throw S3Store.typed(object.location(), offset, length, refused, store::who);
    } catch (SdkException failure) {
      throw S3Store.typed(object.location(), offset, length, failure, store::who);
    }
  }

  private static void receive(
      ResponseInputStream<GetObjectResponse> answer, StoredObject object, long length, Body body)
      throws IOException {
    ObjectVersion found = new ObjectVersion("etag " + answer.response().eTag());
    if (!found.equals(object.version())) {
      answer.abort();
      throw RangeAnswer.changed(object, found, -1);
    }
    byte[] copy = new byte[COPY_BYTES];
    long left = length;
    while (left > 0) {
      ByteBuffer room = body.room();
      int most = (int) Math.min(Math.min(left, copy.length), room.remaining());
      int read = answer.read(copy, 0, most);
      if (read < 0) {
        throw new EOFException("the answer ended %d bytes early".formatted(left));
      }
      room.put(copy, 0, read);
      body.filled(read);
      left -= read;
    }
  }
}
