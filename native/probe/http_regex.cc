#include "probe/http_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::probe {

namespace {

/** Bound the time of one search to a few milliseconds and its memory to 1 MiB, whatever the body.
 */
constexpr uint32_t kMatchLimit = 100'000;
constexpr uint32_t kDepthLimit = 10'000;
constexpr uint32_t kHeapLimitKib = 1'024;

constexpr auto kOptions = std::to_array<std::pair<std::string_view, uint32_t>>({
    {"allow_empty_class", PCRE2_ALLOW_EMPTY_CLASS},
    {"alt_bsux", PCRE2_ALT_BSUX},
    {"alt_circumflex", PCRE2_ALT_CIRCUMFLEX},
    {"alt_verbnames", PCRE2_ALT_VERBNAMES},
    // auto_callout changes nothing here: no callout is set.
    {"caseless", PCRE2_CASELESS},
    {"dollar_endonly", PCRE2_DOLLAR_ENDONLY},
    {"dotall", PCRE2_DOTALL},
    {"dupnames", PCRE2_DUPNAMES},
    {"extended", PCRE2_EXTENDED},
    {"firstline", PCRE2_FIRSTLINE},
    {"match_unset_backref", PCRE2_MATCH_UNSET_BACKREF},
    {"multiline", PCRE2_MULTILINE},
    {"never_backslash_c", PCRE2_NEVER_BACKSLASH_C},
    {"never_ucp", PCRE2_NEVER_UCP},
    {"never_utf", PCRE2_NEVER_UTF},
    {"no_auto_capture", PCRE2_NO_AUTO_CAPTURE},
    {"no_auto_possess", PCRE2_NO_AUTO_POSSESS},
    {"no_dotstar_anchor", PCRE2_NO_DOTSTAR_ANCHOR},
    {"no_start_optimize", PCRE2_NO_START_OPTIMIZE},
    {"ucp", PCRE2_UCP},
    {"ungreedy", PCRE2_UNGREEDY},
    {"use_offset_limit", PCRE2_USE_OFFSET_LIMIT},
    {"utf", PCRE2_UTF},
});

uint32_t OptionBits(const HttpRegexSpec& spec) {
  uint32_t bits = spec.max_offset ? PCRE2_USE_OFFSET_LIMIT : 0;
  for (const std::string& name : spec.options) {
    const auto found = std::find_if(kOptions.begin(), kOptions.end(),
                                    [&name](const auto& option) { return option.first == name; });
    if (found != kOptions.end()) bits |= found->second;
  }
  return bits;
}

std::string Explain(int error, size_t offset) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return std::string(reinterpret_cast<const char*>(text.data())) + " at offset " +
         std::to_string(offset);
}

}  // namespace

void HttpRegex::Deleter::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }
void HttpRegex::Deleter::operator()(pcre2_real_match_data_8* data) const {
  pcre2_match_data_free(data);
}
void HttpRegex::Deleter::operator()(pcre2_real_match_context_8* context) const {
  pcre2_match_context_free(context);
}

HttpRegex::HttpRegex(const HttpRegexSpec& spec)
    : is_negated_(spec.is_negated), min_offset_(spec.min_offset) {
  int error = 0;
  size_t offset = 0;
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spec.pattern.data()), spec.pattern.size(),
                            OptionBits(spec), &error, &offset, nullptr));
  if (!code_) {
    problem_ = Explain(error, offset);
    return;
  }
  data_.reset(pcre2_match_data_create(1, nullptr));
  context_.reset(pcre2_match_context_create(nullptr));
  if (!data_ || !context_) return;
  pcre2_set_match_limit(context_.get(), kMatchLimit);
  pcre2_set_depth_limit(context_.get(), kDepthLimit);
  pcre2_set_heap_limit(context_.get(), kHeapLimitKib);
  if (spec.max_offset) pcre2_set_offset_limit(context_.get(), *spec.max_offset);
}

HttpRegex::~HttpRegex() = default;

bool HttpRegex::Takes(std::span<const uint8_t> body) const {
  if (!code_ || !data_ || !context_) return false;
  if (min_offset_ > body.size()) return is_negated_;
  const int result = pcre2_match(code_.get(), body.data(), body.size(), min_offset_, 0, data_.get(),
                                 context_.get());
  if (result == PCRE2_ERROR_NOMATCH) return is_negated_;
  return result >= 0 && !is_negated_;
}

}  // namespace holdfast::probe
