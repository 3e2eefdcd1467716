#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace holdfast::probe {

/** contract.ts `ProbeRegex` */
struct HttpRegexSpec {
  std::string pattern;
  /** In the configuration's spelling; unknown ones count as none. */
  std::vector<std::string> options{};
  bool is_negated = false;
  size_t min_offset = 0;
  std::optional<size_t> max_offset{};
};

/** A PCRE2 pattern that the body has to match, or not to match. Used by one thread at a time. */
class HttpRegex {
 public:
  /**
   * What is kept of a body to be searched, in octets. A match beyond it is not found, so that no
   * server can fill the memory.
   */
  static constexpr size_t kMaxBodyBytes = 65'536;

  /** A pattern that does not compile gives a regex that takes nothing. */
  explicit HttpRegex(const HttpRegexSpec& spec);
  HttpRegex(const HttpRegex&) = delete;
  HttpRegex& operator=(const HttpRegex&) = delete;
  ~HttpRegex();

  /** Empty when the pattern compiles, else why not and where. */
  const std::string& problem() const { return problem_; }

  /** A search that hits its limit takes nothing, negated or not: it says nothing about the body. */
  bool Takes(std::span<const uint8_t> body) const;

 private:
  struct Deleter {
    void operator()(pcre2_real_code_8* code) const;
    void operator()(pcre2_real_match_data_8* data) const;
    void operator()(pcre2_real_match_context_8* context) const;
  };

  std::string problem_;
  bool is_negated_;
  size_t min_offset_;
  std::unique_ptr<pcre2_real_code_8, Deleter> code_;
  std::unique_ptr<pcre2_real_match_data_8, Deleter> data_;
  std::unique_ptr<pcre2_real_match_context_8, Deleter> context_;
};

}  // namespace holdfast::probe
