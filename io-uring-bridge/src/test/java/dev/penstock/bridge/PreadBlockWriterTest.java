package dev.penstock.bridge;

import java.io.IOException;
import org.junit.jupiter.api.Assumptions;

/** The contract of writing, by the engine CHANNEL. */
class PreadBlockWriterTest extends BlockWriterContractTest {
  @Override
  BlockWriter openWriter(BlockReaderConfig config) {
    try {
      return BlockWriter.open(config.withEngine(BlockReaderConfig.Engine.CHANNEL));
    } catch (IOException e) {
      return Assumptions.abort(e.toString());
    }
  }
}
