package dev.penstock.cache.s3;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginProvider;
import dev.penstock.cache.remote.RemoteConfig;
import java.util.Map;

/** Makes the S3 origin. */
public final class S3Provider implements OriginProvider {
  /** For {@link java.util.ServiceLoader}. */
  public S3Provider() {}

  @Override
  public String scheme() {
    return "s3";
  }

  @Override
  public Origin open(ByteBudget budget, Map<String, String> options) {
    return S3Origin.open(S3Options.of(options), RemoteConfig.of(options));
  }
}
