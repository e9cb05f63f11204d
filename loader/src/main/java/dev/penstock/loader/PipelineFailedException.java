package dev.penstock.loader;

/** A run ended because one of its stages failed; the cause says where and why. */
public final class PipelineFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String stage;

  /** {@code stage} is the stage that failed first, {@code cause} what happened there. */
  public PipelineFailedException(String stage, Throwable cause) {
    super(stage + ": " + cause.getMessage(), cause);
    this.stage = stage;
  }

  /** The stage that failed first. */
  public String stage() {
    return stage;
  }
}
