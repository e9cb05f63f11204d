package dev.penstock.cache.hdfs;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginProvider;
import dev.penstock.cache.remote.RemoteConfig;
import java.util.Map;

/** Makes the HDFS origin. */
public final class HdfsProvider implements OriginProvider {
  /** For {@link java.util.ServiceLoader}. */
  public HdfsProvider() {}

  @Override
  public String scheme() {
    return "hdfs";
  }

  @Override
  public Origin open(ByteBudget budget, Map<String, String> options) {
    return HdfsOrigin.open(HdfsOptions.of(options, System.getenv()), RemoteConfig.of(options));
  }
}
