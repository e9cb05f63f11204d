package dev.penstock.loader;

/**
 * How samples come in pieces: of every field that is declared with any number of elements, a row
 * has so many from its first token on.
 *
 * @param tokens of a piece, but the last of a sample
 */
record PieceRule(long tokens) {
  /** Samples come whole. */
  private static final PieceRule WHOLE = new PieceRule(Long.MAX_VALUE / Long.BYTES);

  static PieceRule of(SessionConfig config) {
    return config
        .batching()
        .filter(Batching::splits)
        .map(batching -> new PieceRule(batching.tokens()))
        .orElse(WHOLE);
  }

  /** How many of a field's bytes a row has from {@code from} on. */
  long length(long fieldBytes, long from, int elementBytes) {
    return Math.clamp(fieldBytes - from, 0, tokens * elementBytes);
  }
}
