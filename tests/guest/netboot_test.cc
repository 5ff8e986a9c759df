// SPDX-License-Identifier: BSD-2-Clause
//
// A machine without a disk boots iPXE from the option ROM of qemu's virtio NIC. iPXE gets a lease
// by DHCP and loads the boot file by TFTP from another port of the network. The boot file is a
// script that prints the received options on the serial line.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "cli.h"
#include "link.h"
#include "udp_socket.h"

namespace xvnet::test {
namespace {

constexpr const char* kBootLease = "10.0.0.7";
constexpr const char* kBootServer = "10.0.0.9";
constexpr const char* kBootFile = "boot/vm1.ipxe";
constexpr const char* kBootMac = "02:00:00:00:0a:01";
constexpr std::uint16_t kTftpPort = 69;
constexpr auto kFirmwareLimit = std::chrono::seconds(90);

constexpr const char* kBootScript =
    "#!ipxe\n"
    "echo told: ${net0/ip}/${net0/netmask} by ${net0/dhcp-server} router ${net0/gateway}\n"
    "echo told: dns ${net0/dns} domain ${net0/domain} name ${net0/hostname}\n"
    "echo told: server ${net0/next-server} file ${net0/filename} mtu ${net0/mtu}\n"
    "echo told: all\n"
    "shell\n";

// A qemu with only a NIC and a serial line, whose output the test reads.
class DisklessMachine {
 public:
  DisklessMachine(const NetNs& ns, const std::string& tap)
      : log_(std::filesystem::temp_directory_path() / ("xvt-" + unique_suffix() + ".serial")),
        qemu_(command(tap),
              {.netns_path = ns.path(), .environment = {}, .limit = std::chrono::seconds(1)}) {}
  DisklessMachine(const DisklessMachine&) = delete;
  DisklessMachine& operator=(const DisklessMachine&) = delete;
  ~DisklessMachine() {
    std::error_code ignored;  // the file may not exist yet
    std::filesystem::remove(log_, ignored);
  }

  std::string printed() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool prints(const std::string& words) const {
    return eventually([&] { return printed().contains(words); }, kFirmwareLimit);
  }
  // The printed output, and the error if qemu could not run.
  std::string end() { return printed() + qemu_.wait().describe(); }

 private:
  // qemu ends with the test process, however that ends. The NIC has its default option ROM.
  // Emulation is used, because it needs only seconds for the firmware, and KVM may exist and still
  // hang.
  Words command(const std::string& tap) const {
    return {"setpriv",     "--pdeathsig",
            "KILL",        "qemu-system-x86_64",
            "-accel",      "tcg",
            "-m",          "128",
            "-nodefaults", "-nographic",
            "-boot",       "n",
            "-serial",     "file:" + log_.string(),
            "-netdev",     "tap,id=net0,script=no,downscript=no,ifname=" + tap,
            "-device",     std::string("virtio-net-pci,netdev=net0,mac=") + kBootMac};
  }

  std::filesystem::path log_;
  RunningCommand qemu_;
};

// RFC 1350: a TFTP read request has an opcode of two bytes, the file name and the mode. Each text
// ends with a zero byte.
struct TftpQuestion {
  std::string file;
  std::string mode;
};

std::optional<TftpQuestion> parse_tftp(const std::string& text) {
  if (!text.starts_with(std::string("\0\1", 2))) return std::nullopt;
  const std::size_t end = text.find('\0', 2);
  if (end == std::string::npos) return std::nullopt;
  return TftpQuestion{text.substr(2, end - 2), std::string(text.c_str() + end + 1)};
}

class Netboot : public ::testing::TestWithParam<const char*> {
 protected:
  Netboot() {
    host_.must({"network", "add", "blue", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1",
                "--dhcp", "--dns", "192.0.2.53", "--domain", "example.org", "--boot-server",
                kBootServer, "--boot-file", kBootFile});
    add_veth(host_.ns(), "veth0", server_, "eth0");
    prepare_far_end(server_, "eth0");
    add_address(server_, "eth0", std::string(kBootServer) + "/24");
    set_up(server_, "eth0");
    attach("veth0", {"--ip", kBootServer});
    await_ready(server_, "eth0");
    attach("tap0", {"--ip", kBootLease, "--hostname", "vm1"});
  }

  void attach(const std::string& dev, Words args) {
    args.insert(args.end(), {"--network", "blue", "--mode", GetParam()});
    host_.attach(dev, args);
  }
  nlohmann::json lease_of(const std::string& dev) {
    for (const auto& lease : host_.json({"show", "leases"}))
      if (lease.at("dev") == dev) return lease;
    return nullptr;
  }
  // Waits for the first request, because the firmware takes its time.
  static std::optional<Datagram> first_question(const UdpSocket& tftp) {
    std::optional<Datagram> question;
    eventually([&] { return (question = tftp.receive_now()).has_value(); }, kFirmwareLimit);
    return question;
  }

  NetNs server_;
  Host host_;
};

TEST_P(Netboot, FirmwareGetsItsLeaseAndLoadsTheBootFile) {
  const UdpSocket tftp(server_, kBootServer, kTftpPort);
  DisklessMachine machine(host_.ns(), "tap0");
  const auto question = first_question(tftp);
  ASSERT_TRUE(question) << machine.end();
  EXPECT_EQ(question->ip, kBootLease);
  const auto asked = parse_tftp(question->text);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->file, kBootFile);
  EXPECT_EQ(asked->mode, "octet");
  EXPECT_EQ(lease_of("tap0").at("state"), "bound");
  EXPECT_EQ(lease_of("tap0").at("mac"), kBootMac);

  // The whole file fits into one block, which is sent from a new port.
  const UdpSocket transfer(server_, kBootServer, 0);
  transfer.send(question->ip, question->port, std::string("\0\3\0\1", 4) + kBootScript);
  EXPECT_TRUE(machine.prints("told: all\r\n")) << machine.printed();
  const std::string printed = machine.printed();
  for (const char* words : {"told: 10.0.0.7/255.255.255.0 by 10.0.0.1 router 10.0.0.1",
                            "told: dns 192.0.2.53 domain example.org name vm1",
                            "told: server 10.0.0.9 file boot/vm1.ipxe mtu 1500"})
    EXPECT_TRUE(printed.contains(words)) << words << "\nis not in:\n" << printed;
}

INSTANTIATE_TEST_SUITE_P(Mode, Netboot, ::testing::Values("tc", "xdp"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace xvnet::test
