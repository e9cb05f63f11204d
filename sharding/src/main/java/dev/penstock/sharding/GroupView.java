package dev.penstock.sharding;

import java.util.Arrays;

/** One rank's share of the steps of a {@link GroupedPlan}. */
final class GroupView extends RankView {
  private final GroupedPlan plan;
  private final int rank;
  private final int world;

  /** The packs of a step: their lane, then their number in the step; and where they are. */
  private final long[] keys;

  private final SampleGroup[] groups;
  private final int[] units;

  GroupView(GroupedPlan plan, int rank, int world) {
    check(plan.globalBatch(), rank, world);
    this.plan = plan;
    this.rank = rank;
    this.world = world;
    int packs = plan.unitsPerStep();
    this.keys = new long[packs];
    this.groups = new SampleGroup[packs];
    this.units = new int[packs];
  }

  @Override
  public int rows() {
    return plan.globalBatch() / world;
  }

  @Override
  public Cursor fill(Cursor at, StepSamples out) {
    Cursor from = plan.normal(at);
    collect(from);
    if (plan.packs()) {
      fillPacks(from, out);
    } else {
      fillRows(from, out);
    }
    Arrays.fill(groups, null);
    return plan.after(from, 1);
  }

  private void collect(Cursor from) {
    SampleGroup group = plan.groupAt(from);
    int unit = plan.taken(from);
    for (int i = 0; i < units.length; i++) {
      while (unit >= group.units()) {
        group = plan.groupFrom(group.next());
        unit = 0;
      }
      groups[i] = group;
      units[i] = unit;
      keys[i] = (long) group.lane(unit) << Integer.SIZE | i;
      unit++;
    }
  }

  /** The step's packs by the lane of their first row, cut into equal pieces. */
  private void fillPacks(Cursor from, StepSamples out) {
    Arrays.sort(keys);
    int each = units.length / world;
    int first = rank * each;
    int rows = 0;
    for (int pack = 0; pack < each; pack++) {
      int i = (int) keys[first + pack];
      rows += groups[i].size(units[i]);
    }
    out.begin(from.epoch(), from.step(), rows);
    int row = 0;
    for (int pack = 0; pack < each; pack++) {
      int i = (int) keys[first + pack];
      row = groups[i].copy(units[i], 0, groups[i].size(units[i]), out, row, pack);
    }
  }

  /** The step's rows as they stand, by lane, cut into equal pieces. */
  private void fillRows(Cursor from, StepSamples out) {
    int each = groups[0].size(units[0]) / world;
    out.begin(from.epoch(), from.step(), each);
    groups[0].copy(units[0], rank * each, each, out, 0, 0);
  }
}
