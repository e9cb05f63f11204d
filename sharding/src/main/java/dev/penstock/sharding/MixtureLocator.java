package dev.penstock.sharding;

/** Finds the samples of a mixture's rows; a row's source keeps its own lane states. */
final class MixtureLocator implements Order.Locator {
  private final MixSchedule schedule;
  private final int lanes;
  private final long[] perLane;
  private final Order.Locator[] sources;
  private int stretchNumber;

  MixtureLocator(MixSchedule schedule, int lanes, long[] perLane, Order.Locator[] sources) {
    this.schedule = schedule;
    this.lanes = lanes;
    this.perLane = perLane;
    this.sources = sources;
  }

  @Override
  public void locate(long epoch, long index, int stride, int count, StepSamples out, int row) {
    int lane = (int) (index % lanes);
    long position = index;
    for (int i = 0; i < count; i++) {
      MixStretch stretch = stretchAt(position);
      MixPattern pattern = stretch.pattern();
      long patternRow = stretch.patternRow(position);
      int source = pattern.sourceAt((int) (patternRow % pattern.cycle()));
      long item = stretch.item(lane, source, patternRow);
      long sourceEpoch = item / perLane[source];
      long sourceIndex = item % perLane[source] * lanes + lane;
      out.from(row + i, source, sourceEpoch, sourceIndex);
      sources[source].locate(sourceEpoch, sourceIndex, stride, 1, out, row + i);
      position += stride;
    }
  }

  private MixStretch stretchAt(long position) {
    MixStretch held = schedule.stretch(stretchNumber);
    if (position < held.position() || position >= schedule.stretchEnd(stretchNumber)) {
      stretchNumber = schedule.stretchAt(position);
      held = schedule.stretch(stretchNumber);
    }
    return held;
  }
}
