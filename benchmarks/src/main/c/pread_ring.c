/*
 * The least that delivering files' bytes can cost: pread them, chunk after chunk, into a ring in memory as large as
 * the slots of a run. Each thread has its share of the ring and of the files. Prints one line of JSON; processor time
 * is that of the loops alone.
 *
 *   pread_ring RING_BYTES CHUNK_BYTES direct|buffered THREADS FILE...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define CRC32C __attribute__((target("sse4.2")))
#define crc_word(crc, word) __builtin_ia32_crc32di(crc, word)
#elif defined(__aarch64__)
#include <arm_acle.h>
#define CRC32C __attribute__((target("+crc")))
#define crc_word(crc, word) __crc32cd((uint32_t)(crc), word)
#else
#define CRC32C
#define crc_word(crc, word) ((crc) ^ (word)) /* cheaper than it would be */
#endif

struct reader {
  pthread_t thread;
  char *ring, *pool;
  size_t ring_bytes, pool_bytes;
  uint64_t checks;
  char **files;
  int count, first, stride;
  unsigned long long total;
};

static size_t chunk_bytes;
static int flags;

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *name) {
  fprintf(stderr, "pread_ring: %s %s: %s\n", what, name, strerror(errno));
  exit(1);
}

static char *map(size_t bytes, int sharing, const char *size) {
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap", size);
  memset(memory, 1, bytes); /* page faults belong to the set-up, as they do for slots */
  return memory;
}

/* Three thirds side by side, as fast implementations do it; how they are put together costs nothing beside that. */
CRC32C static uint64_t checksum(const char *bytes, size_t length) {
  uint64_t a = 0, b = 0, c = 0;
  size_t third = length / 24;
  const uint64_t *words = (const uint64_t *)bytes;
  for (size_t i = 0; i < third; i++) {
    a = crc_word(a, words[i]);
    b = crc_word(b, words[third + i]);
    c = crc_word(c, words[2 * third + i]);
  }
  return a ^ b ^ c;
}

static void *read_files(void *argument) {
  struct reader *r = argument;
  size_t at = 0, from = 0;
  for (int i = r->first; i < r->count; i += r->stride) {
    int fd = open(r->files[i], flags);
    if (fd < 0) fail("open", r->files[i]);
    off_t offset = 0;
    for (;;) {
      char *into = r->pool_bytes > 0 ? r->pool + from : r->ring + at;
      ssize_t got = pread(fd, into, chunk_bytes, offset);
      if (got < 0) fail("pread", r->files[i]);
      if (got == 0) break;
      if (r->pool_bytes > 0) {
        r->checks ^= checksum(into, (size_t)got);
        memcpy(r->ring + at, into, (size_t)got);
        from += chunk_bytes;
        if (from == r->pool_bytes) from = 0;
      }
      r->total += (unsigned long long)got;
      offset += got;
      at += chunk_bytes;
      if (at == r->ring_bytes) at = 0;
      if ((size_t)got < chunk_bytes) break; /* the end; a direct read cannot go on from here */
    }
    close(fd);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "usage: pread_ring RING_BYTES CHUNK_BYTES direct|buffered THREADS POOL_BYTES FILE...\n");
    return 2;
  }
  size_t ring_bytes = strtoull(argv[1], NULL, 10);
  int threads = atoi(argv[4]);
  chunk_bytes = strtoull(argv[2], NULL, 10);
  flags = O_RDONLY | O_CLOEXEC | (strcmp(argv[3], "direct") == 0 ? O_DIRECT : 0);
  if (chunk_bytes == 0 || threads < 1 || ring_bytes / (size_t)threads < chunk_bytes) {
    fprintf(stderr, "pread_ring: each thread's share of the ring must hold a chunk, and a chunk at least one byte\n");
    return 2;
  }
  size_t share = ring_bytes / (size_t)threads;
  share -= share % chunk_bytes;
  ring_bytes = share * (size_t)threads;
  char *ring = map(ring_bytes, MAP_SHARED, argv[1]);
  size_t pool_share = strtoull(argv[5], NULL, 10) / (size_t)threads;
  pool_share -= pool_share % chunk_bytes;
  char *pool = pool_share == 0 ? NULL : map(pool_share * (size_t)threads, MAP_PRIVATE, argv[5]);
  struct reader *readers = calloc((size_t)threads, sizeof *readers);
  if (readers == NULL) fail("calloc", argv[4]);

  double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < threads; i++) {
    readers[i] = (struct reader){.ring = ring + share * (size_t)i, .ring_bytes = share,
                                 .pool = pool + pool_share * (size_t)i, .pool_bytes = pool_share,
                                 .files = argv + 6, .count = argc - 6, .first = i, .stride = threads};
    errno = pthread_create(&readers[i].thread, NULL, read_files, &readers[i]);
    if (errno != 0) fail("pthread_create", argv[4]);
  }
  unsigned long long total = 0;
  uint64_t checks = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(readers[i].thread, NULL);
    total += readers[i].total;
    checks ^= readers[i].checks;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("{\"bytes\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"checks\": %llu}\n", total, wall, cpu,
         (unsigned long long)checks);
  return 0;
}
