// SPDX-License-Identifier: BSD-2-Clause
#include "killer.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace xvnet::test {
namespace {

using Call = decltype(__ptrace_syscall_info::entry);

// True for a bpf(2) command that changes state outside the process.
bool changes_bpf(std::uint64_t command) {
  constexpr std::array<std::uint64_t, 8> kChanges = {
      BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_OBJ_PIN,     BPF_PROG_ATTACH,
      BPF_PROG_DETACH,     BPF_LINK_CREATE,     BPF_LINK_UPDATE, BPF_LINK_DETACH};
  return std::ranges::find(kChanges, command) != kChanges.end();
}

// A system call that is not listed counts as a change.
bool changes_nothing(std::uint64_t number) {
  constexpr std::array kHarmless = {SYS_access,
                                    SYS_arch_prctl,
                                    SYS_bind,
                                    SYS_brk,
                                    SYS_capget,
                                    SYS_clock_gettime,
                                    SYS_close,
                                    SYS_dup,
                                    SYS_execve,
                                    SYS_fcntl,
                                    SYS_fstat,
                                    SYS_futex,
                                    SYS_getdents64,
                                    SYS_getpid,
                                    SYS_getrandom,
                                    SYS_getsockname,
                                    SYS_getuid,
                                    SYS_geteuid,
                                    SYS_ioctl,
                                    SYS_lseek,
                                    SYS_mmap,
                                    SYS_mprotect,
                                    SYS_mremap,
                                    SYS_munmap,
                                    SYS_newfstatat,
                                    SYS_poll,
                                    SYS_pread64,
                                    SYS_prlimit64,
                                    SYS_read,
                                    SYS_readlink,
                                    SYS_recvfrom,
                                    SYS_recvmsg,
                                    SYS_rseq,
                                    SYS_rt_sigaction,
                                    SYS_rt_sigprocmask,
                                    SYS_sched_getaffinity,
                                    SYS_set_robust_list,
                                    SYS_set_tid_address,
                                    SYS_setsockopt,
                                    SYS_socket,
                                    SYS_statfs,
                                    SYS_statx,
                                    SYS_sysinfo,
                                    SYS_uname};
  return std::ranges::find(kHarmless, static_cast<long>(number)) != kHarmless.end();
}

bool is_change(const Call& call) {
  if (std::getenv("XVNET_FAULT_EVERY_CALL")) return true;
  if (call.nr == SYS_bpf) return changes_bpf(call.args[0]);
  if (call.nr == SYS_openat) return (call.args[2] & O_CREAT) != 0;
  return !changes_nothing(call.nr);
}

std::string describe(const Call& call) {
  return "system call " + std::to_string(call.nr) + " (" + std::to_string(call.args[0]) + ", …)";
}

// Runs in the child. The parent sees it stop at the first system call of the new program.
[[noreturn]] void become(const NetNs& ns, const Words& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ns.in([&] {
    const int null = open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execv(words[0], words.data());
    _exit(127);
  });
  _exit(127);
}

// Waits for the next stop. False if the child has ended with `status`.
bool next_stop(int pid, int& status) {
  if (waitpid(pid, &status, __WALL) != pid) throw_errno("waiting for a traced command");
  return WIFSTOPPED(status);
}

void go_on(int pid, long signal) {
  if (ptrace(PTRACE_SYSCALL, pid, nullptr, signal)) throw_errno("tracing a command");
}

}  // namespace

Killed kill_before(const NetNs& ns, const Words& argv, int n) {
  const int pid = fork();
  if (pid < 0) throw_errno("forking");
  if (pid == 0) become(ns, argv);
  Killed killed;
  int status = 0;
  int changes = 0;
  next_stop(pid, status);
  ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (go_on(pid, 0); next_stop(pid, status);) {
    const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);  // PTRACE_O_TRACESYSGOOD
    __ptrace_syscall_info info{};
    if (is_call) ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && is_change(info.entry) && ++changes == n) {
      killed.was_killed = true;
      killed.at = describe(info.entry);
      kill(pid, SIGKILL);
      while (next_stop(pid, status)) go_on(pid, 0);
      return killed;
    }
    go_on(pid, is_call ? 0 : WSTOPSIG(status));
  }
  killed.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return killed;
}

}  // namespace xvnet::test
