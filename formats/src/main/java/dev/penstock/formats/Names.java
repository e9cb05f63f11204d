package dev.penstock.formats;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Names in archives are bytes, nearly always UTF-8. As text, bytes that are not stand as lone
 * surrogates U+DC80..U+DCFF, which is what Python's tarfile makes of them, and turn back unchanged.
 */
final class Names {
  private static final char ESCAPE_BASE = 0xDC00;

  private Names() {}

  static String toText(byte[] bytes, int from, int length) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer input = ByteBuffer.wrap(bytes, from, length);
    CharBuffer output = CharBuffer.allocate(length + 1);
    while (true) {
      CoderResult result = decoder.decode(input, output, true);
      if (!result.isMalformed()) {
        break;
      }
      for (int i = 0; i < result.length(); i++) {
        output.put((char) (ESCAPE_BASE + (input.get() & 0xFF)));
      }
      decoder.reset();
    }
    return output.flip().toString();
  }

  static byte[] toBytes(String text) {
    byte[] plain = text.getBytes(StandardCharsets.UTF_8);
    boolean escaped =
        text.chars().anyMatch(c -> c >= ESCAPE_BASE + 0x80 && c <= ESCAPE_BASE + 0xFF);
    if (!escaped) {
      return plain;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(plain.length);
    int at = 0;
    while (at < text.length()) {
      int point = text.codePointAt(at);
      at += Character.charCount(point);
      if (point >= ESCAPE_BASE + 0x80 && point <= ESCAPE_BASE + 0xFF) {
        bytes.write(point - ESCAPE_BASE);
      } else {
        bytes.writeBytes(Character.toString(point).getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }
}
