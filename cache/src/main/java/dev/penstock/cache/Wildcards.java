package dev.penstock.cache;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A path with shell wildcards, cut into the directory before the first of them and a pattern for
 * names relative to it: {@code *} and {@code ?} stay inside one path component, {@code **} does
 * not, {@code [a-z]} and {@code [!a]} are classes. Components that begin with a dot must be matched
 * by a dot.
 */
record Wildcards(String directory, String relative, Pattern pattern, int depth) {
  /** Deep enough for any tree of shards; bounds the walk for {@code **}. */
  private static final int ANY_DEPTH = 32;

  /** Where the first wildcard is, or -1. In web addresses {@code ?} begins the query. */
  static int firstWildcard(String location) {
    boolean web = location.startsWith("http:") || location.startsWith("https:");
    for (int i = 0; i < location.length(); i++) {
      char c = location.charAt(i);
      if (c == '*' || c == '[' || (c == '?' && !web)) {
        return i;
      }
    }
    return -1;
  }

  static Wildcards of(String location) {
    int cut = location.lastIndexOf('/', firstWildcard(location)) + 1;
    String directory = cut == 0 ? "." : location.substring(0, cut);
    String relative = location.substring(cut);
    int depth =
        relative.contains("**")
            ? ANY_DEPTH
            : 1 + (int) relative.chars().filter(c -> c == '/').count();
    try {
      return new Wildcards(directory, relative, Pattern.compile(regex(relative)), depth);
    } catch (PatternSyntaxException failure) {
      throw new IllegalArgumentException(
          "dataset pattern '%s' is not a valid wildcard pattern: %s"
              .formatted(location, failure.getDescription()),
          failure);
    }
  }

  boolean matches(String name) {
    return pattern.matcher(name).matches();
  }

  private static String regex(String glob) {
    StringBuilder regex = new StringBuilder();
    boolean componentStart = true;
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      boolean wild = c == '*' || c == '?' || c == '[';
      if (componentStart && wild) {
        regex.append("(?!\\.)");
      }
      componentStart = c == '/';
      if (glob.startsWith("**/", i)) {
        regex.append("(?:[^./][^/]*/)*");
        i += 2;
        componentStart = true;
      } else if (glob.startsWith("**", i)) {
        regex.append("[^/]*(?:/[^./][^/]*)*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else if (c == '[') {
        i = characterClass(glob, i, regex);
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return regex.toString();
  }

  /** Appends the class that begins at {@code open}; returns where it ends. */
  private static int characterClass(String glob, int open, StringBuilder regex) {
    int close = glob.indexOf(']', open + 2);
    if (close < 0) {
      regex.append("\\[");
      return open;
    }
    String inside = glob.substring(open + 1, close);
    boolean negated = inside.startsWith("!") || inside.startsWith("^");
    String members = negated ? inside.substring(1) : inside;
    regex.append(negated ? "[^/" : "[");
    regex.append(members.replace("\\", "\\\\").replace("[", "\\[").replace("&", "\\&"));
    regex.append(']');
    return close;
  }
}
