package dev.penstock.cache.remote;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The entries of a netrc file: user and password by machine. Immutable. */
final class Netrc {
  /** One machine's login; the default entry has an empty machine. */
  record Entry(String machine, String login, String password) {
    @Override
    public String toString() {
      return machine + " as " + login;
    }
  }

  private final List<Entry> entries;

  private Netrc(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** Parses the form that curl and ftp read; what is not understood is passed over. */
  static Netrc parse(String text) {
    List<Entry> entries = new ArrayList<>();
    Deque<String> words = words(text);
    String machine = null;
    String login = "";
    String password = "";
    while (!words.isEmpty()) {
      String word = words.removeFirst();
      switch (word) {
        case "machine", "default" -> {
          if (machine != null) {
            entries.add(new Entry(machine, login, password));
          }
          login = "";
          password = "";
          machine = word.equals("default") || words.isEmpty() ? "" : words.removeFirst();
        }
        case "login" -> login = words.isEmpty() ? "" : words.removeFirst();
        case "password" -> password = words.isEmpty() ? "" : words.removeFirst();
        case "account" -> words.pollFirst();
        default -> {}
      }
    }
    if (machine != null) {
      entries.add(new Entry(machine, login, password));
    }
    return new Netrc(entries);
  }

  private static Deque<String> words(String text) {
    Deque<String> words = new ArrayDeque<>();
    boolean macro = false;
    for (String line : text.lines().toList()) {
      if (macro) {
        macro = !line.isBlank();
        continue;
      }
      for (String word : line.strip().split("\\s+", -1)) {
        if (word.startsWith("#")) {
          break;
        }
        if (word.equals("macdef")) {
          macro = true; // until the next blank line
          break;
        }
        if (!word.isEmpty()) {
          words.add(word);
        }
      }
    }
    return words;
  }

  /** The first entry for a host, else the default one. */
  Optional<Entry> find(String host) {
    return entries.stream()
        .filter(entry -> entry.machine().equalsIgnoreCase(host) || entry.machine().isEmpty())
        .findFirst();
  }
}
