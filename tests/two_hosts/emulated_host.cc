// SPDX-License-Identifier: BSD-2-Clause
#include "emulated_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>

namespace xvnet::test {

namespace {

using nlohmann::json;

constexpr int kCommandLimit_s = 120;
// More time than any command takes, and more than a boot on a busy machine without KVM.
constexpr timeval kAnswerLimit{.tv_sec = 180, .tv_usec = 0};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr)
    throw SetupError(fmt::format("{} is not set: run tests/two_hosts/run", name));
  return value;
}

UniqueFd& inheritable(UniqueFd& fd) {
  if (fcntl(fd.get(), F_SETFD, 0) != 0) throw_errno("keeping a descriptor open for qemu");
  return fd;
}

// Returns one end and stores the other in `far_end`.
UniqueFd socket_pair(UniqueFd& far_end) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw_errno("making a channel");
  far_end = UniqueFd(fds[1]);
  UniqueFd near_end(fds[0]);
  if (setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &kAnswerLimit, sizeof(kAnswerLimit)) != 0) {
    throw_errno("limiting a channel");
  }
  return near_end;
}

// The shell redirects qemu's error output to a file and becomes qemu.
constexpr const char* kWithErrorsIn = R"(exec "$@" 2>"$0")";

// The host has one vCPU, so that it processes frames in order. Then a frame that has come out
// proves that all earlier frames were processed (everywhere.h).
//
// Native XDP on virtio-net has three requirements, which the defaults meet:
// - No receive offload that cannot be turned off. A netdev without vnet headers has none. With vnet
//   headers, CTRL_GUEST_OFFLOADS, qemu's default, lets the driver turn them off.
// - A spare queue pair for each vCPU to redirect with. A dgram netdev has only one pair. Since
//   Linux 5.13, the driver then shares the transmit queue under a lock; earlier kernels refuse.
//   With a TAP on the real machine, mq=on and queues=2*vCPUs would be needed.
// - An MTU that fits into a page.
Words qemu_command(const std::string& name, int cable, int agent, const std::string& mac) {
  const std::string log = from_environment("XVNET_VM_LOGS") + "/" + name;
  // clang-format off
  return {
      "sh", "-c", kWithErrorsIn, log + ".qemu.log",
      "setpriv", "--pdeathsig", "KILL",  // qemu ends with the test process
      "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot",
      "-accel", from_environment("XVNET_VM_ACCEL"), "-smp", "1", "-m", "1024",
      "-kernel", from_environment("XVNET_VM_KERNEL"),
      "-initrd", from_environment("XVNET_VM_INITRD"),
      "-append", "console=ttyS0 quiet panic=-1 tsc=unstable",
      "-serial", "file:" + log + ".log",
      "-netdev", fmt::format("dgram,id=cable,local.type=fd,local.str={}", cable),
      // The host does not boot from the network, and it starts sooner without an option ROM.
      "-device", fmt::format("virtio-net-pci,netdev=cable,mac={},romfile=", mac),
      "-chardev", fmt::format("socket,id=agent,fd={}", agent),
      "-device", "virtio-serial", "-device", "virtserialport,chardev=agent",
  };
  // clang-format on
}

}  // namespace

EmulatedHost::EmulatedHost(const std::string& name, UniqueFd cable, const std::string& mac)
    : name_(name),
      channel_(socket_pair(agent_end_)),
      qemu_(qemu_command(name, inheritable(cable).get(), inheritable(agent_end_).get(), mac), {}) {
  // These descriptors belong to qemu now. They must close when qemu ends.
  agent_end_.reset();
  cable.reset();
  // Writing to a host that has ended must return an error and not kill the test.
  signal(SIGPIPE, SIG_IGN);
}

json EmulatedHost::ask(const json& request) {
  json answer;
  try {
    channel_.send(request);
    answer = channel_.receive();
  } catch (const SetupError& error) {
    throw SetupError(fmt::format("{0}: {1}; see {0}.log and {0}.qemu.log", name_, error.what()));
  }
  if (answer.contains("error")) {
    throw SetupError(fmt::format("{}: {}", name_, answer.at("error").get<std::string>()));
  }
  return answer;
}

CommandResult EmulatedHost::run(const std::string& in, const Words& command) {
  const json answer =
      ask({{"do", "run"}, {"in", in}, {"command", command}, {"limit_s", kCommandLimit_s}});
  return {.exit_code = answer.at("exit"),
          .out = answer.at("out"),
          .err = answer.at("err"),
          .command = fmt::format("[{} {}] {}", name_, in, json(command).dump())};
}

std::string EmulatedHost::must(const std::string& in, const Words& command) {
  CommandResult result = run(in, command);
  if (!result.ok()) throw SetupError(result.describe());
  return std::move(result.out);
}

json EmulatedHost::xvnet(const Words& args) {
  Words command = {"xvnet", "--json"};
  command.insert(command.end(), args.begin(), args.end());
  const std::string out = must("host", command);
  return out.empty() ? json() : json::parse(out);
}

void EmulatedHost::add_container(const std::string& port) {
  ask({{"do", "container"}, {"port", port}});
}

void EmulatedHost::listen(const std::string& place) { ask({{"do", "listen"}, {"place", place}}); }

void EmulatedHost::send(const std::string& place, const std::vector<Frame>& frames) {
  json bytes = json::array();
  for (const Frame& frame : frames) bytes.push_back(json::binary(frame.bytes));
  ask({{"do", "send"}, {"place", place}, {"frames", bytes}});
}

std::map<std::string, std::vector<Bytes>> EmulatedHost::hear() {
  const json answer = ask({{"do", "hear"}});
  std::map<std::string, std::vector<Bytes>> heard;
  for (const auto& [place, frames] : answer.items()) {
    for (const json& frame : frames) heard[place].push_back(frame.get_binary());
  }
  return heard;
}

}  // namespace xvnet::test
