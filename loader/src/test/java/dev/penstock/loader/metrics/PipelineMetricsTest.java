package dev.penstock.loader.metrics;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.formats.SampleField;
import dev.penstock.formats.ShardWriter;
import dev.penstock.formats.WriterOptions;
import dev.penstock.loader.Batch;
import dev.penstock.loader.Loader;
import dev.penstock.loader.LoaderConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineMetricsTest {
  @TempDir Path directory;

  @Test
  void servesWhatSessionsCountWhileTheyLast() throws IOException {
    Path file = directory.resolve("a.tar");
    try (ShardWriter writer = ShardWriter.webDataset(file, WriterOptions.plain())) {
      for (int i = 0; i < 20; i++) {
        writer.write("k" + i, List.of(SampleField.of("bin", new byte[100])));
      }
    }
    LoaderConfig config =
        LoaderConfig.builder(file.toString()).memoryBytes(64 << 20).batchSize(5).build();
    try (Loader loader = Loader.open(config);
        PipelineMetrics metrics = new PipelineMetrics(loader.engine());
        MetricsServer server = MetricsServer.open(0, metrics)) {
      PipelineMetrics.Registration added = metrics.add("s1", loader.session());
      for (Batch batch : loader) {
        batch.close();
      }
      String text = get(server);
      assertTrue(text.contains("penstock_samples_total{rank=\"0\",session=\"s1\"} 20.0"), text);
      assertTrue(text.contains("penstock_stage_busy_seconds_total{"), text);
      assertTrue(text.contains("penstock_memory_budget_bytes"), text);
      assertTrue(text.contains("process_cpu_seconds_total"), text);
      added.close();
      assertFalse(get(server).contains("penstock_samples_total{"));
    }
  }

  private static String get(MetricsServer server) throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + "/metrics");
    try (InputStream in = uri.toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
