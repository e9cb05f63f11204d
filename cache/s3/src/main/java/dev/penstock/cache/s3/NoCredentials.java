package dev.penstock.cache.s3;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What the SDK says when it finds no credentials, in few words. Its chain only has one long text,
 * in which the sources stand one after the other, each with its own reason.
 */
final class NoCredentials {
  /** A source, and where its reason begins. */
  private static final Pattern SOURCE =
      Pattern.compile("(\\w+CredentialsProvider)\\((?:profileName=)?([^()]*)\\): ");

  /** Of a reason that is not known here, so many characters are enough to look it up. */
  private static final int REASON_MAX = 100;

  private static final String REMEDY =
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --s3-profile or"
          + " AWS_PROFILE; for a public bucket use --s3-anonymous";

  /** A source's name for people, and its usual reason in the SDK's words and in ours. */
  private record Source(String provider, String name, String usual, String means) {}

  private static final List<Source> SOURCES =
      List.of(
          new Source(
              "EnvironmentVariableCredentialsProvider",
              "environment",
              "(AWS_ACCESS_KEY_ID)",
              "AWS_ACCESS_KEY_ID is not set"),
          new Source(
              "EnvironmentVariableCredentialsProvider",
              "environment",
              "(AWS_SECRET_ACCESS_KEY)",
              "AWS_SECRET_ACCESS_KEY is not set"),
          new Source(
              "WebIdentityTokenFileCredentialsProvider",
              "web identity",
              "must be set",
              "AWS_WEB_IDENTITY_TOKEN_FILE is not set"),
          new Source(
              "ProfileCredentialsProvider",
              "profile",
              "contained no credentials",
              "not there, or without credentials"),
          new Source(
              "ContainerCredentialsProvider",
              "container",
              "neither AWS_CONTAINER",
              "AWS_CONTAINER_CREDENTIALS_... are not set"),
          new Source(
              "InstanceProfileCredentialsProvider",
              "instance role",
              "Failed to load credentials from IMDS",
              "the metadata service gives none"));

  private NoCredentials() {}

  /** The whole message, of what the SDK said. */
  static String explain(String said) {
    List<String> tried = tried(said);
    String found = tried.isEmpty() ? shortened(said) : "tried " + String.join("; ", tried);
    return "no credentials were found: %s. To give some, %s".formatted(found, REMEDY);
  }

  private static List<String> tried(String said) {
    List<MatchResult> found = SOURCE.matcher(said).results().toList();
    List<String> tried = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      MatchResult source = found.get(i);
      int end = i + 1 < found.size() ? found.get(i + 1).start() : said.length();
      String reason = said.substring(source.end(), end).replaceAll("[,\\]\\s]+$", "");
      describe(source.group(1), source.group(2), reason, tried);
    }
    return tried;
  }

  private static void describe(
      String provider, String parameter, String reason, List<String> target) {
    String name = provider.replace("CredentialsProvider", "");
    for (Source source : SOURCES) {
      if (provider.equals(source.provider)) {
        name = source.name;
        if (reason.contains(source.usual)) {
          target.add("%s (%s)".formatted(named(name, parameter), source.means));
          return;
        }
      }
    }
    // Properties of a Java process: whoever set none need not hear of them.
    if (!provider.equals("SystemPropertyCredentialsProvider") || !reason.contains("must be")) {
      target.add("%s (%s)".formatted(named(name, parameter), shortened(reason)));
    }
  }

  private static String named(String name, String parameter) {
    return parameter.isEmpty() ? name : name + " " + parameter;
  }

  private static String shortened(String reason) {
    String sentence = reason.strip().split("\\.\\s|\\R", 2)[0].replaceAll("\\.$", "");
    return sentence.length() <= REASON_MAX ? sentence : sentence.substring(0, REASON_MAX) + "...";
  }
}
