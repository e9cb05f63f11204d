package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares a saved cursor with the order that should go on from it. */
final class Resumption {
  private Resumption() {}

  static void check(Cursor now, Cursor saved, DatasetShape shape) {
    List<String> changes = changes(now, saved);
    refuse(changes, saved);
    if (saved.index() > shape.sampleCount()) {
      throw new IllegalArgumentException(
          "cannot resume at index "
              + saved.index()
              + ": an epoch of "
              + shape
              + " ends before it; the cursor is damaged");
    }
  }

  /** As {@link #check} for a mixture, whose weights may change from the cursor's position on. */
  static void checkMixture(Cursor now, Cursor saved) {
    List<String> changes = changes(now, saved);
    List<MixEntry> was = before(saved.schedule(), saved.index());
    List<MixEntry> is = before(now.schedule(), saved.index());
    add(changes, "schedule of weights so far", was, is);
    refuse(changes, saved);
  }

  private static List<MixEntry> before(List<MixEntry> schedule, long position) {
    List<MixEntry> past = new ArrayList<>();
    for (MixEntry entry : schedule) {
      if (entry.position() < position) {
        past.add(entry);
      }
    }
    return past;
  }

  private static List<String> changes(Cursor now, Cursor saved) {
    List<String> changes = new ArrayList<>();
    add(changes, "algorithm version", saved.version(), now.version());
    add(changes, "dataset fingerprint", saved.fingerprint(), now.fingerprint());
    add(changes, "shuffle", saved.shuffle(), now.shuffle());
    add(changes, "end", saved.end(), now.end());
    add(changes, "seed", saved.seed(), now.seed());
    add(changes, "lanes", saved.lanes(), now.lanes());
    add(changes, "window", saved.window(), now.window());
    add(changes, "groups", saved.groups(), now.groups());
    add(changes, "extentSamples", saved.extentSamples(), now.extentSamples());
    addSources(changes, saved.sources(), now.sources());
    add(changes, "grouping by lengths", rule(saved.grouping()), rule(now.grouping()));
    return changes;
  }

  /** Cursors of grouped orders are compared by {@link GroupedPlan}. */
  static String rule(@Nullable Grouping grouping) {
    return grouping == null
        ? "none"
        : "%s of %d tokens in groups of %d samples%s"
            .formatted(
                grouping.kind(),
                grouping.budget(),
                grouping.group(),
                grouping.longer() == Grouping.Longer.TRUNCATE
                    ? ""
                    : ", longer ones " + grouping.longer());
  }

  /** Names are for people: another is no other source. */
  private static void addSources(
      List<String> changes, List<SourceOrder> saved, List<SourceOrder> now) {
    if (saved.size() != now.size()) {
      add(changes, "number of sources", saved.size(), now.size());
      return;
    }
    for (int d = 0; d < saved.size(); d++) {
      add(changes, "source " + d, saved.get(d), now.get(d).named(saved.get(d).name()));
    }
  }

  private static void refuse(List<String> changes, Cursor saved) {
    if (!changes.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot resume at epoch "
              + saved.epoch()
              + ", index "
              + saved.index()
              + ": "
              + String.join("; ", changes)
              + ". Use the saved parameters, or start without the cursor");
    }
  }

  private static void add(List<String> changes, String name, Object saved, Object now) {
    if (!saved.equals(now)) {
      changes.add(name + " was " + saved + ", is " + now);
    }
  }
}
