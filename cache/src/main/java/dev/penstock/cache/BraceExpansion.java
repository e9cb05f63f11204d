package dev.penstock.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Brace patterns as the Python package {@code braceexpand} reads them, which webdataset uses for
 * its URLs: {@code {000..146}} with zero padding and an optional step, {@code {a..e}}, {@code
 * {x,y}}, nested, in the order written, the leftmost brace varying slowest. A backslash takes the
 * next character literally; braces around neither a comma nor a range stay.
 */
final class BraceExpansion {
  /**
   * A pattern that expands to more is taken for a mistake; ten times the largest known datasets.
   */
  static final int LIMIT = 10_000_000;

  private static final Pattern INTEGERS =
      Pattern.compile("(-?\\d+)\\.\\.(-?\\d+)(?:\\.\\.-?(\\d+))?");
  private static final Pattern LETTERS =
      Pattern.compile("([A-Za-z])\\.\\.([A-Za-z])(?:\\.\\.-?(\\d+))?");
  private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private final String whole;

  private BraceExpansion(String whole) {
    this.whole = whole;
  }

  /**
   * All strings that {@code pattern} stands for.
   *
   * @throws IllegalArgumentException if its braces are unbalanced or it stands for too many
   */
  static List<String> expand(String pattern) {
    return new BraceExpansion(pattern).pattern(pattern);
  }

  private List<String> pattern(String text) {
    List<String> results = List.of("");
    StringBuilder literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\\' && at + 1 < text.length()) {
        literal.append(text.charAt(at + 1));
        at += 2;
      } else if (c == '{') {
        int close = closing(text, at);
        results = product(results, List.of(literal.toString()));
        literal.setLength(0);
        results = product(results, expression(text.substring(at + 1, close)));
        at = close + 1;
      } else if (c == '}') {
        throw unbalanced();
      } else {
        literal.append(c);
        at++;
      }
    }
    return product(results, List.of(literal.toString()));
  }

  private List<String> expression(String inside) {
    Matcher integers = INTEGERS.matcher(inside);
    if (integers.matches()) {
      return integers(integers.group(1), integers.group(2), integers.group(3));
    }
    Matcher letters = LETTERS.matcher(inside);
    if (letters.matches()) {
      return letters(letters.group(1), letters.group(2), letters.group(3));
    }
    List<String> parts = commaParts(inside);
    List<String> results = new ArrayList<>();
    for (String part : parts) {
      results.addAll(pattern(part));
    }
    if (parts.size() == 1) {
      results.replaceAll(result -> "{" + result + "}");
    }
    return results;
  }

  private List<String> integers(String left, String right, @Nullable String step) {
    int width = padded(left) || padded(right) ? Math.max(left.length(), right.length()) : 0;
    long from = Long.parseLong(left);
    long to = Long.parseLong(right);
    long by = stepOf(step);
    if (Math.abs(to - from) / by >= LIMIT) {
      throw tooMany();
    }
    List<String> results = new ArrayList<>();
    for (long i = from; from <= to ? i <= to : i >= to; i += from <= to ? by : -by) {
      results.add(width == 0 ? Long.toString(i) : String.format("%0" + width + "d", i));
    }
    return results;
  }

  private static List<String> letters(String left, String right, @Nullable String step) {
    int from = ALPHABET.indexOf(left.charAt(0));
    int to = ALPHABET.indexOf(right.charAt(0));
    int by = (int) Math.min(ALPHABET.length(), stepOf(step));
    List<String> results = new ArrayList<>();
    for (int i = from; from <= to ? i <= to : i >= to; i += from <= to ? by : -by) {
      results.add(ALPHABET.substring(i, i + 1));
    }
    return results;
  }

  private static long stepOf(@Nullable String step) {
    return step == null ? 1 : Math.max(1, Long.parseLong(step));
  }

  private static boolean padded(String number) {
    String digits = number.startsWith("-") ? number.substring(1) : number;
    return digits.length() > 1 && digits.startsWith("0");
  }

  private int closing(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '\\' -> i++;
        case '{' -> depth++;
        case '}' -> {
          if (--depth == 0) {
            return i;
          }
        }
        default -> {}
      }
    }
    throw unbalanced();
  }

  private static List<String> commaParts(String inside) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < inside.length(); i++) {
      switch (inside.charAt(i)) {
        case '\\' -> i++;
        case '{' -> depth++;
        case '}' -> depth--;
        case ',' -> {
          if (depth == 0) {
            parts.add(inside.substring(start, i));
            start = i + 1;
          }
        }
        default -> {}
      }
    }
    parts.add(inside.substring(start));
    return parts;
  }

  private List<String> product(List<String> heads, List<String> tails) {
    if (tails.size() == 1 && tails.getFirst().isEmpty()) {
      return heads;
    }
    if ((long) heads.size() * tails.size() > LIMIT) {
      throw tooMany();
    }
    List<String> results = new ArrayList<>(heads.size() * tails.size());
    for (String head : heads) {
      for (String tail : tails) {
        results.add(head + tail);
      }
    }
    return results;
  }

  private IllegalArgumentException unbalanced() {
    return new IllegalArgumentException(
        "unbalanced braces in dataset pattern '%s'; write \\{ for a literal brace"
            .formatted(whole));
  }

  private IllegalArgumentException tooMany() {
    return new IllegalArgumentException(
        "dataset pattern '%s' stands for more than %d names".formatted(whole, LIMIT));
  }
}
