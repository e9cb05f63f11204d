package dev.penstock.cache.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Spreads connections over all addresses of a name: large stores answer with several and change
 * them every few seconds, so that one address is one machine of many. An address that failed is
 * passed over for a while when there are others. Thread-safe.
 */
final class Addresses {
  private static final long FRESH_NANOS = 10_000_000_000L;
  private static final long AVOIDED_NANOS = 10_000_000_000L;
  private static final int HOSTS_MAX = 1024;

  private final HttpClientConfig.Resolver resolver;
  private final Map<String, Host> hosts = new HashMap<>();
  private final Map<InetAddress, Long> failedAt = new HashMap<>();

  private static final class Host {
    List<InetAddress> addresses = List.of();
    long resolvedAt;
    int next;
  }

  Addresses(HttpClientConfig.Resolver resolver) {
    this.resolver = resolver;
  }

  /** The addresses to try in turn, the best first. */
  List<InetAddress> of(String host) throws UnknownHostException {
    long now = System.nanoTime();
    List<InetAddress> known = known(host, now);
    if (known.isEmpty()) {
      known = List.copyOf(resolver.resolve(host));
      if (known.isEmpty()) {
        throw new UnknownHostException(host);
      }
    }
    return ordered(host, known, now);
  }

  private synchronized List<InetAddress> known(String host, long now) {
    Host entry = hosts.get(host);
    return entry == null || now - entry.resolvedAt > FRESH_NANOS ? List.of() : entry.addresses;
  }

  private synchronized List<InetAddress> ordered(
      String host, List<InetAddress> addresses, long now) {
    if (hosts.size() > HOSTS_MAX) {
      hosts.clear();
    }
    Host entry = hosts.computeIfAbsent(host, _ -> new Host());
    if (!entry.addresses.equals(addresses) || now - entry.resolvedAt > FRESH_NANOS) {
      entry.addresses = addresses;
      entry.resolvedAt = now;
    }
    failedAt.values().removeIf(at -> now - at > AVOIDED_NANOS);
    List<InetAddress> good = new ArrayList<>(addresses.size());
    List<InetAddress> bad = new ArrayList<>();
    int start = Math.floorMod(entry.next++, addresses.size());
    for (int i = 0; i < addresses.size(); i++) {
      InetAddress address = addresses.get((start + i) % addresses.size());
      (failedAt.containsKey(address) ? bad : good).add(address);
    }
    good.addAll(bad);
    return good;
  }

  /** Remembers that an address could not be reached, or went silent. */
  synchronized void failed(InetAddress address) {
    failedAt.put(address, System.nanoTime());
  }
}
