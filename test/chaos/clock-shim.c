/*
 * Moves the wall clock of one process: preload it, and write a number of milliseconds (64 bits, in the byte order of
 * the machine) into the file named by CHAOS_CLOCK_FILE. The monotonic clock stays as it is.
 *
 * System calls and no dlsym(): redis-server reads the time from within its memory allocator, before dlsym() works.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *file_ms;
static int looked_for_file;

static int64_t offset_ms(void) {
  if (!looked_for_file) {
    looked_for_file = 1;
    const char *path = getenv("CHAOS_CLOCK_FILE");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      void *map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
      if (map != MAP_FAILED) file_ms = map;
      close(file);
    }
  }
  return file_ms == NULL ? 0 : *file_ms;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t moved_ms = now->tv_sec * 1000LL + now->tv_nsec / 1000000 + offset_ms();
  now->tv_nsec = (moved_ms % 1000) * 1000000 + now->tv_nsec % 1000000;
  now->tv_sec = moved_ms / 1000;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}
