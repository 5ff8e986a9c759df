/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's own tables: what the operator requested, and what has to be restored.
 *
 * Programs read only `meta`. The tables are maps because a pinned map outlives every process. A writer holds the
 * instance's lock.
 */
#pragma once

#include "address.h"
#include "nat_networks.h"

#define NAME_SIZE	    16 /* IFNAMSIZ, with the terminating zero */
#define MAX_HOST_ADDRESSES  8
#define MAX_ADDRESS_TEXT    48 /* "ipv6/prefix", with the terminating zero */
#define MAX_PORT_ADDRESSES  8
#define MAX_DNS		    4
#define HOST_NAME_SIZE	    64 /* a label (RFC 1035, 2.3.4), with the terminating zero */
#define BOOT_FILE_SIZE	    64 /* small enough that all options fit one DHCP message */
#define MAX_SNAT_EXCEPTIONS 8
#define VID_BITMAP_SIZE	    (4096 / 8)

XVNET_ABI_BEGIN
enum device_kind {
	DEVICE_TAP = 1,
	DEVICE_VETH = 2,
	DEVICE_OTHER = 3,
};

enum mode {
	MODE_AUTO = 0,
	MODE_XDP = 1,
	MODE_TC = 2,
};

enum record_state {
	RECORD_INCOMPLETE = 0, /* a command is changing it, or was killed */
	RECORD_COMPLETE = 1,
};

enum record_flags {
	RECORD_CREATED = 1 << 0,	  /* xvnet created the device, and may delete it */
	RECORD_OFFLOADS_OFF = 1 << 1,	  /* --guest-offloads off */
	RECORD_ALL_VLANS = 1 << 2,	  /* the uplink carries all VIDs that no other uplink claims */
	RECORD_SHARED_XDP = 1 << 3,	  /* --shared-xdp */
	RECORD_HOST_SIDE = 1 << 4,	  /* inner end of a network's host interface */
	RECORD_IMPLICIT = 1 << 5,	  /* the network is removed with its last port */
	RECORD_UNTAGGED = 1 << 6,	  /* the network uses untagged frames */
	RECORD_PROMISC_SET = 1 << 7,	  /* xvnet turned promiscuous mode on */
	RECORD_DHCP = 1 << 8,		  /* the network has DHCP */
	RECORD_SNAT_AUTO = 1 << 9,	  /* --snat auto */
	RECORD_SNAT_ANY_REMOTE = 1 << 10, /* --snat-filter endpoint */
};

/* The settings of a device that xvnet changed, and restores when it releases the device. */
enum restore_flags {
	RESTORE_RX_VLAN_CTAG = 1 << 0,
	RESTORE_RX_VLAN_STAG = 1 << 1,
	RESTORE_RX_VLAN_FILTER = 1 << 2,
	RESTORE_PEER_TX_VLAN_CTAG = 1 << 3,
	RESTORE_PEER_TX_VLAN_STAG = 1 << 4,
	RESTORE_NOISE = 1 << 5,	       /* ARP and IPv6, to the kernel's defaults; only in records of older builds */
	RESTORE_FORWARDING = 1 << 6,   /* turn IPv4 forwarding off again */
	RESTORE_ARP = 1 << 7,	       /* turn ARP on again */
	RESTORE_IPV6 = 1 << 8,	       /* turn IPv6 on again */
	RESTORE_ADDRESS_MODE = 1 << 9, /* restore the address generation mode, stored at the shift below */
};

#define RESTORE_ADDRESS_MODE_SHIFT 16 /* position in `restore` of an enum in6_addr_gen_mode */
#define RESTORE_ADDRESS_MODE_MASK  3

