/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leases: the DHCP answers for the VM of a port.
 *
 * The lease belongs to the port from attach to detach, whatever the VM requests. So there is no pool that can run out,
 * and no database.
 *
 * The loader writes the parts that are equal in all answers, in the format of a DHCP message (RFC 2131, RFC 2132).
 * Programs record the state of the lease for `show leases`.
 */
#pragma once

#include "address.h"

#define DHCP_NAMES_SIZE	  192 /* fields sname and file of a DHCP message */
#define DHCP_BOOT_FILE	  64  /* offset of the field file in `names` */
#define DHCP_OPTIONS_SIZE 280 /* fills an IP datagram of 576 bytes, which all clients accept (RFC 2131, 2) */

XVNET_ABI_BEGIN
enum lease_state {
	LEASE_UNUSED = 0,
	LEASE_OFFERED = 1,
	LEASE_BOUND = 2,
	LEASE_RELEASED = 3, /* released by the VM */
	LEASE_DECLINED = 4, /* the VM found the address in use */
};

struct lease {
	struct address address;
	struct address server; /* the gateway's address */
	struct address boot_server;
	__u32 seconds;
	__u32 state;	/* enum lease_state; written by programs */
	__u64 acked_ns; /* time of the last DHCPACK, CLOCK_MONOTONIC; written by programs */
	__u8 client[6]; /* chaddr of that DHCPACK; written by programs */
	__u16 pad;
	__u8 names[DHCP_NAMES_SIZE];
	__u8 options[DHCP_OPTIONS_SIZE]; /* ends with the end option, then zeros */
};
XVNET_ABI_SIZE(lease, 3 * 16 + 8 + 8 + 8 + DHCP_NAMES_SIZE + DHCP_OPTIONS_SIZE);
XVNET_ABI_END
