/*
 * Lets a daemon that drives IPVS by libnl run on a kernel without it, so that its health checks can be measured
 * natively: sockets to the generic-netlink family "IPVS" are answered here, all others are left to libnl. Every
 * command succeeds, tables read as empty.
 *
 *     cc -shared -fPIC -o ipvs-preload.so ipvs-preload.c -ldl && LD_PRELOAD=./ipvs-preload.so keepalived -n -C
 *
 * libnl is looked up at run time: programs without it, which inherit the variable, must start as well.
 * For benchmarks only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct nl_sock;
struct nl_msg;
typedef int (*message_callback)(struct nl_msg *, void *);

/* A message type that no family has: they are given out from 0x10 up. */
enum { FAKE_FAMILY = 0x7f0 };
enum { CALLBACK_VALID = 0, CALLBACK_ACK = 4, CALLBACK_COUNT = 16 };
enum { MOST_SOCKETS = 32 };

struct socket_state {
  const struct nl_sock *socket;
  message_callback callbacks[CALLBACK_COUNT];
  void *arguments[CALLBACK_COUNT];
  /* The command that waits for its answer; 0 for none. */
  uint8_t command;
};

static struct socket_state sockets[MOST_SOCKETS];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define LIBNL(type, name) ((type)dlsym(RTLD_DEFAULT, name))

static struct socket_state *find(const struct nl_sock *socket, int adds) {
  for (int i = 0; i < MOST_SOCKETS; i++) {
    if (sockets[i].socket == socket) return &sockets[i];
  }
  for (int i = 0; adds && i < MOST_SOCKETS; i++) {
    if (sockets[i].socket != NULL) continue;
    sockets[i].socket = socket;
    return &sockets[i];
  }
  return NULL;
}

int genl_ctrl_resolve(struct nl_sock *socket, const char *name) {
  if (strcmp(name, IPVS_GENL_NAME) == 0) return FAKE_FAMILY;
  return REAL(genl_ctrl_resolve)(socket, name);
}

int nl_socket_modify_cb(struct nl_sock *socket, int type, int kind, message_callback callback, void *argument) {
  struct socket_state *state = find(socket, 1);
  if (state != NULL && type >= 0 && type < CALLBACK_COUNT) {
    state->callbacks[type] = callback;
    state->arguments[type] = argument;
  }
  return REAL(nl_socket_modify_cb)(socket, type, kind, callback, argument);
}

void nl_socket_free(struct nl_sock *socket) {
  struct socket_state *state = find(socket, 0);
  if (state != NULL && socket != NULL) memset(state, 0, sizeof *state);
  REAL(nl_socket_free)(socket);
}

/* Returns 0 unless the message is for IPVS. */
static int keep(struct nl_sock *socket, struct nl_msg *message) {
  const struct nlmsghdr *header = LIBNL(struct nlmsghdr * (*)(struct nl_msg *), "nlmsg_hdr")(message);
  if (header->nlmsg_type != FAKE_FAMILY) return 0;
  struct socket_state *state = find(socket, 1);
  if (state == NULL) return 0;
  state->command = ((const struct genlmsghdr *)((const char *)header + NLMSG_HDRLEN))->cmd;
  return (int)header->nlmsg_len;
}

int nl_send_auto(struct nl_sock *socket, struct nl_msg *message) {
  const int kept = keep(socket, message);
  return kept != 0 ? kept : REAL(nl_send_auto)(socket, message);
}

int nl_send_auto_complete(struct nl_sock *socket, struct nl_msg *message) {
  const int kept = keep(socket, message);
  return kept != 0 ? kept : REAL(nl_send_auto_complete)(socket, message);
}

struct number {
  int attribute;
  uint32_t value;
};

/* What the kernel's defaults are. */
static const struct number info[] = {{IPVS_INFO_ATTR_VERSION, 0x010201}, {IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096}};
static const struct number config[] = {
    {IPVS_CMD_ATTR_TIMEOUT_TCP, 900}, {IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120}, {IPVS_CMD_ATTR_TIMEOUT_UDP, 300}};

static void answer(const struct socket_state *state, uint8_t command, const struct number *numbers, int count) {
  if (state->callbacks[CALLBACK_VALID] == NULL) return;
  struct nl_msg *message = LIBNL(struct nl_msg * (*)(void), "nlmsg_alloc")();
  if (message == NULL) return;
  LIBNL(void *(*)(struct nl_msg *, uint32_t, uint32_t, int, int, int, uint8_t, uint8_t), "genlmsg_put")
  (message, 0, 0, FAKE_FAMILY, 0, 0, command, IPVS_GENL_VERSION);
  for (int i = 0; i < count; i++) {
    LIBNL(int (*)(struct nl_msg *, int, int, const void *), "nla_put")
    (message, numbers[i].attribute, sizeof numbers[i].value, &numbers[i].value);
  }
  state->callbacks[CALLBACK_VALID](message, state->arguments[CALLBACK_VALID]);
  LIBNL(void (*)(struct nl_msg *), "nlmsg_free")(message);
}

int nl_recvmsgs_default(struct nl_sock *socket) {
  struct socket_state *state = find(socket, 0);
  if (state == NULL || state->command == 0) return REAL(nl_recvmsgs_default)(socket);
  const uint8_t command = state->command;
  state->command = 0;
  if (command == IPVS_CMD_GET_INFO) answer(state, IPVS_CMD_SET_INFO, info, 2);
  if (command == IPVS_CMD_GET_CONFIG) answer(state, IPVS_CMD_SET_CONFIG, config, 3);
  if (state->callbacks[CALLBACK_ACK] != NULL) state->callbacks[CALLBACK_ACK](NULL, state->arguments[CALLBACK_ACK]);
  return 0;
}
