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
// Longer than any command may take, and than a boot does on a busy machine without KVM.
constexpr timeval kAnswerLimit{.tv_sec = 180, .tv_usec = 0};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr)
    throw SetupError(fmt::format("{} is not set: run vm-tests/two_hosts", name));
  return value;
}

UniqueFd& inheritable(UniqueFd& fd) {
  if (fcntl(fd.get(), F_SETFD, 0) != 0) throw_errno("keeping a descriptor open for qemu");
  return fd;
}

// Gives one end, puts the other into `far_end`.
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

// What qemu itself has to say goes to a file, and qemu takes the place of the shell.
constexpr const char* kWithErrorsIn = R"(exec "$@" 2>"$0")";

// One vCPU, so that frames are worked on in the order in which they came, and that one which has
// come out tells that those before it have had their chance (everywhere.h).
//
// Native XDP on virtio-net asks for three things, and the defaults give them:
//   - no receive offload that cannot be turned off: a netdev without vnet headers has none at all,
//     and with them CTRL_GUEST_OFFLOADS, qemu's default, lets the driver turn them off itself;
//   - a queue pair for each vCPU to redirect with, beyond those in use. A dgram netdev has but one
//     pair: since Linux 5.13 the driver then shares the sending queue under a lock, where it
//     refused before. With a TAP on the real machine it would be mq=on and queues=2*vCPUs;
//   - an MTU that fits a page.
Words qemu_command(const std::string& name, int cable, int agent, const std::string& mac) {
  const std::string log = from_environment("XVNET_VM_LOGS") + "/" + name;
  // clang-format off
  return {
      "sh", "-c", kWithErrorsIn, log + ".qemu.log",
      "setpriv", "--pdeathsig", "KILL",  // it ends with the test, however that ends
      "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot",
      "-accel", from_environment("XVNET_VM_ACCEL"), "-smp", "1", "-m", "1024",
      "-kernel", from_environment("XVNET_VM_KERNEL"),
      "-initrd", from_environment("XVNET_VM_INITRD"),
      "-append", "console=ttyS0 quiet panic=-1 tsc=unstable",
      "-serial", "file:" + log + ".log",
      "-netdev", fmt::format("dgram,id=cable,local.type=fd,local.str={}", cable),
      // No option ROM: it does not boot from the network and starts sooner without.
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
  // So that what qemu was given ends with it.
  agent_end_.reset();
  cable.reset();
  // Writing to a host that has gone is an error to be told, not the end of the test.
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
