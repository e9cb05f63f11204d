package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where buckets are asked. */
final class S3StoreTest {
  /** All ranges that are in flight when the first answer names the region get that answer. */
  @Test
  void whoeverAskedInTheWrongRegionAsksAgain() {
    S3Options options = S3Options.of(Map.of("s3.region", "us-east-1", "s3.anonymous", "on"));
    try (S3Store store = new S3Store(options, 1)) {
      S3Store.Place first = store.place("bucket");
      S3Store.Place second = store.place("bucket");
      assertEquals("us-east-1", first.signingRegion());
      assertTrue(store.moved("bucket", first, "eu-west-1"));
      assertTrue(store.moved("bucket", second, "eu-west-1"), "it had asked in the wrong one too");
      S3Store.Place found = store.place("bucket");
      assertEquals("eu-west-1", found.signingRegion());
      assertTrue(found.url().contains("eu-west-1"), found::url);
      assertFalse(store.moved("bucket", found, "eu-west-1"), "there is nowhere else to ask");
    }
  }
}
