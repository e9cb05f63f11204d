package dev.penstock.cache.remote;

import java.io.InputStream;
import java.security.KeyStore;
import java.util.Objects;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A server that shows the test certificate, and a client that trusts it alone. */
public final class TestTls {
  private static final char[] PASSWORD = "penstock".toCharArray();

  private TestTls() {}

  /** Both sides. */
  public static SSLContext context() {
    try (InputStream in =
        Objects.requireNonNull(TestTls.class.getResourceAsStream("localhost.p12"))) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, PASSWORD);
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, PASSWORD);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
