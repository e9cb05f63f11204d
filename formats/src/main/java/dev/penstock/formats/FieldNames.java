package dev.penstock.formats;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/**
 * A dictionary of field names: small ids, counted from zero in order of appearance. Grows only, up
 * to {@link #MAX_NAMES} and {@link #MAX_NAME_BYTES}. Thread-safe; look-ups take no lock and
 * allocate nothing.
 *
 * <p>Names are kept as bytes. As text they are UTF-8; a byte that is not stands as the lone
 * surrogate U+DC00 + byte, as Python's {@code surrogateescape} has it, so that none is lost.
 */
public final class FieldNames {
  /** Bound on distinct names: hostile archives would otherwise grow the dictionary for ever. */
  public static final int MAX_NAMES = 65_535;

  /** Bound on their bytes together. */
  public static final int MAX_NAME_BYTES = 4 << 20;

  /** What to say when {@link #intern} refuses. */
  static final String FULL =
      "too many different field names: the limit is %d names of %d bytes together"
          .formatted(MAX_NAMES, MAX_NAME_BYTES);

  /** Random, so that nobody can write names that all fall into one slot. Odd. */
  private static final int HASH_BASE = new SplittableRandom().nextInt() | 1;

  /** Replaced under the lock when full; readers see the old or the new one. */
  private volatile Table table = new Table(8);

  private int count;
  private int nameBytes;

  /**
   * Open addressing over ids. A name is complete before its slot is set, which is a volatile write;
   * whoever reads the slot sees the name.
   */
  private static final class Table {
    final byte[][] names;
    final int[] hashes;
    final AtomicIntegerArray slots;

    Table(int capacity) {
      names = new byte[capacity][];
      hashes = new int[capacity];
      slots = new AtomicIntegerArray(capacity * 2);
    }

    int find(byte[] bytes, int from, int to, int hash) {
      int mask = slots.length() - 1;
      int slot = hash & mask;
      int id = slots.get(slot) - 1;
      while (id >= 0) {
        if (hashes[id] == hash && Arrays.equals(names[id], 0, names[id].length, bytes, from, to)) {
          return id;
        }
        slot = (slot + 1) & mask;
        id = slots.get(slot) - 1;
      }
      return -1;
    }

    void put(int id, byte[] name, int hash) {
      names[id] = name;
      hashes[id] = hash;
      int mask = slots.length() - 1;
      int slot = hash & mask;
      while (slots.get(slot) != 0) {
        slot = (slot + 1) & mask;
      }
      slots.set(slot, id + 1);
    }
  }

  /** An empty dictionary. */
  public FieldNames() {}

  /** The id of {@code name}, or -1 if it has not been met. */
  public int idOf(String name) {
    byte[] bytes = Names.toBytes(name);
    return table.find(bytes, 0, bytes.length, hash(bytes, 0, bytes.length));
  }

  /** The id of {@code name}, new if need be; -1 if the dictionary is full. */
  public int intern(String name) {
    byte[] bytes = Names.toBytes(name);
    return intern(bytes, 0, bytes.length);
  }

  /** The same, over {@code bytes[from, to)}. */
  int intern(byte[] bytes, int from, int to) {
    int hash = hash(bytes, from, to);
    int found = table.find(bytes, from, to, hash);
    return found >= 0 ? found : add(Arrays.copyOfRange(bytes, from, to), hash);
  }

  private synchronized int add(byte[] name, int hash) {
    Table now = table;
    int found = now.find(name, 0, name.length, hash);
    if (found >= 0) {
      return found;
    }
    if (count == MAX_NAMES || name.length > MAX_NAME_BYTES - nameBytes) {
      return -1;
    }
    if (count == now.names.length) {
      Table grown = new Table(count * 2);
      for (int id = 0; id < count; id++) {
        grown.put(id, now.names[id], now.hashes[id]);
      }
      now = grown;
    }
    now.put(count, name, hash);
    table = now;
    nameBytes += name.length;
    return count++;
  }

  /** Number of names. */
  public synchronized int count() {
    return count;
  }

  /** The name of {@code id}. */
  public String name(int id) {
    byte[] name = bytes(id);
    return Names.toText(name, 0, name.length);
  }

  /** The bytes of the name, not to be changed. */
  synchronized byte[] bytes(int id) {
    if (id < 0 || id >= count) {
      throw new IndexOutOfBoundsException(id + " of " + count);
    }
    return table.names[id];
  }

  /** All names in order of their ids. */
  public List<String> names() {
    return IntStream.range(0, count()).mapToObj(this::name).toList();
  }

  private static int hash(byte[] bytes, int from, int to) {
    int hash = 1;
    for (int i = from; i < to; i++) {
      hash = HASH_BASE * hash + bytes[i];
    }
    return hash ^ hash >>> 15;
  }

  @Override
  public String toString() {
    return names().toString();
  }
}
