/*
 * The least that delivering a file's bytes can cost: pread them, chunk after chunk, into a ring in memory as large as
 * the slots of a run. One thread. Prints one line of JSON; processor time is that of the loop alone.
 *
 *   pread_ring RING_BYTES CHUNK_BYTES direct|buffered FILE...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *name) {
  fprintf(stderr, "pread_ring: %s %s: %s\n", what, name, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: pread_ring RING_BYTES CHUNK_BYTES direct|buffered FILE...\n");
    return 2;
  }
  size_t ring_bytes = strtoull(argv[1], NULL, 10);
  size_t chunk_bytes = strtoull(argv[2], NULL, 10);
  int flags = O_RDONLY | O_CLOEXEC | (strcmp(argv[3], "direct") == 0 ? O_DIRECT : 0);
  if (chunk_bytes == 0 || ring_bytes < chunk_bytes) {
    fprintf(stderr, "pread_ring: the ring must hold a chunk, and a chunk at least one byte\n");
    return 2;
  }
  ring_bytes -= ring_bytes % chunk_bytes;
  char *ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED) fail("mmap", argv[1]);
  memset(ring, 1, ring_bytes); /* page faults belong to the set-up, as they do for slots */

  double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  unsigned long long total = 0;
  size_t at = 0;
  for (int i = 4; i < argc; i++) {
    int fd = open(argv[i], flags);
    if (fd < 0) fail("open", argv[i]);
    off_t offset = 0;
    for (;;) {
      ssize_t got = pread(fd, ring + at, chunk_bytes, offset);
      if (got < 0) fail("pread", argv[i]);
      if (got == 0) break;
      total += (unsigned long long)got;
      offset += got;
      at += chunk_bytes;
      if (at == ring_bytes) at = 0;
      if ((size_t)got < chunk_bytes) break; /* the end; a direct read cannot go on from here */
    }
    close(fd);
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("{\"bytes\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", total, wall, cpu);
  return 0;
}
