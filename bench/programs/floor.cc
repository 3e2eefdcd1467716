/**
 * What the kernel alone costs for a check: the calls that no prober can do without, and nothing
 * else. No timers, no state of a target, no judging beyond a count of good answers.
 *
 *     floor KIND TARGETS PORT WARM_UP_MS MEASURE_MS
 *
 * KIND is tcp, syn or icmp; the targets are 127.1.0.0 and the addresses after it, each asked once a
 * second, in a batch every 16 ms. The last line of the output is an object of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kTickUs = 16'000;
constexpr int64_t kSecondUs = 1'000'000;
/** Messages of one system call, as many as the addon has. */
constexpr size_t kBatch = 64;
constexpr int kBufferBytes = 4 << 20;
constexpr uint32_t kFirstAddress = 0x7f010000;

[[noreturn]] void Die(const char* what) {
  perror(what);
  exit(1);
}

void Check(bool is_well, const char* what) {
  if (!is_well) Die(what);
}

int64_t ClockUs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecondUs + now.tv_nsec / 1'000;
}

void SetOption(int fd, int level, int name, int value) {
  Check(setsockopt(fd, level, name, &value, sizeof value) == 0, "setsockopt");
}

sockaddr_in AddressOf(uint32_t target, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kFirstAddress + target);
  address.sin_port = htons(port);
  return address;
}

/** RFC 1071, of an even number of octets. */
uint32_t SumOf(const void* octets, size_t length) {
  uint32_t sum = 0;
  for (size_t at = 0; at < length; at += 2) {
    uint16_t word = 0;
    memcpy(&word, static_cast<const uint8_t*>(octets) + at, sizeof word);
    sum += word;
  }
  return sum;
}