struct device_record {
	char name[NAME_SIZE];
	__u32 flags;	  /* enum record_flags */
	__u32 restore;	  /* enum restore_flags */
	__u16 kind;	  /* enum device_kind */
	__u16 state;	  /* enum record_state */
	__u16 mode;	  /* enum mode: the mode in use */
	__u16 mode_asked; /* enum mode: the mode requested */
	char why[64];	  /* reason for the mode in use, as text */
	__u32 owner;	  /* uid that owns the created TAP, or (__u32)-1 */
	__u32 queues;	  /* queues of the created TAP; 0: not requested */
	__u32 mtu;	  /* requested MTU; 0: not requested */
	__u16 former_mtu; /* MTU before xvnet set the requested one; 0: xvnet set none */
	__u16 mac_tail;	  /* last 2 bytes of the device's MAC at setup; 0: unknown */
};
XVNET_ABI_SIZE(device_record, 16 + 8 + 8 + 64 + 16);

struct port_record {
	struct device_record device;
	__u32 network;
	__u32 max_macs;
	__u8 mac[6]; /* MAC configured with --mac; zero: learned */
	__u16 ip_count;
	struct address ips[MAX_PORT_ADDRESSES];	    /* in a network with a subnet */
	char host_name[HOST_NAME_SIZE];		    /* sent by DHCP; empty: none */
	struct address allowed[MAX_PORT_ADDRESSES]; /* --allow */
	__u32 allowed_count;
	__u32 pad;
};
XVNET_ABI_SIZE(port_record, 112 + 16 + MAX_PORT_ADDRESSES * 16 + HOST_NAME_SIZE + MAX_PORT_ADDRESSES * 16 + 8);

struct uplink_record {
	struct device_record device;
	__u8 vids[VID_BITMAP_SIZE]; /* bit i is VID i, least significant first; unused with RECORD_ALL_VLANS */
};
XVNET_ABI_SIZE(uplink_record, 112 + VID_BITMAP_SIZE);

struct prefix {
	struct address address;
	__u32 bits; /* prefix length, of 128 */
};
XVNET_ABI_SIZE(prefix, 20);

struct network_record {
	char name[NAME_SIZE];
	char uplink[NAME_SIZE]; /* requested with --uplink; empty: the uplink that carries the VID */
	__u32 flags;		/* enum record_flags */
	__u32 ageing_s;
	__u16 vid; /* 0: untagged, or host-only */
	__u16 address_count;
	__u32 pad;
	char addresses[MAX_HOST_ADDRESSES][MAX_ADDRESS_TEXT];
	struct address subnet;	/* first address of the subnet; zero: none */
	struct address gateway; /* zero: none */
	__u32 prefix;		/* prefix length of the subnet, of 128 */
	__u16 dns_count;
	__u16 pad2;
	struct address dns[MAX_DNS];
	struct address boot_server;
	char domain[HOST_NAME_SIZE];
	char boot_file[BOOT_FILE_SIZE];
	struct address snat[MAX_NAT_RANGES]; /* requested public addresses; nat_networks.h has the ranges in use */
	__u16 snat_count;
	__u16 snat_ports; /* ports of each public address */
	__u16 snat_exception_count;
	__u16 pad3;
	struct prefix snat_exceptions[MAX_SNAT_EXCEPTIONS];
	char router[NAME_SIZE]; /* empty: no router */
};
XVNET_ABI_SIZE(network_record, 16 + 16 + 16 + MAX_HOST_ADDRESSES * MAX_ADDRESS_TEXT + 16 + 16 + 8 + 16 * MAX_DNS + 16 +
				       HOST_NAME_SIZE + BOOT_FILE_SIZE + 16 * MAX_NAT_RANGES + 8 +
				       20 * MAX_SNAT_EXCEPTIONS + NAME_SIZE);

/* The only entry of `meta`: the state of this instance. */
struct meta {
	__u64 netns_dev; /* device and inode of the instance's network namespace, as in stat(2) */
	__u64 netns_inode;
	__u32 next_network;	  /* an id is reused only after the counter wraps */
	__u32 complete;		  /* 1 once all maps and programs are pinned */
	char build[20];		  /* build of the pinned programs */
	__u32 settled;		  /* 0: a command is running or was cut short; the next command repairs the instance */
	char creating[NAME_SIZE]; /* device that a running or killed command creates; repair removes it */
};
XVNET_ABI_SIZE(meta, 64);
XVNET_ABI_END
