#pragma once

#include <string>

namespace holdfast::netlink {

/**
 * Runs the system's modprobe (/proc/sys/kernel/modprobe) for one module, without a shell, and waits
 * for it, for at most ten seconds.
 * @returns an empty string when modprobe reported success, else what went wrong
 */
std::string LoadKernelModule(const std::string& module);

}  // namespace holdfast::netlink
