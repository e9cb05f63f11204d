package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.DatasetLocator;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said where a bucket, or a directory of one, gives no shards. */
@Timeout(60)
final class MissingShardsTest {
  private static OriginException missing(Origin origin, String location) {
    OriginException missing =
        assertThrows(
            OriginException.class,
            () -> DatasetLocator.resolve(List.of(location), List.of(origin)));
    assertEquals(Kind.NOT_FOUND, missing.kind());
    return missing;
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/data/", "/data/x-{0..3}.tar", "/*.tar"})
  void aBucketThatIsNotThereIsNamed(String path) {
    try (TestStore store = TestStore.inProcess();
        Origin origin = store.origin(Map.of())) {
      String said = missing(origin, "s3://no-such-bucket" + path).getMessage();
      assertTrue(said.contains("no-such-bucket") && said.contains("NoSuchBucket"), said);
    }
  }

  @Test
  void ofABucketWithoutShardsItsTopIsNamed() {
    try (TestStore store = TestStore.inProcess();
        Origin origin = store.origin(Map.of())) {
      store.put("data/x.tar", new byte[10]);
      for (String path : List.of("", "/")) {
        String said = missing(origin, "s3://" + store.bucket + path).getMessage();
        assertTrue(said.contains("s3://" + store.bucket + "/ holds no files itself"), said);
      }
      String said = missing(origin, store.location("data/y.tar")).getMessage();
      assertTrue(said.contains("holds 1 files, such as x.tar"), said);
    }
  }
}
