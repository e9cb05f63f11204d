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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct reader {
  pthread_t thread;
  char *ring;
  size_t ring_bytes;
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

static void *read_files(void *argument) {
  struct reader *r = argument;
  size_t at = 0;
  for (int i = r->first; i < r->count; i += r->stride) {
    int fd = open(r->files[i], flags);
    if (fd < 0) fail("open", r->files[i]);
    off_t offset = 0;
    for (;;) {
      ssize_t got = pread(fd, r->ring + at, chunk_bytes, offset);
      if (got < 0) fail("pread", r->files[i]);
      if (got == 0) break;
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
  if (argc < 6) {
    fprintf(stderr, "usage: pread_ring RING_BYTES CHUNK_BYTES direct|buffered THREADS FILE...\n");
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
  char *ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED) fail("mmap", argv[1]);
  memset(ring, 1, ring_bytes); /* page faults belong to the set-up, as they do for slots */
  struct reader *readers = calloc((size_t)threads, sizeof *readers);
  if (readers == NULL) fail("calloc", argv[4]);

  double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < threads; i++) {
    readers[i] = (struct reader){.ring = ring + share * (size_t)i, .ring_bytes = share, .files = argv + 5,
                                 .count = argc - 5, .first = i, .stride = threads};
    errno = pthread_create(&readers[i].thread, NULL, read_files, &readers[i]);
    if (errno != 0) fail("pthread_create", argv[4]);
  }
  unsigned long long total = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(readers[i].thread, NULL);
    total += readers[i].total;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("{\"bytes\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", total, wall, cpu);
  return 0;
}
