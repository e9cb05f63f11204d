package dev.penstock.sharding;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A position in an order and all that fixes the order, in a form small enough for any checkpoint.
 * The same on every rank; holds no rank and no world size.
 *
 * @param version of the order's algorithms
 * @param fingerprint of the dataset
 * @param epoch from 0
 * @param index of the next sample in the epoch, from 0
 * @param step number of the next step since the run's first start, from 0
 * @param globalBatch of the steps so far; a resumed run may choose another
 * @param sources of a mixture, whose {@code index} is the row since the run's start and whose own
 *     {@code window}, {@code groups} and {@code extentSamples} say nothing; empty for one dataset
 * @param schedule of a mixture's weights, oldest first; empty for one dataset
 * @param grouping of samples by their lengths: epoch and index are then those of the group's first
 *     sample; null where a step is the next samples
 */
public record Cursor(
    int version,
    String fingerprint,
    Shuffle shuffle,
    End end,
    long seed,
    long epoch,
    long index,
    long step,
    int globalBatch,
    int lanes,
    int window,
    int groups,
    int extentSamples,
    List<SourceOrder> sources,
    List<MixEntry> schedule,
    @Nullable Grouping grouping)
    implements Position {
  public Cursor {
    sources = List.copyOf(sources);
    schedule = List.copyOf(schedule);
    if (epoch < 0 || index < 0 || step < 0) {
      throw new IllegalArgumentException(
          "cursor at epoch "
              + epoch
              + ", index "
              + index
              + ", step "
              + step
              + ": none can be negative");
    }
  }

  /** The parameters of the order that this cursor is a position in. */
  public OrderSpec spec() {
    return new OrderSpec(shuffle, end, seed, globalBatch, lanes, window, groups, extentSamples);
  }

  Cursor at(long newEpoch, long newIndex, long newStep) {
    return new Cursor(
        version,
        fingerprint,
        shuffle,
        end,
        seed,
        newEpoch,
        newIndex,
        newStep,
        globalBatch,
        lanes,
        window,
        groups,
        extentSamples,
        sources,
        schedule,
        grouping);
  }

  Cursor named(String newFingerprint) {
    return fingerprint.equals(newFingerprint)
        ? this
        : new Cursor(
            version,
            newFingerprint,
            shuffle,
            end,
            seed,
            epoch,
            index,
            step,
            globalBatch,
            lanes,
            window,
            groups,
            extentSamples,
            sources,
            schedule,
            grouping);
  }

  /** The same place with other batches. */
  Cursor grouped(int batch, long newStep, @Nullable Grouping other) {
    return new Cursor(
        version,
        fingerprint,
        shuffle,
        end,
        seed,
        epoch,
        index,
        newStep,
        batch,
        lanes,
        window,
        groups,
        extentSamples,
        sources,
        schedule,
        other);
  }
}
