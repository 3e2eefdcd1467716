/*
 * Gives a program that asks for a receive buffer all that it asks for: net.core.rmem_max, which belongs to the whole
 * machine, would bound it. For a listener that must not lose what the kernel tells in bursts; needs CAP_NET_ADMIN.
 *
 *     cc -shared -fPIC -o receive-buffer.so receive-buffer.c -ldl
 *     LD_PRELOAD=./receive-buffer.so ip -rcvbuf 67108864 monitor address
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

typedef int (*setsockopt_call)(int, int, int, const void *, socklen_t);

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  const setsockopt_call call = (setsockopt_call)dlsym(RTLD_NEXT, "setsockopt");
  if (level == SOL_SOCKET && name == SO_RCVBUF && call(fd, level, SO_RCVBUFFORCE, value, length) == 0) return 0;
  return call(fd, level, name, value, length);
}
