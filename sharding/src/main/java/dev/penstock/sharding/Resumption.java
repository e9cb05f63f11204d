package dev.penstock.sharding;

import java.util.ArrayList;
import java.util.List;

/** Compares a saved cursor with the order that should go on from it. */
final class Resumption {
  private Resumption() {}

  static void check(Cursor now, Cursor saved, DatasetShape shape) {
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
    if (!changes.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot resume at epoch "
              + saved.epoch()
              + ", index "
              + saved.index()
              + ": "
              + String.join("; ", changes)
              + ". Use the saved parameters (Cursor.spec), or start without the cursor");
    }
    if (saved.index() > shape.sampleCount()) {
      throw new IllegalArgumentException(
          "cannot resume at index "
              + saved.index()
              + ": an epoch of "
              + shape
              + " ends before it; the cursor is damaged");
    }
  }

  private static void add(List<String> changes, String name, Object saved, Object now) {
    if (!saved.equals(now)) {
      changes.add(name + " was " + saved + ", is " + now);
    }
  }
}
