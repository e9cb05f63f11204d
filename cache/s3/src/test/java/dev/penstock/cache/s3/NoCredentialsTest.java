package dev.penstock.cache.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.origin.OriginException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the SDK's own chain of sources comes to, in a process with an environment of our making. */
@Timeout(120)
final class NoCredentialsTest {
  private static final String REMEDY =
      "To give some, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with"
          + " --s3-profile or AWS_PROFILE; for a public bucket use --s3-anonymous";

  @TempDir Path home;

  /** Asks for credentials and prints why there are none. */
  static final class Asker {
    private Asker() {}

    /** {@code args}: a profile, if any. */
    public static void main(String[] args) {
      Map<String, String> options =
          args.length > 0
              ? Map.of("s3.region", "us-east-1", "s3.profile", args[0])
              : Map.of("s3.region", "us-east-1");
      try (S3Store store = new S3Store(S3Options.of(options), 1)) {
        System.out.println("found " + store.identity("s3://b/k").accessKeyId());
      } catch (OriginException none) {
        System.out.println(none.kind() + " " + none.getMessage());
      }
    }
  }

  private String ask(Map<String, String> environment, String... arguments) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-Xmx96m", "-Duser.home=" + home));
    String modules = System.getProperty("jdk.module.path", "");
    command.addAll(
        List.of(
            "-cp",
            modules + ":" + System.getProperty("java.class.path", ""),
            Asker.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(home.resolve("errors").toFile());
    builder.environment().clear();
    builder.environment().put("HOME", home.toString());
    // Nobody listens there, also where this test runs on an instance that has a role.
    builder.environment().put("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
    builder.environment().putAll(environment);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> errors());
    return said.strip();
  }

  private String errors() {
    try {
      return Files.readString(home.resolve("errors"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void anEmptyEnvironmentSaysWhatWasTriedAndWhatToDo() throws Exception {
    String said = ask(Map.of());
    assertTrue(said.startsWith("DENIED "), said);
    String tried =
        "no credentials were found: tried environment (AWS_ACCESS_KEY_ID is not set);"
            + " web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set);"
            + " profile default (not there, or without credentials);"
            + " container (AWS_CONTAINER_CREDENTIALS_... are not set);"
            + " instance role (the metadata service gives none). "
            + REMEDY;
    assertTrue(said.contains(tried), said);
    assertFalse(said.contains("Provider"), said);
    assertTrue(said.length() < 700, said.length() + ": " + said);
  }

  @Test
  void whatIsThereInPartIsNamed() throws Exception {
    assertTrue(ask(Map.of(), "nightly").contains("; profile nightly (not there"), "by its name");
    String half = ask(Map.of("AWS_ACCESS_KEY_ID", "half"));
    assertTrue(half.contains("environment (AWS_SECRET_ACCESS_KEY is not set)"), half);
    String off = ask(Map.of("AWS_EC2_METADATA_DISABLED", "true"));
    assertTrue(off.contains("instance role (IMDS credentials have been disabled"), off);
    Path file = Files.createDirectories(home.resolve(".aws")).resolve("credentials");
    Files.writeString(file, "[default]\naws_access_key_id = one\naws_secret_access_key = two\n");
    assertEquals("found one", ask(Map.of()));
  }

  @Test
  void whatIsNotKnownIsCutShort() {
    String said =
        NoCredentials.explain(
            "Unable: [SsoCredentialsProvider(): The SSO session has expired. Log in again.,"
                + " NewCredentialsProvider(): "
                + "x".repeat(500)
                + "]");
    assertTrue(said.contains("tried Sso (The SSO session has expired); New (xxx"), said);
    assertTrue(said.length() < 500, said);
    assertTrue(NoCredentials.explain("something else. And more").contains(": something else. To"));
  }
}
