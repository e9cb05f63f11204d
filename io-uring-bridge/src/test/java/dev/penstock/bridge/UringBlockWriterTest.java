package dev.penstock.bridge;

import java.io.IOException;
import org.junit.jupiter.api.Assumptions;

/** The contract of writing, by the engine IO_URING. */
class UringBlockWriterTest extends BlockWriterContractTest {
  @Override
  BlockWriter openWriter(BlockReaderConfig config) {
    try {
      return BlockWriter.open(config.withEngine(BlockReaderConfig.Engine.IO_URING));
    } catch (IOException e) {
      return Assumptions.abort(e.toString());
    }
  }
}
