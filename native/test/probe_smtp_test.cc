#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "probe/smtp_dialogue.h"

namespace holdfast::probe {
namespace {

using State = SmtpDialogue::State;

State Say(SmtpDialogue* dialogue, std::string_view text) {
  return dialogue->Feed(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

/** Sends all that is to be sent. */
std::string TakeOutgoing(SmtpDialogue* dialogue) {
  std::string text(dialogue->outgoing());
  dialogue->OnSent(text.size());
  return text;
}

State AfterGreeting(std::string_view greeting) {
  SmtpDialogue dialogue("x");
  return Say(&dialogue, greeting);
}

TEST(SmtpDialogueTest, GreetingHeloAndQuitMakeASuccess) {
  SmtpDialogue dialogue("checker.example");
  EXPECT_EQ(dialogue.outgoing(), "");
  EXPECT_EQ(Say(&dialogue, "220 mail.example ESMTP\r\n"), State::kHelo);
  EXPECT_EQ(TakeOutgoing(&dialogue), "HELO checker.example\r\n");
  EXPECT_EQ(Say(&dialogue, "250 hello\r\n"), State::kQuit);
  EXPECT_EQ(TakeOutgoing(&dialogue), "QUIT\r\n");
  EXPECT_EQ(Say(&dialogue, "500 never heard of it\r\n"), State::kDone);
}

TEST(SmtpDialogueTest, ACodeIsFollowedByABlankOrTheLineFeed) {
  EXPECT_EQ(AfterGreeting("220 x\n"), State::kHelo);
  EXPECT_EQ(AfterGreeting("220\n"), State::kHelo);
  for (const char* line : {"220-a\r\n", "220\r\n", "2200 x\r\n", "220\tx\r\n", " 220 x\r\n", "\r\n",
                           "22\n", "554 no\r\n", "250 x\r\n"}) {
    EXPECT_EQ(AfterGreeting(line), State::kBad) << line;
  }
}

TEST(SmtpDialogueTest, TellsWhichReplyWasWrong) {
  SmtpDialogue dialogue("x");
  Say(&dialogue, "220 x\r\n");
  EXPECT_EQ(Say(&dialogue, "250-x\r\n250 y\r\n"), State::kBad);
  EXPECT_EQ(dialogue.failed_at(), State::kHelo);
}

TEST(SmtpDialogueTest, ALineOf511OctetsPassesAndALongerOneDoesNot) {
  const auto line = [](size_t bytes) { return "220 " + std::string(bytes - 6, 'x') + "\r\n"; };
  EXPECT_EQ(AfterGreeting(line(511)), State::kHelo);
  EXPECT_EQ(AfterGreeting(line(512)), State::kBad);
  EXPECT_EQ(AfterGreeting(std::string(100'000, '2')), State::kBad);
}

TEST(SmtpDialogueTest, WhatIsSaidAheadOfItsTurnCounts) {
  SmtpDialogue dialogue("x");
  EXPECT_EQ(Say(&dialogue, "220 a\r\n250 b\r\n221 c\r\n"), State::kDone);
}

TEST(SmtpDialogueTest, ALineMayComeOctetByOctet) {
  SmtpDialogue dialogue("x");
  for (const char octet : std::string_view("220 x\r")) {
    EXPECT_EQ(Say(&dialogue, std::string_view(&octet, 1)), State::kGreeting);
  }
  EXPECT_EQ(Say(&dialogue, "\n"), State::kHelo);
}

}  // namespace
}  // namespace holdfast::probe
