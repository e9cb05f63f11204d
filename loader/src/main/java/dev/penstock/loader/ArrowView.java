package dev.penstock.loader;

import dev.penstock.loader.BatchSchema.Column;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compression.NoCompressionCodec;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;

/** Arrow vectors over the memory of a slot. */
final class ArrowView {
  private ArrowView() {}

  static VectorSchemaRoot of(Batch batch, MemorySegment body, BufferAllocator allocator) {
    ForeignAllocation memory =
        new ForeignAllocation(body.byteSize(), body.address()) {
          @Override
          protected void release0() {
            batch.close();
          }
        };
    BatchSchema schema = batch.schema();
    try (ArrowBuf whole = allocator.wrapForeignAllocation(memory)) {
      VectorSchemaRoot root = VectorSchemaRoot.create(schema.arrow(), allocator);
      try (ArrowRecordBatch record =
          new ArrowRecordBatch(
              batch.rows(),
              nodes(batch, schema),
              buffers(batch, schema, whole),
              NoCompressionCodec.DEFAULT_BODY_COMPRESSION,
              false)) {
        new VectorLoader(root).load(record);
      }
      return root;
    }
  }

  private static List<ArrowFieldNode> nodes(Batch batch, BatchSchema schema) {
    List<ArrowFieldNode> nodes = new ArrayList<>();
    int rows = batch.rows();
    for (Column column : schema.columns()) {
      long nulls = 0;
      if (batch.bufferBytes(column.buffer()) > 0) {
        for (int row = 0; row < rows; row++) {
          nulls += batch.isNull(column.name(), row) ? 1 : 0;
        }
      }
      nodes.add(new ArrowFieldNode(rows, nulls));
      if (column.form().nodes == 2) {
        int values = column.buffer() + column.form().buffers - 1;
        nodes.add(new ArrowFieldNode(batch.bufferBytes(values) / column.element().bytes(), 0));
      }
    }
    return nodes;
  }

  private static List<ArrowBuf> buffers(Batch batch, BatchSchema schema, ArrowBuf whole) {
    List<ArrowBuf> buffers = new ArrayList<>();
    for (int i = 0; i < schema.bufferCount(); i++) {
      buffers.add(whole.slice(batch.bufferOffset(i), batch.bufferBytes(i)));
    }
    return buffers;
  }
}
