package dev.penstock.cache.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** Whatever comes down the wire, the answer is a body, or a typed failure after bounded work. */
final class AnswerFuzzTest {
  /** Plays bytes in pieces of random size. */
  private static final class Played implements Wire {
    private final byte[] bytes;
    private final Random pieces;
    private int at;

    Played(byte[] bytes, long seed) {
      this.bytes = bytes;
      this.pieces = new Random(seed);
    }

    @Override
    public int read(ByteBuffer target) {
      if (at == bytes.length) {
        return -1;
      }
      int most = Math.min(target.remaining(), bytes.length - at);
      int count = 1 + pieces.nextInt(Math.min(most, 64));
      target.put(bytes, at, count);
      at += count;
      return count;
    }

    @Override
    public void write(ByteBuffer source) {}

    @Override
    public void abort() {}
  }

  /** The body as hex, or the kind of failure. */
  private static String read(byte[] bytes, long seed) {
    HttpClient client = HttpClient.open(HttpClientConfig.defaults());
    try {
      HttpConnection connection =
          new HttpConnection("x", InetAddress.getLoopbackAddress(), new Played(bytes, seed));
      HttpCall call = new HttpCall();
      HttpHead head = connection.readHead(call);
      HttpResponse answer = new HttpResponse(client, connection, call, head, "GET");
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      ByteBuffer room = ByteBuffer.allocate(1 + new Random(seed).nextInt(100));
      while (answer.read(room.clear()) >= 0) {
        body.write(room.array(), 0, room.position());
      }
      return head.status() + " " + body.toString(StandardCharsets.ISO_8859_1);
    } catch (HttpFormatException malformed) {
      return "malformed";
    } catch (EOFException ended) {
      return "ended";
    } catch (IOException other) {
      throw new AssertionError("neither a format nor an end", other);
    } finally {
      client.close();
    }
  }

  private static byte[] valid(Random random) {
    StringBuilder text = new StringBuilder();
    if (random.nextInt(4) == 0) {
      text.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    text.append("HTTP/1.1 206 Partial Content\r\nETag: \"x\"\r\n");
    byte[] body = new byte[random.nextInt(300)];
    random.nextBytes(body);
    String shown = new String(body, StandardCharsets.ISO_8859_1);
    if (random.nextBoolean()) {
      text.append("Content-Length: ").append(body.length).append("\r\n\r\n").append(shown);
    } else {
      text.append("Transfer-Encoding: chunked\r\n\r\n");
      for (int at = 0; at < body.length; ) {
        int end = Math.min(body.length, at + 1 + random.nextInt(80));
        text.append(Integer.toHexString(end - at)).append(random.nextBoolean() ? ";e" : "");
        text.append("\r\n").append(shown, at, end).append("\r\n");
        at = end;
      }
      text.append("0\r\nT: x\r\n\r\n");
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  @Property(tries = 300)
  void validAnswersReadTheSameHoweverTheyArePieced(@ForAll long seed) {
    byte[] bytes = valid(new Random(seed));
    String once = read(bytes, 1);
    assertTrue(once.startsWith("206 "), once);
    assertEquals(once, read(bytes, seed));
  }

  @Property(tries = 3000)
  void spoiltAnswersEndInABodyOrATypedFailureTheSameHoweverPieced(
      @ForAll @LongRange(min = 0) long seed, @ForAll @IntRange(min = 1, max = 4) int spoils) {
    Random random = new Random(seed);
    byte[] bytes = valid(random);
    for (int i = 0; i < spoils; i++) {
      bytes[random.nextInt(bytes.length)] =
          (byte)
              (random.nextBoolean() ? random.nextInt(256) : "\r\n:;0fF ".charAt(random.nextInt(8)));
    }
    assertEquals(read(bytes, 1), read(bytes, seed));
  }

  @Property(tries = 200)
  void cutAnswersAreNoticed(@ForAll long seed) {
    Random random = new Random(seed);
    byte[] bytes = valid(random);
    byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
    assertEquals("ended", read(cut, seed));
  }

  @Property(tries = 20)
  void endlessHeadsAndLinesAreGivenUp(@ForAll long seed) {
    byte[] head =
        ("HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(20_000)).getBytes(StandardCharsets.US_ASCII);
    assertEquals("malformed", read(head, seed));
    byte[] line =
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + "1;" + "x".repeat(100_000))
            .getBytes(StandardCharsets.US_ASCII);
    assertEquals("malformed", read(line, seed));
    byte[] interim = "HTTP/1.1 102 x\r\n\r\n".repeat(100).getBytes(StandardCharsets.US_ASCII);
    assertEquals("malformed", read(interim, seed));
  }
}
