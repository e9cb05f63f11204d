package dev.penstock.loader.sidecar;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.loader.MemoryTooSmallException;
import dev.penstock.loader.PipelineFailedException;
import dev.penstock.loader.SlotTooSmallException;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/** What a failure means to the client. */
final class Failures {
  private Failures() {}

  /** Why a session could not be planned or started. */
  static RefusedException ofOpening(Exception e) {
    RefusedException.Kind kind =
        switch (e) {
          case BudgetExceededException _ -> RefusedException.Kind.MEMORY;
          case MemoryTooSmallException _ -> RefusedException.Kind.MEMORY;
          case MalformedRecordException _ -> RefusedException.Kind.DATA;
          case IOException _ -> RefusedException.Kind.DATASET;
          case IllegalArgumentException _ ->
              String.valueOf(e.getMessage()).startsWith("cursor")
                      || String.valueOf(e.getMessage()).startsWith("cannot resume")
                  ? RefusedException.Kind.CURSOR
                  : RefusedException.Kind.BAD_REQUEST;
          default -> RefusedException.Kind.FAILED;
        };
    return new RefusedException(kind, e);
  }

  /** Why a running session ended. */
  static RefusedException ofRun(PipelineFailedException failure) {
    boolean data =
        failure.stage().contains("bad sample")
            || cause(failure, MalformedRecordException.class).isPresent();
    return new RefusedException(
        data ? RefusedException.Kind.DATA : RefusedException.Kind.FAILED, failure);
  }

  /** The slot size that would do, if the run ended because a batch did not fit. */
  static OptionalLong neededSlotBytes(PipelineFailedException failure) {
    return cause(failure, SlotTooSmallException.class)
        .map(small -> OptionalLong.of(small.neededBytes()))
        .orElse(OptionalLong.empty());
  }

  private static <T extends Throwable> Optional<T> cause(Throwable failure, Class<T> type) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (type.isInstance(at)) {
        return Optional.of(type.cast(at));
      }
    }
    return Optional.empty();
  }
}
