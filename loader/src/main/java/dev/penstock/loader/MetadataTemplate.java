package dev.penstock.loader;

import com.google.flatbuffers.FlatBufferBuilder;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.MetadataVersion;
import org.apache.arrow.flatbuf.RecordBatch;

/**
 * The metadata of an Arrow IPC record batch, made once per schema. Its length depends on the schema
 * only, so a batch is written by copying the template and patching numbers; no flatbuffer is built
 * on the hot path. Immutable.
 *
 * <p>How the places of the numbers are found: the message is built with a different large number in
 * each of them, and these are then looked for in its bytes.
 */
final class MetadataTemplate {
  private static final long MARK = 0x7A51_C0DE_0000_0000L;
  private static final int PREFIX_BYTES = 8;

  private final byte[] bytes;
  private final int nodes;
  private final int buffers;
  private final int[] places;

  private MetadataTemplate(byte[] bytes, int nodes, int buffers, int[] places) {
    this.bytes = bytes;
    this.nodes = nodes;
    this.buffers = buffers;
    this.places = places;
  }

  static MetadataTemplate of(BatchSchema schema) {
    int nodes = schema.nodeCount();
    int buffers = schema.bufferCount();
    int numbers = 2 + 2 * nodes + 2 * buffers;
    byte[] metadata = build(nodes, buffers);
    ByteBuffer view = ByteBuffer.wrap(metadata).order(ByteOrder.LITTLE_ENDIAN);
    int[] places = new int[numbers];
    for (int number = 0; number < numbers; number++) {
      places[number] = PREFIX_BYTES + find(view, MARK + number);
    }
    return new MetadataTemplate(withPrefix(metadata), nodes, buffers, places);
  }

  private static byte[] build(int nodes, int buffers) {
    FlatBufferBuilder builder = new FlatBufferBuilder(1024);
    RecordBatch.startNodesVector(builder, nodes);
    for (int i = nodes - 1; i >= 0; i--) {
      FieldNode.createFieldNode(builder, MARK + 2 + 2L * i, MARK + 3 + 2L * i);
    }
    int nodeVector = builder.endVector();
    long first = MARK + 2 + 2L * nodes;
    RecordBatch.startBuffersVector(builder, buffers);
    for (int i = buffers - 1; i >= 0; i--) {
      Buffer.createBuffer(builder, first + 2L * i, first + 2L * i + 1);
    }
    int bufferVector = builder.endVector();
    RecordBatch.startRecordBatch(builder);
    RecordBatch.addLength(builder, MARK);
    RecordBatch.addNodes(builder, nodeVector);
    RecordBatch.addBuffers(builder, bufferVector);
    int batch = RecordBatch.endRecordBatch(builder);
    Message.startMessage(builder);
    Message.addBodyLength(builder, MARK + 1);
    Message.addHeader(builder, batch);
    Message.addHeaderType(builder, MessageHeader.RecordBatch);
    Message.addVersion(builder, MetadataVersion.V5);
    Message.finishMessageBuffer(builder, Message.endMessage(builder));
    return builder.sizedByteArray();
  }

  private static int find(ByteBuffer view, long value) {
    int found = -1;
    for (int at = 0; at + Long.BYTES <= view.capacity(); at++) {
      if (view.getLong(at) == value) {
        if (found >= 0) {
          throw new IllegalStateException("number stands twice in the metadata template");
        }
        found = at;
      }
    }
    if (found < 0) {
      throw new IllegalStateException("number is missing in the metadata template");
    }
    return found;
  }

  /** Continuation marker and length; padded so that a body after it is aligned as a slot's is. */
  private static byte[] withPrefix(byte[] metadata) {
    int total = Math.toIntExact(SlotLayout.align(PREFIX_BYTES + (long) metadata.length));
    ByteBuffer prefixed = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    prefixed.putInt(-1).putInt(total - PREFIX_BYTES).put(metadata);
    return prefixed.array();
  }

  /** Bytes of continuation marker, length, metadata and padding: a multiple of 64. */
  int byteSize() {
    return bytes.length;
  }

  int nodeCount() {
    return nodes;
  }

  int bufferCount() {
    return buffers;
  }

  void copyTo(MemorySegment memory, long at) {
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, at, bytes.length);
  }

  void patchRows(MemorySegment memory, long at, long rows) {
    SlotLayout.writeLong(memory, at + places[0], rows);
  }

  void patchBodyBytes(MemorySegment memory, long at, long bodyBytes) {
    SlotLayout.writeLong(memory, at + places[1], bodyBytes);
  }

  void patchNode(MemorySegment memory, long at, int node, long length, long nulls) {
    SlotLayout.writeLong(memory, at + places[2 + 2 * node], length);
    SlotLayout.writeLong(memory, at + places[3 + 2 * node], nulls);
  }

  void patchBuffer(MemorySegment memory, long at, int buffer, long offset, long length) {
    int first = 2 + 2 * nodes + 2 * buffer;
    SlotLayout.writeLong(memory, at + places[first], offset);
    SlotLayout.writeLong(memory, at + places[first + 1], length);
  }
}
