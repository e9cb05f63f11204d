package dev.penstock.benchmarks.remote;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** An asynchronous client of the SDK; what it hands out is dropped, which is in its favour. */
final class SdkClient implements RangeClient {
  private final String name;
  private final S3AsyncClient client;

  private SdkClient(String name, S3AsyncClient client) {
    this.name = name;
    this.client = client;
  }

  static SdkClient netty(Work work) {
    return new SdkClient(
        "SDK, Netty client",
        S3AsyncClient.builder()
            .endpointOverride(URI.create("http://127.0.0.1:" + work.port()))
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .credentialsProvider(RemoteBenchmark.CREDENTIALS)
            .httpClientBuilder(
                NettyNioAsyncHttpClient.builder().maxConcurrency(Math.max(64, work.depth())))
            .build());
  }

  static SdkClient crt(Work work) {
    return new SdkClient(
        "SDK, CRT HTTP client",
        S3AsyncClient.builder()
            .endpointOverride(URI.create("http://127.0.0.1:" + work.port()))
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .credentialsProvider(RemoteBenchmark.CREDENTIALS)
            .httpClientBuilder(
                AwsCrtAsyncHttpClient.builder().maxConcurrency(Math.max(64, work.depth())))
            .build());
  }

  /** The client that splits and schedules by itself, as AWS recommends it for bulk reads. */
  static SdkClient crtS3(Work work) {
    return new SdkClient(
        "AWS CRT S3 client",
        S3AsyncClient.crtBuilder()
            .endpointOverride(URI.create("http://127.0.0.1:" + work.port()))
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .credentialsProvider(RemoteBenchmark.CREDENTIALS)
            .build());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void pass(Work work, Latency latencies) throws InterruptedException, ExecutionException {
    Semaphore room = new Semaphore(work.depth());
    List<CompletableFuture<Long>> running = new ArrayList<>();
    for (int r = 0; r < work.ranges(); r++) {
      room.acquire();
      long began = System.nanoTime();
      String key = "o" + work.object(r);
      long offset = work.offset(r);
      String range = "bytes=%d-%d".formatted(offset, offset + work.rangeBytes() - 1);
      CompletableFuture<Long> one =
          client.getObject(ask -> ask.bucket("bench").key(key).range(range), new Counting());
      running.add(
          one.whenComplete(
              (bytes, failure) -> {
                latencies.took(System.nanoTime() - began);
                room.release();
              }));
    }
    for (CompletableFuture<Long> one : running) {
      if (one.get() != work.rangeBytes()) {
        throw new IllegalStateException(name + " brought " + one.get() + " bytes");
      }
    }
  }

  /** Counts the bytes of an answer. */
  private static final class Counting
      implements AsyncResponseTransformer<GetObjectResponse, Long>, Subscriber<ByteBuffer> {
    private CompletableFuture<Long> result = new CompletableFuture<>();
    private long bytes;

    @Override
    public CompletableFuture<Long> prepare() {
      result = new CompletableFuture<>();
      return result;
    }

    @Override
    public void onResponse(GetObjectResponse response) {}

    @Override
    public void onStream(SdkPublisher<ByteBuffer> publisher) {
      bytes = 0;
      publisher.subscribe(this);
    }

    @Override
    public void exceptionOccurred(Throwable error) {
      result.completeExceptionally(error);
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer part) {
      bytes += part.remaining();
    }

    @Override
    public void onError(Throwable error) {
      result.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      result.complete(bytes);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