uint16_t ChecksumOf(uint32_t sum) {
  sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

class Probe {
 public:
  virtual ~Probe() = default;
  /** Asks so many targets, from `first` on. @returns good answers that are there by then */
  virtual uint64_t Ask(uint32_t first, size_t count, uint32_t targets) = 0;
};

/** Sockets that are connected, and disconnected as soon as the connection stands. */
class TcpProbe final : public Probe {
 public:
  explicit TcpProbe(uint16_t port) : port_(port), set_(epoll_create1(EPOLL_CLOEXEC)) {
    Check(set_ >= 0, "epoll_create1");
  }

  uint64_t Ask(uint32_t first, size_t count, uint32_t targets) override {
    while (sockets_.size() < count) AddSocket();
    for (size_t index = 0; index < count; ++index) {
      // With an ACK that waits for company the connection never gets to the server's application.
      SetOption(sockets_[index], IPPROTO_TCP, TCP_QUICKACK, 0);
      const sockaddr_in address = AddressOf((first + index) % targets, port_);
      const int result =
          connect(sockets_[index], reinterpret_cast<const sockaddr*>(&address), sizeof address);
      Check(result == 0 || errno == EINPROGRESS, "connect");
    }
    const uint64_t answers = CountAnswers();
    const sockaddr nowhere{AF_UNSPEC, {}};
    for (size_t index = 0; index < count; ++index) {
      Check(connect(sockets_[index], &nowhere, sizeof nowhere) == 0, "disconnect");
    }
    return answers;
  }

 private:
  void AddSocket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    Check(fd >= 0, "socket");
    SetOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    epoll_event event{EPOLLOUT | EPOLLET, {}};
    Check(epoll_ctl(set_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    sockets_.push_back(fd);
  }

  uint64_t CountAnswers() {
    uint64_t answers = 0;
    for (;;) {
      const int count = epoll_wait(set_, events_.data(), static_cast<int>(events_.size()), 0);
      for (int index = 0; index < count; ++index) {
        if ((events_[static_cast<size_t>(index)].events & (EPOLLERR | EPOLLHUP)) == 0) ++answers;
      }
      if (count < static_cast<int>(events_.size())) return answers;
    }
  }

  const uint16_t port_;
  const int set_;
  std::vector<int> sockets_;
  std::array<epoll_event, 256> events_{};
};

/** Packets of a raw socket, IP header included, in batches of one system call. */
class RawProbe : public Probe {
 public:
  uint64_t Ask(uint32_t first, size_t count, uint32_t targets) override {
    for (size_t done = 0; done < count; done += kBatch) {
      const size_t length = std::min(kBatch, count - done);
      for (size_t index = 0; index < length; ++index) {
        Write(index, (first + static_cast<uint32_t>(done + index)) % targets);
      }
      Send(length);
    }
    return Receive();
  }

 protected:
  RawProbe(int protocol, size_t payload_bytes)
      : protocol_(protocol), fd_(socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol)) {
    Check(fd_ >= 0, "socket");
    SetOption(fd_, IPPROTO_IP, IP_HDRINCL, 1);
    SetOption(fd_, SOL_SOCKET, SO_RCVBUF, kBufferBytes);
    for (size_t index = 0; index < kBatch; ++index) {
      sent_parts_[index] = {sent_[index].data(), sizeof(iphdr) + payload_bytes};
      got_parts_[index] = {got_[index].data(), got_[index].size()};
    }
  }

  /** @param payload behind the IP header */
  virtual void WritePayload(uint8_t* payload, uint32_t target) = 0;
  /** @param packet with its IP header */
  virtual bool IsGood(const uint8_t* packet, size_t length) const = 0;

  int fd() const { return fd_; }
  void Attach(const sock_filter* program, unsigned short length) const {
    const sock_fprog attached{length, const_cast<sock_filter*>(program)};
    Check(setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0, "filter");
  }

 private:
  void Write(size_t index, uint32_t target) {
    peers_[index] = AddressOf(target, 0);
    iphdr header{};
    header.version = 4;
    header.ihl = sizeof header / 4;
    header.ttl = 64;
    header.frag_off = htons(IP_DF);
    header.protocol = static_cast<uint8_t>(protocol_);
    header.saddr = htonl(INADDR_LOOPBACK);
    header.daddr = peers_[index].sin_addr.s_addr;
    memcpy(sent_[index].data(), &header, sizeof header);
    WritePayload(sent_[index].data() + sizeof header, target);
  }

  void Send(size_t count) {
    std::array<mmsghdr, kBatch> messages{};
    for (size_t index = 0; index < count; ++index) {
      msghdr& header = messages[index].msg_hdr;
      header.msg_iov = &sent_parts_[index];
      header.msg_iovlen = 1;
      header.msg_name = &peers_[index];
      header.msg_namelen = sizeof peers_[index];
    }
    for (size_t done = 0; done < count;) {
      const int sent =
          sendmmsg(fd_, messages.data() + done, static_cast<unsigned>(count - done), 0);
      Check(sent > 0, "sendmmsg");
      done += static_cast<size_t>(sent);
    }
  }

  uint64_t Receive() {
    uint64_t answers = 0;
    for (;;) {
      std::array<mmsghdr, kBatch> messages{};
      for (size_t index = 0; index < kBatch; ++index) {
        messages[index].msg_hdr.msg_iov = &got_parts_[index];
        messages[index].msg_hdr.msg_iovlen = 1;
      }
      const int count = recvmmsg(fd_, messages.data(), kBatch, 0, nullptr);
      for (int index = 0; index < count; ++index) {
        const auto at = static_cast<size_t>(index);
        if (IsGood(got_[at].data(), messages[at].msg_len)) ++answers;
      }
      if (count < static_cast<int>(kBatch)) return answers;
    }
  }

  const int protocol_;
  const int fd_;
  std::array<std::array<uint8_t, 64>, kBatch> sent_{};
  std::array<std::array<uint8_t, 128>, kBatch> got_{};
  std::array<iovec, kBatch> sent_parts_{};
  std::array<iovec, kBatch> got_parts_{};
  std::array<sockaddr_in, kBatch> peers_{};
};

class IcmpProbe final : public RawProbe {
 public:
  IcmpProbe() : RawProbe(IPPROTO_ICMP, kEchoBytes) {
    const icmp_filter filter{~(1U << ICMP_ECHOREPLY)};
    Check(setsockopt(fd(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter) == 0, "ICMP_FILTER");
  }

 protected:
  void WritePayload(uint8_t* payload, uint32_t target) override {
    icmphdr header{};
    header.type = ICMP_ECHO;
    header.un.echo.id = kIdentifier;
    header.un.echo.sequence = htons(static_cast<uint16_t>(target));
    header.checksum = ChecksumOf(SumOf(&header, sizeof header));
    memset(payload, 0, kEchoBytes);
    memcpy(payload, &header, sizeof header);
  }

  bool IsGood(const uint8_t* packet, size_t length) const override {
    icmphdr header{};
    if (length < sizeof(iphdr) + sizeof header) return false;
    memcpy(&header, packet + sizeof(iphdr), sizeof header);
    return header.type == ICMP_ECHOREPLY && header.un.echo.id == kIdentifier;
  }

 private:
  /** Header and as many octets as the addon's requests have. */
  static constexpr size_t kEchoBytes = 24;
  static constexpr uint16_t kIdentifier = 0x4648;
};

/** Half-open: the kernel, which knows of no connection, answers the SYN-ACK by RST. */
class SynProbe final : public RawProbe {
 public:
  explicit SynProbe(uint16_t port) : RawProbe(IPPROTO_TCP, sizeof(tcphdr)), port_(port) {
    const int keeper = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    socklen_t length = sizeof own;
    auto* const generic = reinterpret_cast<sockaddr*>(&own);
    Check(bind(keeper, generic, length) == 0, "bind");
    Check(getsockname(keeper, generic, &length) == 0, "getsockname");
    own_port_ = ntohs(own.sin_port);
    const std::array<sock_filter, 5> program{{
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_port_, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 80),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    Attach(program.data(), program.size());
  }

 protected:
  void WritePayload(uint8_t* payload, uint32_t target) override {
    tcphdr header{};
    header.source = htons(own_port_);
    header.dest = htons(port_);
    header.seq = htonl(++sequence_ << 16);
    header.doff = sizeof header / 4;
    header.syn = 1;
    header.window = htons(1024);
    struct {
      uint32_t source = htonl(INADDR_LOOPBACK);
      uint32_t destination = 0;
      uint16_t protocol = htons(IPPROTO_TCP);
      uint16_t length = htons(sizeof(tcphdr));
    } pseudo;
    pseudo.destination = htonl(kFirstAddress + target);
    header.check = ChecksumOf(SumOf(&pseudo, sizeof pseudo) + SumOf(&header, sizeof header));
    memcpy(payload, &header, sizeof header);
  }

  bool IsGood(const uint8_t* packet, size_t length) const override {
    tcphdr header{};
    if (length < sizeof(iphdr) + sizeof header) return false;
    memcpy(&header, packet + sizeof(iphdr), sizeof header);
    return header.syn == 1 && header.ack == 1;
  }

 private:
  const uint16_t port_;
  uint16_t own_port_ = 0;
  uint32_t sequence_ = 0;
};

std::unique_ptr<Probe> MakeProbe(std::string_view kind, uint16_t port) {
  if (kind == "tcp") return std::make_unique<TcpProbe>(port);
  if (kind == "icmp") return std::make_unique<IcmpProbe>();
  if (kind == "syn") return std::make_unique<SynProbe>(port);
  fprintf(stderr, "KIND is tcp, syn or icmp\n");
  exit(2);
}

struct Counts {
  uint64_t asked = 0;
  uint64_t answered = 0;
};

/** Asks every target once a second until the time has passed. */
Counts Run(Probe& probe, uint32_t targets, int64_t duration_us) {
  Counts counts;
  const int64_t start_us = ClockUs(CLOCK_MONOTONIC);
  for (int64_t tick = 1; tick * kTickUs <= duration_us; ++tick) {
    const auto due = static_cast<uint64_t>(tick * kTickUs * targets / kSecondUs);
    const auto first = static_cast<uint32_t>(counts.asked % targets);
    counts.answered += probe.Ask(first, due - counts.asked, targets);
    counts.asked = due;
    const int64_t next_us = start_us + tick * kTickUs;
    const timespec next{next_us / kSecondUs, next_us % kSecondUs * 1'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
  }
  return counts;
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    fprintf(stderr, "usage: floor KIND TARGETS PORT WARM_UP_MS MEASURE_MS\n");
    return 2;
  }
  const auto targets = static_cast<uint32_t>(strtoul(words[2], nullptr, 10));
  const auto probe = MakeProbe(words[1], static_cast<uint16_t>(strtoul(words[3], nullptr, 10)));
  Run(*probe, targets, strtol(words[4], nullptr, 10) * 1'000);
  const int64_t start_us = ClockUs(CLOCK_MONOTONIC);
  const int64_t start_cpu_us = ClockUs(CLOCK_PROCESS_CPUTIME_ID);
  const Counts counts = Run(*probe, targets, strtol(words[5], nullptr, 10) * 1'000);
  const double cpu_us = static_cast<double>(ClockUs(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_us);
  const double seconds = static_cast<double>(ClockUs(CLOCK_MONOTONIC) - start_us) / 1e6;
  const auto answered = static_cast<double>(counts.answered);
  printf("{\"probesPerSec\":%.1f,\"cpuPerProbeUs\":%.3f,\"wrongResults\":%.0f}\n",
         answered / seconds, cpu_us / answered, static_cast<double>(counts.asked) - answered);
  return 0;
}
