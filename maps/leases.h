/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leases: what DHCP says to the VM of a port. The lease is the port's: it is there from attach to detach, whatever the
 * VM asks for, so there is nothing to run out of and nothing to store.
 *
 * The loader writes what does not change from answer to answer as the bytes of a DHCP message (RFC 2131, RFC 2132).
 * The programs note what became of it, for `show leases`.
 */
#pragma once

#include "address.h"

#define DHCP_NAMES_SIZE	  192 /* sname and file of a DHCP message */
#define DHCP_BOOT_FILE	  64  /* where file begins in them */
#define DHCP_OPTIONS_SIZE 280 /* those behind the program's own: in all, a datagram of 576 bytes, which all accept */

XVNET_ABI_BEGIN
enum lease_state {
	LEASE_UNUSED = 0,
	LEASE_OFFERED = 1,
	LEASE_BOUND = 2,
	LEASE_RELEASED = 3, /* by the VM */
	LEASE_DECLINED = 4, /* the VM found somebody else with the address */
};

struct lease {
	struct address address;
	struct address server; /* the gateway */
	struct address boot_server;
	__u32 seconds;
	__u32 state;	/* enum lease_state; programs */
	__u64 acked_ns; /* CLOCK_MONOTONIC, of the last DHCPACK; programs */
	__u8 client[6]; /* who got it: chaddr; programs */
	__u16 pad;
	__u8 names[DHCP_NAMES_SIZE];
	__u8 options[DHCP_OPTIONS_SIZE]; /* up to and with the end option */
};
XVNET_ABI_SIZE(lease, 3 * 16 + 8 + 8 + 8 + DHCP_NAMES_SIZE + DHCP_OPTIONS_SIZE);
XVNET_ABI_END
