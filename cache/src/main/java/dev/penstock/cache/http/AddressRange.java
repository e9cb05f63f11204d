package dev.penstock.cache.http;

import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A range of addresses in CIDR form, as {@code 10.0.0.0/8} or {@code fd00::/8}. Immutable.
 *
 * @param address any one of the range, of which only the first bits matter
 * @param bits how many of them
 */
record AddressRange(InetAddress address, int bits) {
  private static final Pattern FORM = Pattern.compile("([^/]+)/(\\d{1,3})");

  /** All four numbers: what has fewer is taken for a name. */
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /** The range that a text names, if it names one; an IPv6 address may stand in brackets. */
  static Optional<AddressRange> parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      return Optional.empty();
    }
    int bits = Integer.parseInt(parts.group(2));
    return literal(parts.group(1).replaceAll("^\\[|\\]$", ""))
        .filter(address -> bits <= address.getAddress().length * Byte.SIZE)
        .map(address -> new AddressRange(address, bits));
  }

  /** The address that a host is written as, without brackets; empty if it is a name. */
  static Optional<InetAddress> literal(String host) {
    if (host.indexOf(':') < 0 && !IPV4.matcher(host).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  boolean contains(InetAddress other) {
    byte[] mine = address.getAddress();
    byte[] theirs = other.getAddress();
    if (mine.length != theirs.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += Byte.SIZE) {
      int unimportant = Math.max(0, bit + Byte.SIZE - bits);
      int different = (mine[bit / Byte.SIZE] ^ theirs[bit / Byte.SIZE]) & 0xFF;
      if (different >>> unimportant != 0) {
        return false;
      }
    }
    return true;
  }
}
