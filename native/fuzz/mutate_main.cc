/*
 * Runs a fuzz target without libFuzzer: mutations of its seeds, by a fixed generator. For machines
 * whose compiler has no fuzzer runtime (it has no coverage to follow, so it finds less). Not built
 * by CMake; with ASan and UBSan:
 *
 *   g++ -std=c++20 -g -O1 -fno-exceptions -fsanitize=address,undefined -fno-sanitize-recover=all
 * -Inative native/fuzz/mutate_main.cc native/fuzz/TARGET_fuzz.cc SOURCES -o target
 *   ./target ITERATIONS native/fuzz/corpus/TARGET_fuzz/SEED...
 */
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Octets = std::vector<uint8_t>;

constexpr size_t kMaxOctets = 1'200;

Octets ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Octets(std::istreambuf_iterator<char>(file), {});
}

class Mutator {
 public:
  explicit Mutator(std::vector<Octets> seeds) : seeds_(std::move(seeds)) {}

  Octets Next() {
    Octets octets = Seed();
    for (size_t left = Below(8) + 1; left > 0; --left) Change(octets);
    octets.resize(std::min(octets.size(), kMaxOctets));
    return octets;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }

  const Octets& Seed() { return seeds_[Below(seeds_.size())]; }

  uint8_t Octet() {
    constexpr uint8_t kTelling[] = {0, 1, 0x7f, 0x80, 0xff, '\r', '\n', ' ', ':', '0', '9'};
    const size_t choice = Below(2 * sizeof kTelling);
    return choice < sizeof kTelling ? kTelling[choice] : static_cast<uint8_t>(random_());
  }

  void Change(Octets& octets) {
    const size_t at = Below(octets.size() + 1);
    const auto place = octets.begin() + static_cast<std::ptrdiff_t>(at);
    switch (Below(6)) {
      case 0:
        if (at < octets.size()) octets[at] ^= static_cast<uint8_t>(1U << Below(8));
        return;
      case 1:
        if (at < octets.size()) octets[at] = Octet();
        return;
      case 2:
        octets.insert(place, Below(9) == 0 ? 300 : 1, Octet());
        return;
      case 3:
        octets.erase(place,
                     place + static_cast<std::ptrdiff_t>(std::min(Below(9), octets.size() - at)));
        return;
      case 4:
        octets.resize(at);
        return;
      default: {
        const Octets other = Seed();
        const size_t from = Below(other.size() + 1);
        octets.insert(place, other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      }
    }
  }

  std::vector<Octets> seeds_;
  std::mt19937_64 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s ITERATIONS SEED...\n", argv[0]);
    return 1;
  }
  std::vector<Octets> seeds;
  for (int index = 2; index < argc; ++index) seeds.push_back(ReadFile(argv[index]));
  Mutator mutator(std::move(seeds));
  const uint64_t iterations = std::strtoull(argv[1], nullptr, 10);
  for (uint64_t done = 0; done < iterations; ++done) {
    // A copy of its own size, so that ASan sees the first octet behind it.
    const Octets octets = mutator.Next();
    const Octets exact(octets.begin(), octets.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }
  std::printf("%llu inputs, no complaint\n", static_cast<unsigned long long>(iterations));
  return 0;
}
