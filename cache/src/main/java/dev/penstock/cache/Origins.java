package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.Origin;
import dev.penstock.cache.origin.OriginProvider;
import dev.penstock.cache.remote.HttpCredentials;
import dev.penstock.cache.remote.HttpOrigin;
import dev.penstock.cache.remote.MountOrigin;
import dev.penstock.cache.remote.RemoteConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** All stores that this process can read from. */
public final class Origins {
  private Origins() {}

  /**
   * Local files, web servers, and whatever providers are found; none of them costs anything before
   * its first location. The caller closes them.
   *
   * @param options {@code remote.*} for all stores that are asked over the network, and those of
   *     the providers' schemes; see {@code docs/remote.md}
   * @throws IllegalArgumentException naming an option that is not understood, or whose store is not
   *     installed
   */
  public static List<Origin> open(
      CacheConfig config, ByteBudget budget, Map<String, String> options) {
    RemoteConfig remote = RemoteConfig.of(options);
    HttpCredentials credentials = HttpCredentials.ofProcess();
    List<Origin> origins = new ArrayList<>();
    origins.add(MountOrigin.over(config.fileOrigin(budget), remote));
    origins.add(HttpOrigin.open(remote, HttpClientConfig.defaults(), credentials));
    List<String> schemes = new ArrayList<>(List.of("remote"));
    for (OriginProvider provider : providers()) {
      origins.add(new ProvidedOrigin(provider, budget, options));
      schemes.add(provider.scheme());
    }
    for (String option : options.keySet()) {
      if (schemes.stream().noneMatch(scheme -> option.startsWith(scheme + "."))) {
        origins.forEach(Origin::close);
        throw new IllegalArgumentException(
            "origin option '%s' belongs to no store that is installed; there are %s"
                .formatted(option, schemes));
      }
    }
    return List.copyOf(origins);
  }

  /**
   * Providers on the module path of this module's layer, and on the class path: heavy stores keep
   * their libraries there, so that a start without them does not resolve their modules.
   */
  private static List<OriginProvider> providers() {
    List<OriginProvider> found = new ArrayList<>();
    List<String> schemes = new ArrayList<>();
    for (OriginProvider provider :
        ServiceLoader.load(OriginProvider.class, Origins.class.getClassLoader())) {
      if (!schemes.contains(provider.scheme())) {
        schemes.add(provider.scheme());
        found.add(provider);
      }
    }
    return found;
  }
}
