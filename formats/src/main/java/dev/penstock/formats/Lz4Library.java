package dev.penstock.formats;

import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * The binding's native code, or its plain Java where that cannot be loaded. Asked for by name: the
 * library's own choice ("fastest") quietly gives up the native code under class loaders other than
 * the system's, and takes {@code Unsafe} instead.
 */
final class Lz4Library {
  static final LZ4Factory BLOCKS;
  static final XXHash32 HASH;

  /** {@code JNI}, or {@code Java} and why. */
  static final String IMPLEMENTATION;

  static {
    LZ4Factory blocks;
    XXHash32 hash;
    String implementation;
    try {
      blocks = LZ4Factory.nativeInstance();
      hash = XXHashFactory.nativeInstance().hash32();
      implementation = "JNI";
    } catch (LinkageError | RuntimeException refused) {
      blocks = LZ4Factory.safeInstance();
      hash = XXHashFactory.safeInstance().hash32();
      implementation = "Java (" + refused + ")";
    }
    BLOCKS = blocks;
    HASH = hash;
    IMPLEMENTATION = implementation;
  }

  private Lz4Library() {}
}
