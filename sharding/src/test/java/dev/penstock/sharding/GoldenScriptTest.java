package dev.penstock.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The committed vectors are those that the independent script computes. Needs a python3. */
class GoldenScriptTest {
  @Test
  void theScriptAgreesWithTheCommittedVectors() throws IOException, InterruptedException {
    Process script;
    try {
      script =
          new ProcessBuilder(
                  "python3", "src/test/golden/order.py", "src/test/resources/golden/order-v1.txt")
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      abort("no python3 to run the script with: " + e.getMessage());
      return;
    }
    String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, script.waitFor(), said);
  }
}
