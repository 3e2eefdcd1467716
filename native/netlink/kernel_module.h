#pragma once

#include <chrono>
#include <string>

namespace holdfast::netlink {

/** The system's modprobe, as the kernel itself would run it (/proc/sys/kernel/modprobe). */
std::string ModprobePath();

/**
 * Runs modprobe for one module, without a shell, and waits for it; past the deadline it is killed.
 * @returns an empty string when modprobe reported success, else what went wrong
 */
std::string LoadKernelModule(const std::string& modprobe, const std::string& module,
                             std::chrono::milliseconds deadline);

}  // namespace holdfast::netlink
