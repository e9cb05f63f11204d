package dev.penstock.cache.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.MinIOContainer;

/**
 * A MinIO server for all tests of this Java machine: the one that the environment names, which
 * {@code .ci/minio} starts; else one in a container, which ends with this Java machine.
 */
final class Minio {
  /** The last release that was published as an image. */
  private static final String IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z";

  /** Guarded by the class. */
  private static boolean trusted;

  private Minio() {}

  private static Optional<String> named(String variable) {
    return Optional.ofNullable(System.getenv(variable)).filter(value -> !value.isEmpty());
  }

  /** Why there is none; empty if there can be one. */
  static Optional<String> missing() {
    if (named("PENSTOCK_TEST_MINIO_ENDPOINT").isPresent()) {
      return Optional.empty();
    }
    // Looked for first: asking Testcontainers where there is none fills the log with errors.
    boolean docker =
        System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock"));
    return docker && DockerClientFactory.instance().isDockerAvailable()
        ? Optional.empty()
        : Optional.of(
            "PENSTOCK_TEST_MINIO_ENDPOINT names no MinIO (.ci/minio starts one), and no Docker"
                + " engine answers here");
  }

  /** Its address without TLS; both ways of starting it know {@link TestStore#KEY}. */
  static String endpoint() {
    return named("PENSTOCK_TEST_MINIO_ENDPOINT").orElseGet(() -> Container.SERVER.getS3URL());
  }

  /** The address of one with TLS, whose certificate is trusted from then on, if there is one. */
  static synchronized Optional<String> tlsEndpoint() {
    Optional<String> endpoint = named("PENSTOCK_TEST_MINIO_TLS_ENDPOINT");
    if (endpoint.isPresent() && !trusted) {
      trust(Path.of(named("PENSTOCK_TEST_MINIO_CERTIFICATE").orElse("not named")));
      trusted = true;
    }
    return endpoint;
  }

  /** As its user would: by a trust store that the Java machine is told of. */
  private static void trust(Path certificate) {
    try (InputStream in = Files.newInputStream(certificate)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setCertificateEntry(
          "minio", CertificateFactory.getInstance("X.509").generateCertificate(in));
      Path file = Files.createTempFile("penstock-test-trust", ".p12");
      file.toFile().deleteOnExit();
      try (OutputStream out = Files.newOutputStream(file)) {
        store.store(out, "penstock".toCharArray());
      }
      System.setProperty("javax.net.ssl.trustStore", file.toString());
      System.setProperty("javax.net.ssl.trustStorePassword", "penstock");
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("no trust in " + certificate, e);
    }
  }

  private static final class Container {
    @SuppressWarnings("resource") // Testcontainers removes it when this Java machine has ended.
    static final MinIOContainer SERVER = start();

    private static MinIOContainer start() {
      MinIOContainer server =
          new MinIOContainer(IMAGE).withUserName(TestStore.KEY).withPassword(TestStore.SECRET);
      server.start();
      return server;
    }
  }
}
