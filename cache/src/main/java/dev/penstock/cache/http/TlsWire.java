package dev.penstock.cache.http;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * TLS by the JDK over a blocking channel. Records are decrypted into a buffer of our own and copied
 * from there while they are warm: decryption writes before it has checked, and what it writes must
 * not reach memory that a second request for the same range may already have filled.
 */
final class TlsWire implements Wire {
  /** Several records a system call. */
  static final int INPUT_BYTES = 64 << 10;

  private final SocketChannel channel;
  private final SSLEngine engine;
  private final ByteBuffer input;
  private final ByteBuffer output;
  private ByteBuffer plain;

  private TlsWire(SocketChannel channel, SSLEngine engine) {
    this.channel = channel;
    this.engine = engine;
    int packet = engine.getSession().getPacketBufferSize();
    this.input = ByteBuffer.allocate(Math.max(INPUT_BYTES, packet)).flip();
    this.output = ByteBuffer.allocate(packet);
    this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).flip();
  }

  /** Shakes hands; checks that the certificate is the host's. */
  static TlsWire connect(SocketChannel channel, SSLContext context, String host, int port)
      throws IOException {
    SSLEngine engine = context.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    engine.setSSLParameters(parameters);
    TlsWire wire = new TlsWire(channel, engine);
    engine.beginHandshake();
    wire.handshake();
    return wire;
  }

  private void handshake() throws IOException {
    HandshakeStatus status = engine.getHandshakeStatus();
    while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
      status = step(status);
    }
  }

  private HandshakeStatus step(HandshakeStatus status) throws IOException {
    return switch (status) {
      case NEED_TASK -> {
        for (Runnable task = engine.getDelegatedTask();
            task != null;
            task = engine.getDelegatedTask()) {
          task.run();
        }
        yield engine.getHandshakeStatus();
      }
      case NEED_WRAP -> wrap(ByteBuffer.allocate(0));
      case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
        SSLEngineResult result = unwrap();
        if (result == null) {
          throw new EOFException("the connection was closed in the TLS handshake");
        }
        yield result.getHandshakeStatus();
      }
      case FINISHED, NOT_HANDSHAKING -> status;
    };
  }

  private HandshakeStatus wrap(ByteBuffer source) throws IOException {
    output.clear();
    SSLEngineResult result = engine.wrap(source, output);
    if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
      throw new SSLException("the TLS connection is closed");
    }
    output.flip();
    while (output.hasRemaining()) {
      channel.write(output);
    }
    return result.getHandshakeStatus();
  }

  /** Decrypts one record into {@code plain}, which is empty before; null at the end. */
  private @Nullable SSLEngineResult unwrap() throws IOException {
    while (true) {
      plain.clear();
      SSLEngineResult result = engine.unwrap(input, plain);
      plain.flip();
      switch (result.getStatus()) {
        case OK -> {
          return result;
        }
        case CLOSED -> {
          return null;
        }
        case BUFFER_OVERFLOW ->
            plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).flip();
        case BUFFER_UNDERFLOW -> {
          input.compact();
          int read = channel.read(input);
          input.flip();
          if (read < 0) {
            return null;
          }
        }
      }
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    while (!plain.hasRemaining()) {
      SSLEngineResult result = unwrap();
      if (result == null) {
        return -1;
      }
      HandshakeStatus status = result.getHandshakeStatus();
      if (status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED) {
        // A key update; what was decrypted already stays for the next turn.
        if (!plain.hasRemaining()) {
          handshake();
        } else if (status == HandshakeStatus.NEED_WRAP) {
          wrap(ByteBuffer.allocate(0));
        }
      }
    }
    int copied = 0;
    while (plain.hasRemaining() && target.hasRemaining()) {
      int bytes = Math.min(plain.remaining(), target.remaining());
      target.put(target.position(), plain, plain.position(), bytes);
      target.position(target.position() + bytes);
      plain.position(plain.position() + bytes);
      copied += bytes;
    }
    return copied;
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      wrap(source);
    }
  }

  @Override
  public int heldBytes() {
    return input.capacity() + output.capacity() + plain.capacity();
  }

  @Override
  public void abort() {
    try {
      channel.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }
}
